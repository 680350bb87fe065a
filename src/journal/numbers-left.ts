import type { EntryId } from '../entry/index.ts';
import { HeldNumbers, type HeldRange } from './held-numbers.ts';
import type { SeqRange } from './journal-face.ts';
import type { HeldLog } from './range-index.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import { cutRange, firstEndingAtOrAfter } from './seq-ranges.ts';

/** Stands for the id of an entry at a new edge until the segment that holds it says it. */
const UNKNOWN = '' as EntryId;

/** What segments that are about to go hold of logs. */
export type NumbersByLog = ReadonlyMap<HeldLog, HeldNumbers>;

/**
 * What the other segments hold of the same logs at or beside the same numbers. Reads the indexes of those alone
 * that can matter, so that a log of years costs no more than one of yesterday. `null` if a segment began or was
 * sealed meanwhile.
 */
export async function numbersOfOthers(
  store: SegmentStore,
  leaving: ReadonlySet<Segment>,
  numbers: NumbersByLog,
): Promise<Map<HeldLog, HeldNumbers> | null> {
  const { generation } = store;
  const others = new Map([...numbers.keys()].map((log) => [log, new HeldNumbers()]));
  for (const segment of store.all()) {
    if (leaving.has(segment) || segment.rows !== null || !touchesAny(store, segment, numbers)) continue;
    const content = await store.readIndex(segment);
    for (const { key, numbers: held } of content?.summary.logs ?? []) {
      others.get(store.context.index.logOfKey(key))?.merge(held);
    }
  }
  if (generation !== store.generation) return null;
  for (const segment of store.all()) {
    if (leaving.has(segment) || segment.rows === null) continue;
    for (const [log, held] of others) {
      const of = segment.rows.byLog.get(log.number);
      if (of !== undefined) held.merge(of.numbers);
    }
  }
  return others;
}

/**
 * What is held of a log once `leaving` has gone and only `others` hold any of it; `null` where the ids at the new
 * edges are not known from them.
 */
export function numbersLeft(
  held: HeldNumbers,
  leaving: HeldNumbers,
  others: HeldNumbers,
): HeldNumbers | null {
  const left = new HeldNumbers();
  left.merge(others);
  for (const piece of cutHeld(held.ranges, leaving.ranges)) left.hold(piece);
  if (left.ranges.some(({ firstId, lastId }) => firstId === UNKNOWN || lastId === UNKNOWN)) return null;
  const skips = [...held.skips];
  for (const { first, last } of leaving.skips) cutRange(skips, first, last);
  for (const { first, last } of skips) left.declareUnused(first, last);
  return left;
}

function touchesAny(store: SegmentStore, segment: Segment, numbers: NumbersByLog): boolean {
  for (const [log, leaving] of numbers) {
    const rows = segment.rowsOf(log.number, store.blocks);
    const [low, high] = [leaving.ranges[0], leaving.ranges.at(-1)];
    if (rows === null || low === undefined || high === undefined) continue;
    if (rows.firstSeq <= high.last + 1 && rows.lastSeq >= low.first - 1) return true;
  }
  return false;
}

function cutHeld(ranges: readonly HeldRange[], leaving: readonly SeqRange[]): HeldRange[] {
  return ranges.flatMap((range) => {
    const pieces: SeqRange[] = [{ first: range.first, last: range.last }];
    for (let at = firstEndingAtOrAfter(leaving, range.first); at < leaving.length; at++) {
      const { first, last } = leaving[at]!;
      if (first > range.last) break;
      cutRange(pieces, first, last);
    }
    return pieces.map(({ first, last }) => ({
      first,
      last,
      firstId: first === range.first ? range.firstId : UNKNOWN,
      lastId: last === range.last ? range.lastId : UNKNOWN,
    }));
  });
}
