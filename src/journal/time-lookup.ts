import type { JournalReader } from './journal-reader.ts';
import type { Segment } from './segment.ts';
import { SEGMENT_KINDS } from './segment-header.ts';
import type { SegmentStore } from './segment-store.ts';

/**
 * Lowest position received at `timeMs` or later; `null` if there is none. Clocks step, so times do not rise
 * with positions: segments and their stretches are told by the highest receipt in them.
 */
export async function firstPositionSince(
  store: SegmentStore,
  reader: JournalReader,
  timeMs: number,
): Promise<number | null> {
  let lowest: number | null = null;
  for (const kind of SEGMENT_KINDS) {
    const segment = store.segments[kind].find(({ receivedMaxMs }) => receivedMaxMs >= timeMs);
    const found = segment === undefined ? null : await firstInSegment(segment, reader, timeMs);
    if (found !== null && (lowest === null || found < lowest)) lowest = found;
  }
  return lowest;
}

async function firstInSegment(
  segment: Segment,
  reader: JournalReader,
  timeMs: number,
): Promise<number | null> {
  const { rows, sealed } = segment;
  if (rows !== null) {
    for (let row = 0; row < rows.count; row++) {
      if (rows.receivedOfRow(row) >= timeMs) return rows.row(row).position;
    }
    return null;
  }
  const { samples } = sealed!;
  const stretch = samples.receivedMaxMs.findIndex((receivedMaxMs) => receivedMaxMs >= timeMs);
  if (stretch < 0) return null;
  return reader.findInSegment(
    segment,
    samples.offset[stretch]!,
    ({ receivedAtMs }) => receivedAtMs >= timeMs,
  );
}
