import type { EpochId } from '../entry/index.ts';
import type { SegmentStore } from './segment-store.ts';

/** Looks for a publish id in the own segments, newest first. */
export async function findPublish(
  store: SegmentStore,
  producer: string,
  n: number,
): Promise<{ epoch: EpochId; seq: number } | null> {
  for (const segment of store.segments.own.toReversed()) {
    const publishes = segment.rows?.publishes ?? (await store.readIndex(segment))?.summary.publishes;
    const found = publishes?.find(producer, n) ?? null;
    if (found !== null) return found;
  }
  return null;
}

/** An own message with its publish number. */
export interface PublishPlace {
  readonly n: number;
  readonly epoch: EpochId;
  readonly seq: number;
}

/** Publishes of a producer from a number on: at most `max`, the highest, ascending. Of one published twice the newest. */
export async function findPublishesOf(
  store: SegmentStore,
  producer: string,
  { from, max }: { readonly from: number; readonly max: number },
): Promise<PublishPlace[]> {
  const found = new Map<number, PublishPlace>();
  for (const segment of store.segments.own) {
    const publishes = segment.rows?.publishes ?? (await store.readIndex(segment))?.summary.publishes;
    for (const place of publishes?.from(producer, from, max) ?? []) found.set(place.n, place);
  }
  return [...found.values()].sort((a, b) => a.n - b.n).slice(-max);
}
