import type { Entry } from '../entry/index.ts';
import type { Result } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { FileWindow, type ReadAt } from './file-window.ts';
import type { RangeIndex } from './range-index.ts';
import { SegmentRows, type Stretch } from './segment-rows.ts';
import { scanSegment } from './segment-scan.ts';

/** What reading a whole segment gave. */
export interface RebuiltRows {
  readonly rows: SegmentRows;
  /** Damaged bytes up to the end of the file, not among `rows.damage`; `null` if the last record is whole. */
  readonly tail: Stretch | null;
  /** Pages could not be read. */
  readonly unreadable: boolean;
}

/** What a rebuild needs to know. */
export interface RebuildOptions {
  readonly salt: number;
  readonly headerBytes: number;
  readonly size: number;
  readonly channel: string;
  readonly self: NodeId;
  readonly decode: (bytes: Uint8Array) => Result<Entry>;
  readonly index: RangeIndex;
  readonly onUnreadable: (error: unknown) => void;
}

/** Reads a segment from its first to its last byte and makes its index anew. Changes no file. */
export async function rebuildRows(read: ReadAt, options: RebuildOptions): Promise<RebuiltRows> {
  let unreadable = false;
  const window = new FileWindow(read, options.size, (error) => {
    unreadable = true;
    options.onUnreadable(error);
  });
  const rows = new SegmentRows();
  const damage: Stretch[] = [];
  const from = Math.min(options.headerBytes, options.size);
  for await (const item of scanSegment(window, { salt: options.salt, from, to: options.size })) {
    if (item.kind === 'damage') {
      damage.push(item);
      continue;
    }
    const decoded = options.decode(item.bytes);
    if (!decoded.ok || decoded.value.channel !== options.channel) {
      damage.push({ from: item.offset, to: item.end });
      continue;
    }
    const entry = decoded.value;
    const log = options.index.logOf(entry).number;
    rows.add(entry, { log, position: item.header.position, offset: item.offset }, item.header.facts);
    if (entry.author === options.self) rows.addPublishes(entry);
  }
  const tail = damage.at(-1)?.to === options.size ? damage.pop()! : null;
  for (const { from: start, to } of damage) rows.damage.push({ from: start, to });
  return { rows, tail, unreadable };
}
