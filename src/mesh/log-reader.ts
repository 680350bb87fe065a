import type { LogId } from '../entry/index.ts';
import type { SeqRange } from '../journal/index.ts';
import { subtractRanges } from '../sync/index.ts';

/** What a durable subscription keeps of one log. */
export interface LogProgress {
  readonly channel: string;
  readonly log: LogId;
  /** The first number that was neither acknowledged nor reported as a gap. */
  readonly next: number;
  /** Reported gaps that nothing filled yet. */
  readonly reported: readonly SeqRange[];
}

/** How far a subscription has come in one log. No I/O: the subscription moves it along. */
export class LogReader {
  readonly channel: string;
  readonly log: LogId;
  /** The next number to be queued. */
  next: number;
  /** The journal holds more than was queued, or a hole is in the way. */
  behind = false;
  /** When the hole in the way was met; `null` while there is none. */
  blockedSinceMs: number | null = null;
  /** Number at which the disk gave less than the journal holds; `null` if it never did. */
  readAgainAt: number | null = null;
  /** Deliveries queued or handed out and not acknowledged yet. */
  outstanding = 0;
  /** Gaps that were reported and not filled yet. */
  reported: SeqRange[];
  #acknowledged: number;

  constructor(progress: LogProgress) {
    this.channel = progress.channel;
    this.log = progress.log;
    this.next = progress.next;
    this.reported = [...progress.reported];
    this.#acknowledged = progress.next;
  }

  /** Takes numbers off the reported gaps; `true` if any of them was reported. */
  fill(first: number, last: number): boolean {
    const rest = subtractRanges(this.reported, [{ first, last }]);
    const filled = count(rest) < count(this.reported);
    this.reported = rest;
    return filled;
  }

  /** A delivery through `last` was acknowledged. */
  acknowledge(last: number): void {
    this.outstanding--;
    this.#acknowledged = Math.max(this.#acknowledged, last + 1);
    // With nothing under way, what no filter wanted need not be read again after a restart.
    if (this.outstanding === 0) this.#acknowledged = Math.max(this.#acknowledged, this.next);
  }

  /** What to keep. */
  progress(): LogProgress {
    return { channel: this.channel, log: this.log, next: this.#acknowledged, reported: this.reported };
  }
}

function count(ranges: readonly SeqRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
