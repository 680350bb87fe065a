import { Buffer } from 'node:buffer';
import { concatBytes } from '../bytes/index.ts';
import { FileWindow } from './file-window.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from './journal-record.ts';
import { Segment } from './segment.ts';
import { encodeSegmentHeader, segmentHeaderBytes } from './segment-header.ts';
import { scanSegment } from './segment-scan.ts';
import type { SegmentStore } from './segment-store.ts';
import { NEW_FILE_ENDING } from './whole-file.ts';

/** A segment, and the positions of its records that go on. */
export interface Survivors {
  readonly segment: Segment;
  readonly positions: ReadonlySet<number>;
}

/**
 * Writes the records that survive of segments (in order of arrival) beside the file of the first of them, durably,
 * with the positions and facts they have. The result takes its place with {@link installCompacted}.
 */
export async function compactSegments(store: SegmentStore, sources: readonly Survivors[]): Promise<Segment> {
  const { kind, firstPosition } = sources[0]!.segment;
  const { channel, directory, index } = store.context;
  const made = new Segment(directory, { kind, firstPosition }, store.salt);
  const header = { kind, channel, salt: store.salt, incarnation: store.incarnation, firstPosition };
  const parts: Uint8Array[] = [encodeSegmentHeader(header)];
  let size = parts[0]!.length;
  for (const source of sources) {
    for await (const { entry, position, facts } of survivingRecords(store, source)) {
      made.rows!.add(entry, { log: index.logOf(entry).number, position, offset: size }, facts);
      if (entry.author === store.context.self) made.rows!.addPublishes(entry);
      const head = encodeRecordHeader(entry.bytes, position, facts, store.salt);
      parts.push(head, entry.bytes);
      size += head.length + entry.bytes.length;
    }
  }
  await writeNew(store, made, concatBytes(parts));
  made.adopt(size);
  return made;
}

/**
 * Puts a compacted segment in the place of those that it was made of. After a crash in between either the old
 * files are there or the new one, perhaps with sources behind it that the next start finds overtaken and removes.
 */
export async function installCompacted(store: SegmentStore, made: Segment): Promise<void> {
  const { disk, directory } = store.context;
  await removeIndex(store, made);
  await store.files.forget(made.path);
  await disk.rename(made.path + NEW_FILE_ENDING, made.path);
  await disk.syncDirectory(directory);
}

/** Removes the index file of a segment that is about to go: what it held can be made anew. */
export async function removeIndex(store: SegmentStore, segment: Segment): Promise<void> {
  await store.files.forget(segment.indexPath);
  store.blocks.forget(segment.indexPath);
  await store.context.disk.remove(segment.indexPath);
}

/** Bytes that a record takes, by the bytes of its entry. */
export function recordBytes(entryBytes: number): number {
  return RECORD_HEADER_BYTES + entryBytes;
}

async function* survivingRecords(store: SegmentStore, { segment, positions }: Survivors) {
  const { channel, decode } = store.context;
  const window = new FileWindow((into, at) => store.files.read(segment.path, into, at), segment.size);
  const range = { salt: segment.salt, from: segmentHeaderBytes(channel), to: segment.size };
  for await (const item of scanSegment(window, range)) {
    if (item.kind === 'damage' || !positions.has(item.header.position)) continue;
    // The window is replaced as the scan goes on; what is kept must not hold all of it.
    const decoded = decode(Buffer.from(item.bytes));
    if (!decoded.ok) continue;
    yield { entry: decoded.value, position: item.header.position, facts: item.header.facts };
  }
}

async function writeNew(store: SegmentStore, made: Segment, bytes: Uint8Array): Promise<void> {
  const { disk } = store.context;
  const path = made.path + NEW_FILE_ENDING;
  const file = await disk.open(path, { create: true });
  try {
    await file.truncate(0);
    await file.write(bytes, 0);
    await file.sync();
  } catch (error) {
    await file.close();
    await disk.remove(path).catch(() => {});
    throw error;
  }
  await file.close();
}
