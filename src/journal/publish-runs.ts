import type { EpochId } from '../entry/index.ts';

/** Publishes of one producer whose ids and numbers both rise by one. */
export interface PublishRun {
  /** First publish number. */
  readonly n: number;
  /** Message number of the first. */
  readonly seq: number;
  readonly epoch: EpochId;
  length: number;
}

/** Under which numbers a segment's messages were published, as runs: a feeder that counts costs next to nothing. */
export class PublishRuns {
  readonly #byProducer = new Map<string, PublishRun[]>();

  /** Notes a publish; the last of a repeated id counts: what lost in a fork was published again. */
  add(producer: string, n: number, message: { readonly epoch: EpochId; readonly seq: number }): void {
    let runs = this.#byProducer.get(producer);
    if (runs === undefined) {
      runs = [];
      this.#byProducer.set(producer, runs);
    }
    const at = firstAfter(runs, n);
    const before = runs[at - 1];
    if (before !== undefined) {
      if (n < before.n + before.length) {
        runs.splice(at - 1, 1, ...replacedIn(before, n, message));
        return;
      }
      const continues = n === before.n + before.length && message.seq === before.seq + before.length;
      if (continues && before.epoch === message.epoch) {
        before.length++;
        return;
      }
    }
    runs.splice(at, 0, { n, seq: message.seq, epoch: message.epoch, length: 1 });
  }

  /** Where the publish went. */
  find(producer: string, n: number): { epoch: EpochId; seq: number } | null {
    const runs = this.#byProducer.get(producer);
    return runs === undefined ? null : findInRuns(runs, n);
  }

  /** Publishes of a producer from a number on: at most `max`, the highest, ascending. */
  from(producer: string, n: number, max: number): { n: number; epoch: EpochId; seq: number }[] {
    const found: { n: number; epoch: EpochId; seq: number }[] = [];
    for (const run of this.#byProducer.get(producer)?.toReversed() ?? []) {
      for (let at = run.length - 1; at >= 0 && run.n + at >= n; at--) {
        if (found.length === max) return found.reverse();
        found.push({ n: run.n + at, epoch: run.epoch, seq: run.seq + at });
      }
    }
    return found.reverse();
  }

  /** All producers with their runs, ascending by number. */
  entries(): IterableIterator<[string, PublishRun[]]> {
    return this.#byProducer.entries();
  }

  /** How many producers there are. */
  get size(): number {
    return this.#byProducer.size;
  }

  /** Takes over a producer's runs as they were stored. */
  restore(producer: string, runs: PublishRun[]): void {
    this.#byProducer.set(producer, runs);
  }
}

/** A run with another place for one of its ids. */
function replacedIn(
  run: PublishRun,
  n: number,
  message: { readonly epoch: EpochId; readonly seq: number },
): PublishRun[] {
  const below = { ...run, length: n - run.n };
  const above = { ...run, n: n + 1, seq: run.seq + (n - run.n) + 1, length: run.length - below.length - 1 };
  return [below, { n, ...message, length: 1 }, above].filter(({ length }) => length > 0);
}

function findInRuns(runs: readonly PublishRun[], n: number): { epoch: EpochId; seq: number } | null {
  const run = runs[firstAfter(runs, n) - 1];
  if (run === undefined || n >= run.n + run.length) return null;
  return { epoch: run.epoch, seq: run.seq + (n - run.n) };
}

/** Index of the first run that begins after `n`. */
function firstAfter(runs: readonly PublishRun[], n: number): number {
  const last = runs.at(-1);
  if (last === undefined || last.n <= n) return runs.length;
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle]!.n <= n) low = middle + 1;
    else high = middle;
  }
  return low;
}
