/** Options of {@link RateState}. */
export interface RateOptions {
  /** Rates are taken over at most so much, milliseconds. */
  readonly windowMs: number;
  /** One sample at most each so many milliseconds is kept. */
  readonly everyMs: number;
}

interface Sample {
  readonly atMs: number;
  readonly totals: Totals;
}

/** Counters that only grow, by name. */
export type Totals = ReadonlyMap<string, number>;

/** Rates of counters that only grow, from samples of them. Pure: times come with the samples, of a clock that never jumps. */
export class RateState {
  readonly #options: RateOptions;
  readonly #samples: Sample[] = [];

  constructor(options: RateOptions) {
    this.#options = options;
  }

  /** Takes a sample; the caller leaves `totals` as they are afterwards. */
  note(nowMs: number, totals: Totals): void {
    const samples = this.#samples;
    const newest = samples.at(-1);
    if (newest !== undefined && nowMs - newest.atMs < this.#options.everyMs) return;
    samples.push({ atMs: nowMs, totals });
    // The one at the edge stays: without it a rate would be of less than the window.
    while (samples.length > 2 && nowMs - samples[1]!.atMs >= this.#options.windowMs) samples.shift();
  }

  /** Over how long rates are taken now, milliseconds; 0 while there is nothing to compare with. */
  overMs(nowMs: number): number {
    const oldest = this.#samples[0];
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.atMs);
  }

  /** How much a counter grew a second; 0 while there is nothing to compare with. A new one began at 0. */
  perSecond(nowMs: number, name: string, total: number): number {
    const overMs = this.overMs(nowMs);
    if (overMs <= 0) return 0;
    return Math.max(0, total - (this.#samples[0]!.totals.get(name) ?? 0)) / (overMs / 1_000);
  }
}
