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
