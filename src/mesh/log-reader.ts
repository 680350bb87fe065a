import type { LogId } from '../entry/index.ts';
import type { SeqRange } from '../journal/index.ts';
import { addRange, intersectRanges, subtractRanges } from '../sync/index.ts';
import { type WasMark, WasMarks } from './was-marks.ts';

/** What a durable subscription keeps of one log. */
export interface LogProgress {
  readonly channel: string;
  readonly log: LogId;
  /** The first number that was neither acknowledged nor passed over. */
  readonly next: number;
  /** Numbers below that were passed over and not delivered yet: what fills them is late. */
  readonly reported: readonly SeqRange[];
  /** Messages of the log that were delivered as they were published again, in another epoch. */
  readonly marks: readonly WasMark[];
}

/** Ranges kept of what was passed over; of more, the lowest are given up. */
const PASSED_RANGES_MAX = 1_024;

/** How far a subscription has come in one log. No I/O: the subscription moves it along. */
export class LogReader {
  readonly channel: string;
  readonly log: LogId;
  /** The next number to be queued. */
  next: number;
  /** The journal holds more than was queued, or a hole is in the way. */
  behind = false;
  /** The journal may hold something that was passed over. */
  lateBehind: boolean;
  /** When the hole in the way was met; `null` while there is none. */
  blockedSinceMs: number | null = null;
  readonly marks: WasMarks;
  /** Deliveries queued or handed out and not acknowledged yet. */
  outstanding = 0;
  /** Reported as gaps, or declared unused by the author, and not queued since. */
  #passed: SeqRange[];
  /** Passed over, then queued, not acknowledged. */
  #lateUnderWay: SeqRange[] = [];
  #acknowledged: number;

  constructor(progress: LogProgress) {
    this.channel = progress.channel;
    this.log = progress.log;
    this.next = progress.next;
    this.#passed = progress.reported.reduce<SeqRange[]>(addRange, []);
    this.#acknowledged = progress.next;
    this.marks = new WasMarks(progress.marks);
    this.lateBehind = this.#passed.length > 0;
  }

  /** Goes on at a number; those before it that were not held are late if they ever come. */
  passTo(next: number): void {
    this.#passed = addRange(this.#passed, { first: this.next, last: next - 1 }).slice(-PASSED_RANGES_MAX);
    this.next = next;
  }

  /** Which of the numbers were passed over. */
  passedOf(ranges: readonly SeqRange[]): SeqRange[] {
    return this.#passed.length === 0 ? [] : intersectRanges(this.#passed, ranges);
  }

  /** True for a number that was queued: it is neither to come nor was it passed over. */
  isPast(seq: number): boolean {
    return seq < this.next && this.passedOf([{ first: seq, last: seq }]).length === 0;
  }

  /** Numbers that were passed over are looked at now. */
  takeLate(first: number, last: number): void {
    this.#passed = subtractRanges(this.#passed, [{ first, last }]);
  }

  /** A delivery was queued. */
  queued(seq: number, late: boolean): void {
    this.outstanding++;
    if (late) this.#lateUnderWay = addRange(this.#lateUnderWay, { first: seq, last: seq });
  }

  /** A delivery through `last` was acknowledged. */
  acknowledge(last: number, late: boolean): void {
    this.outstanding--;
    if (late) this.#lateUnderWay = subtractRanges(this.#lateUnderWay, [{ first: last, last }]);
    else this.#acknowledged = Math.max(this.#acknowledged, last + 1);
    // With nothing under way, what no filter wanted need not be read again after a restart.
    if (this.outstanding === 0) this.#acknowledged = Math.max(this.#acknowledged, this.next);
  }

  /** What to keep, of the marks those that are new: after a restart all from `next` on is read again, and so is met what was passed over there. */
  progress(): LogProgress {
    const missed = this.#lateUnderWay.reduce<SeqRange[]>(addRange, this.#passed);
    const reported = intersectRanges(missed, [{ first: 1, last: this.#acknowledged - 1 }]);
    const marks = this.marks.takeUnsaved();
    return { channel: this.channel, log: this.log, next: this.#acknowledged, reported, marks };
  }
}
