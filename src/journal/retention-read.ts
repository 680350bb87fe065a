import type { HeldNumbers } from './held-numbers.ts';
import type { HeldLog } from './range-index.ts';
import type { RetainedValue } from './retained-values.ts';
import type { KeptRecord, Segment } from './segment.ts';
import { recordBytes } from './segment-compact.ts';
import type { SegmentRows } from './segment-rows.ts';
import type { SegmentStore } from './segment-store.ts';

/** What retention has to know of a segment before it drops it. */
export interface LeavingSegment {
  readonly segment: Segment;
  readonly numbers: ReadonlyMap<HeldLog, HeldNumbers>;
  /** Retained values in it, one a topic. */
  readonly values: readonly RetainedValue[];
  /** Its records that survive. */
  readonly kept: readonly KeptRecord[];
}

/** Reads what a segment holds, from its index or else from itself; `null` if the disk gives neither. */
export async function readLeaving(
  store: SegmentStore,
  segment: Segment,
  { keepRetained = true }: { readonly keepRetained?: boolean } = {},
): Promise<LeavingSegment | null> {
  try {
    const { numbers, values } = await contentOf(store, segment);
    const kept = new Map<number, KeptRecord>();
    if (segment.kind === 'own') await keepOwnLast(store, segment, numbers, kept);
    if (keepRetained) keepValues(store, values, kept);
    return { segment, numbers, values, kept: [...kept.values()] };
  } catch {
    return null;
  }
}

type Content = Pick<LeavingSegment, 'numbers' | 'values'>;

async function contentOf(store: SegmentStore, segment: Segment): Promise<Content> {
  if (segment.rows !== null) return contentOfRows(store, segment.rows);
  const summary = (await store.readIndex(segment))?.summary ?? null;
  // An index of version 1 does not tell of retained values.
  if (summary?.retained == null) return contentOfRows(store, (await store.rebuild(segment)).rows);
  const { index } = store.context;
  const numbers = new Map(summary.logs.map(({ key, numbers: held }) => [index.logOfKey(key), held]));
  return { numbers, values: [...summary.retained.all()] };
}

function contentOfRows(store: SegmentStore, rows: SegmentRows): Content {
  const { index, retained } = store.context;
  const values = [...rows.retained.all()];
  for (const value of values) if (!retained.knows(value.topic)) retained.add(value, true);
  const numbers = new Map([...rows.byLog].map(([log, of]) => [index.byNumber(log), of.numbers]));
  return { numbers, values };
}

function keepValues(
  store: SegmentStore,
  values: readonly RetainedValue[],
  kept: Map<number, KeptRecord>,
): void {
  const { retained } = store.context;
  for (const value of values) {
    if (!retained.isKept(value)) continue;
    const before = kept.get(value.position);
    const isNeeded = () => before?.isNeeded() === true || retained.isKept(value);
    kept.set(value.position, { position: value.position, bytes: recordBytes(value.length), isNeeded });
  }
}

/** The last own entry of a log stays: the next one names it, and it says which numbers were used. */
async function keepOwnLast(
  store: SegmentStore,
  segment: Segment,
  numbers: Content['numbers'],
  kept: Map<number, KeptRecord>,
): Promise<void> {
  for (const [held, { ranges }] of numbers) {
    const last = ranges.at(-1)?.last;
    const isNeeded = () => held.numbers.ranges.at(-1)?.last === last;
    const rows = segment.rowsOf(held.number, store.blocks);
    if (rows === null || !isNeeded()) continue;
    const { position, length } = await rows.row(rows.count - 1);
    kept.set(position, { position, bytes: recordBytes(length), isNeeded });
  }
}
