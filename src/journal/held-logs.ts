import { type EntryId, type LogId, NUMBER_MAX } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { HeadOrder } from './head-order.ts';
import type { Head, SeqRange } from './journal-face.ts';
import { LetGo } from './let-go.ts';
import { headOf, RangeIndex } from './range-index.ts';
import { cutRange, firstEndingAtOrAfter, joinRange } from './seq-ranges.ts';

/** What a journal says from memory about the logs that it holds. */
export class HeldLogs {
  protected readonly index = new RangeIndex();
  /** What retention dropped. */
  protected letGoBook = new LetGo();

  /** Heads of all logs of which something is held. */
  *heads(): IterableIterator<Head> {
    for (const held of this.index.held()) yield headOf(held);
  }

  /** Heads of the logs that got something after a position. */
  *headsSince(position: number): IterableIterator<Head> {
    for (const held of this.index.held()) if (held.lastPosition > position) yield headOf(held);
  }

  /** Head of a log; `null` if nothing of it is held. */
  head(log: LogId): Head | null {
    const held = this.index.get(log);
    return held === undefined || held.numbers.ranges.length === 0 ? null : headOf(held);
  }

  /** Logs of which something is held. */
  *logs(): IterableIterator<LogId> {
    for (const { log } of this.index.held()) yield log;
  }

  /** True for a log of which something is or was held since the start. */
  knows(log: LogId): boolean {
    return this.index.get(log) !== undefined;
  }

  /** How many of those there are. */
  logsKnown(): number {
    return this.index.all().length;
  }

  /** How many of those are an author's. */
  logsKnownOf(author: NodeId): number {
    return this.index.logsOf(author);
  }

  /** Numbers held of a log, ascending. */
  heldRanges(log: LogId): readonly SeqRange[] {
    return this.index.get(log)?.numbers.ranges ?? [];
  }

  /** How much of `first` to `last` is held. */
  holds(log: LogId, first: number, last: number): 'none' | 'some' | 'all' {
    return this.index.get(log)?.numbers.coverage(first, last) ?? 'none';
  }

  /** Numbers that held entries declare unused and that are not held: nobody waits for them. */
  skipped(log: LogId): readonly SeqRange[] {
    return this.index.get(log)?.numbers.skips ?? [];
  }

  /** True where numbers that are declared unused begin. */
  skipsFrom(log: LogId, seq: number): boolean {
    const skips = this.skipped(log);
    return skips[firstEndingAtOrAfter(skips, seq)]?.first === seq;
  }

  /**
   * Numbers that are neither asked for nor waited for, ascending: those that were let go here, and those from the
   * end of a forked epoch on.
   */
  unwanted(log: LogId): readonly SeqRange[] {
    const letGo = this.letGoBook.of(log);
    const end = this.endOf(log);
    if (end === null) return letGo;
    const unwanted = [...letGo];
    joinRange(unwanted, end, NUMBER_MAX - 1);
    return unwanted;
  }

  /** Numbers that retention dropped here, ascending. The same array as long as nothing changes. */
  letGo(log: LogId): readonly SeqRange[] {
    return this.letGoBook.of(log);
  }

  /** True if all of these numbers were let go. */
  wasLetGo(log: LogId, first: number, last: number): boolean {
    const ranges = this.letGoBook.of(log);
    const range = ranges[firstEndingAtOrAfter(ranges, first)];
    return range !== undefined && range.first <= first && range.last >= last;
  }

  /** Logs of which something was let go, held ones among them. */
  logsLetGo(): IterableIterator<LogId> {
    return this.letGoBook.logs();
  }

  /** The first number of a forked epoch that no longer counts; `null` while the epoch goes on. */
  endOf(log: LogId): number | null {
    return this.index.get(log)?.end ?? null;
  }

  /**
   * Id of the held entry that ends at a number, as far as memory tells: only where a stretch of held numbers
   * ends. `null` elsewhere.
   */
  edgeIdAt(log: LogId, lastSeq: number): EntryId | null {
    const ranges = this.index.get(log)?.numbers.ranges ?? [];
    const range = ranges[firstEndingAtOrAfter(ranges, lastSeq)];
    return range?.last === lastSeq ? range.lastId : null;
  }

  /** Numbers below the head that are neither held, nor declared unused, nor unwanted. */
  missing(log: LogId): SeqRange[] {
    const numbers = this.index.get(log)?.numbers;
    if (numbers === undefined) return [];
    const missing: SeqRange[] = numbers.holes().map(({ first, last }) => ({ first, last }));
    for (const skip of numbers.skips) cutRange(missing, skip.first, skip.last);
    for (const range of this.unwanted(log)) cutRange(missing, range.first, range.last);
    return missing;
  }

  /** True while a number below any head is neither held nor declared unused. */
  hasMissing(): boolean {
    for (const { log, numbers } of this.index.held()) {
      const whole = numbers.ranges.length === 1 && numbers.ranges[0]!.first === 1;
      if (!whole && this.missing(log).length > 0) return true;
    }
    return false;
  }

  /** Id of the entry that ends the numbers held below `seq`, a number that is not held; `null` if none are. */
  idBefore(log: LogId, seq: number): EntryId | null {
    const ranges = this.index.get(log)?.numbers.ranges ?? [];
    return ranges.findLast(({ last }) => last < seq)?.lastId ?? null;
  }

  /** Heads in the order of their logs' keys, with fingerprints of ranges; to be used before the next change. */
  orderedHeads(): HeadOrder {
    return this.index.order();
  }

  /** 16 bytes over all heads: equal on two nodes that hold the same. */
  root(): Uint8Array {
    return this.index.root();
  }
}
