import type { LogId } from '../entry/index.ts';
import { WasMarks } from './was-marks.ts';

/** How far a subscription in order of arrival has come in one channel. No I/O. */
export class ArrivalReader {
  /** The first position that was asked for. */
  readonly #from: number;
  /** The next position to be queued. */
  next: number;
  /** The journal holds more than was queued. */
  behind: boolean;
  readonly #marks = new Map<LogId, WasMarks>();
  /** Where the reader stood when the ends of forked logs became known, in that order. */
  readonly #ends = new Map<LogId, { readonly end: number; readonly next: number }[]>();

  constructor(from: number, behind: boolean) {
    this.#from = from;
    this.next = from;
    this.behind = behind;
  }

  /** The epoch of a log ended: what lies at or behind the end is read no more. */
  noteEnd(log: LogId, end: number): void {
    this.#ends.set(log, [...(this.#ends.get(log) ?? []), { end, next: this.next }]);
  }

  /** True for a message that was queued: it lies behind the reader, and counted when the reader passed. */
  isPast(log: LogId, seq: number, position: number): boolean {
    if (position < this.#from || position >= this.next) return false;
    const ended = this.#ends.get(log)?.find(({ end }) => seq >= end);
    return ended === undefined || position < ended.next;
  }

  /** Messages of a log that were queued as they were published again; `null` if there are none. */
  marksOf(log: LogId): WasMarks | null {
    return this.#marks.get(log) ?? null;
  }

  /** As {@link marksOf}, made if there are none. */
  marksFor(log: LogId): WasMarks {
    const marks = this.#marks.get(log) ?? new WasMarks();
    this.#marks.set(log, marks);
    return marks;
  }
}
