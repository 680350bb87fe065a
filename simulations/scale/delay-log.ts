import type { HistoryEvent } from '../world/history.ts';

/** How long messages took to the applications of others; a message is told by its topic. */
export class DelayLog {
  readonly #publishedAt = new Map<string, number>();
  #delaysMs: number[] | null = null;

  /** A message is published now, in seconds of the history. */
  published(topic: string, t: number): void {
    this.#publishedAt.set(topic, t);
  }

  /** Deliveries count from now on. */
  begin(): void {
    this.#delaysMs = [];
  }

  take({ event, node, author, topic, t }: HistoryEvent): void {
    if (event !== 'delivery' || node === author || this.#delaysMs === null) return;
    const publishedAt = topic === undefined ? undefined : this.#publishedAt.get(topic);
    if (publishedAt !== undefined) this.#delaysMs.push((t - publishedAt) * 1_000);
  }

  /** Deliveries no longer count; what was gathered. */
  end(): { readonly count: number; readonly percentile: (part: number) => number } {
    const sorted = Float64Array.from(this.#delaysMs ?? []).sort();
    this.#delaysMs = null;
    const percentile = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
    return { count: sorted.length, percentile };
  }
}
