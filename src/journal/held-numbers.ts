import type { EntryId } from '../entry/index.ts';
import type { SeqRange } from './journal-face.ts';
import { cutRange, firstEndingAtOrAfter, joinRange } from './seq-ranges.ts';

/** Numbers held without a hole between, with the ids of the entries at both ends. */
export interface HeldRange extends SeqRange {
  /** Id of the entry that holds `first`. */
  readonly firstId: EntryId;
  /** Id of the entry that holds `last`. */
  readonly lastId: EntryId;
}

/** What is held of one log: in the whole journal, or in one segment. */
export class HeldNumbers {
  /** Ascending, disjoint, not adjacent. */
  readonly ranges: HeldRange[] = [];
  /** Numbers that held entries declare unused and that are not held; ascending, disjoint. */
  readonly skips: SeqRange[] = [];

  /** Joins numbers that are held. Where ends coincide, the id that was there first stays. */
  hold(range: HeldRange): void {
    if (this.skips.length > 0) cutRange(this.skips, range.first, range.last);
    const tail = this.ranges.at(-1);
    if (tail === undefined || range.first > tail.last + 1) {
      this.ranges.push(range);
      return;
    }
    const from = firstEndingAtOrAfter(this.ranges, range.first - 1);
    let to = from;
    let joined = range;
    while (to < this.ranges.length && this.ranges[to]!.first <= range.last + 1) {
      joined = join(this.ranges[to]!, joined);
      to++;
    }
    if (to === from + 1) this.ranges[from] = joined;
    else this.ranges.splice(from, to - from, joined);
  }

  /** Notes that an entry declares numbers unused; those that are held count as held. */
  declareUnused(first: number, last: number): void {
    if (last < first) return;
    joinRange(this.skips, first, last);
    for (let at = firstEndingAtOrAfter(this.ranges, first); at < this.ranges.length; at++) {
      const range = this.ranges[at]!;
      if (range.first > last) break;
      cutRange(this.skips, range.first, range.last);
    }
  }

  /** Lets go of all above `last`, which the entry `lastId` ends at, or of everything where `last` is 0. */
  cutAbove(last: number, lastId: EntryId | null): void {
    const from = firstEndingAtOrAfter(this.ranges, last + 1);
    const straddling = this.ranges[from];
    this.ranges.length = Math.min(this.ranges.length, from);
    if (straddling !== undefined && straddling.first <= last && lastId !== null) {
      const { first, firstId } = straddling;
      this.ranges.push({ first, last, firstId, lastId });
    }
  }

  /** Takes over all that `other` holds and declares. */
  merge(other: HeldNumbers): void {
    for (const range of other.ranges) this.hold(range);
    for (const skip of other.skips) this.declareUnused(skip.first, skip.last);
  }

  /** How much of `first` to `last` is held. */
  coverage(first: number, last: number): 'none' | 'some' | 'all' {
    const range = this.ranges[firstEndingAtOrAfter(this.ranges, first)];
    if (range === undefined || range.first > last) return 'none';
    return range.first <= first && range.last >= last ? 'all' : 'some';
  }

  /** Numbers below the highest that are not held, ascending, with the id of the entry after each. */
  holes(): (SeqRange & { readonly nextId: EntryId })[] {
    const holes: (SeqRange & { readonly nextId: EntryId })[] = [];
    let next = 1;
    for (const range of this.ranges) {
      if (range.first > next) holes.push({ first: next, last: range.first - 1, nextId: range.firstId });
      next = range.last + 1;
    }
    return holes;
  }
}

function join(held: HeldRange, added: HeldRange): HeldRange {
  const low = added.first < held.first ? added : held;
  const high = added.last > held.last ? added : held;
  return { first: low.first, last: high.last, firstId: low.firstId, lastId: high.lastId };
}
