import type { SeqRange } from './journal-face.ts';
import type { PublishRuns } from './publish-runs.ts';
import { joinRange, rangesHave } from './seq-ranges.ts';

/** Producers kept apart; what more there are is looked up on disk. */
const PRODUCERS_MAX = 16_384;
/** Ranges kept for a producer; at the limit the narrowest gap is closed, so that more is looked up on disk. */
const RANGES_MAX = 512;

/** Says at once that a publish id is new. What it does not rule out is looked up in the segments. */
export class PublishFilter {
  readonly #rangesByProducer = new Map<string, SeqRange[]>();
  #overflowed = false;

  /** Takes up a publish number, or a run of them. */
  add(producer: string, n: number, length = 1): void {
    let ranges = this.#rangesByProducer.get(producer);
    if (ranges === undefined) {
      if (this.#rangesByProducer.size >= PRODUCERS_MAX) {
        this.#overflowed = true;
        return;
      }
      ranges = [];
      this.#rangesByProducer.set(producer, ranges);
    }
    joinRange(ranges, n, n + length - 1);
    if (ranges.length > RANGES_MAX) closeNarrowestGap(ranges);
  }

  /** Takes up all of a segment. */
  addRuns(runs: PublishRuns): void {
    for (const [producer, list] of runs.entries()) {
      for (const run of list) this.add(producer, run.n, run.length);
    }
  }

  /** `false` only if the id was certainly never used. */
  mayHave(producer: string, n: number): boolean {
    const ranges = this.#rangesByProducer.get(producer);
    return ranges === undefined ? this.#overflowed : rangesHave(ranges, n);
  }

  /** `false` only if no id of the producer from that number on was ever used. */
  mayHaveFrom(producer: string, n: number): boolean {
    const ranges = this.#rangesByProducer.get(producer);
    return ranges === undefined ? this.#overflowed : (ranges.at(-1)?.last ?? -1) >= n;
  }
}

function closeNarrowestGap(ranges: SeqRange[]): void {
  let narrowest = 1;
  for (let at = 2; at < ranges.length; at++) {
    if (gapBefore(ranges, at) < gapBefore(ranges, narrowest)) narrowest = at;
  }
  const joined = { first: ranges[narrowest - 1]!.first, last: ranges[narrowest]!.last };
  ranges.splice(narrowest - 1, 2, joined);
}

function gapBefore(ranges: readonly SeqRange[], at: number): number {
  return ranges[at]!.first - ranges[at - 1]!.last;
}
