import { concatBytes } from '../bytes/index.ts';
import { assert } from '../errors/index.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { RowBlocks } from './row-blocks.ts';
import type { RowList, SealedIndex } from './sealed-index.ts';
import { type SegmentKind, segmentFileName } from './segment-header.ts';
import { type SegmentName, SegmentRows } from './segment-rows.ts';

/** One write takes at most about this much. */
const WRITE_BYTES_MAX = 4 * 1024 * 1024;

/** A record that survives the drop of its segment. */
export interface KeptRecord {
  readonly position: number;
  /** In the file. */
  readonly bytes: number;
  /** False once something later took its place. */
  readonly isNeeded: () => boolean;
}

/**
 * One segment file. While it is open its rows are in memory and what is not yet synced is kept for another try;
 * once sealed, rows are read from its index file.
 */
export class Segment implements SegmentName {
  readonly kind: SegmentKind;
  readonly firstPosition: number;
  readonly path: string;
  readonly indexPath: string;
  /** Index in memory; `null` once sealed. */
  rows: SegmentRows | null = new SegmentRows();
  /** Index on disk; `null` until sealed. */
  sealed: SealedIndex | null = null;
  /** Bytes with all that waits to be written. */
  size = 0;
  writtenBytes = 0;
  syncedBytes = 0;
  file: DiskFile | null = null;
  /** Some of it could not be read: its index must not be believed after a restart. */
  unreadable = false;
  /** It is being mended; sealing waits. */
  mending = false;
  /**
   * What of it survives retention, once that was looked at: bytes, and whether they still need to. `null`: not
   * looked at yet.
   */
  kept: readonly KeptRecord[] | null = null;
  /** Seeds the checks of its records. */
  salt: number;
  #unsynced: Uint8Array[] = [];
  #unwrittenFrom = 0;

  constructor(directory: string, name: SegmentName, salt: number) {
    this.salt = salt;
    this.kind = name.kind;
    this.firstPosition = name.firstPosition;
    this.path = `${directory}/${segmentFileName(name.kind, name.firstPosition, 'segment')}`;
    this.indexPath = `${directory}/${segmentFileName(name.kind, name.firstPosition, 'index')}`;
  }

  /** Highest position in it, 0 if it is empty. */
  get lastPosition(): number {
    return this.rows?.lastPosition ?? this.sealed?.header.lastPosition ?? 0;
  }

  /** Records in it. */
  get records(): number {
    return this.rows?.count ?? this.sealed?.header.rows ?? 0;
  }

  /** Messages in it. */
  get messages(): number {
    return this.rows?.messages ?? this.sealed?.header.messages ?? 0;
  }

  /** Messages behind a position; of a sealed segment an estimate, as if they were spread evenly. */
  messagesAfter(position: number): number {
    const { rows, firstPosition, lastPosition, messages } = this;
    if (position >= lastPosition) return 0;
    if (position < firstPosition) return messages;
    if (rows !== null) return rows.messagesAfter(position);
    return Math.round((messages * (lastPosition - position)) / (lastPosition - firstPosition + 1));
  }

  /** Bytes on disk, with its index. */
  get diskBytes(): number {
    return this.size + (this.sealed?.bytes ?? 0);
  }

  /** Earliest receipt in it, milliseconds since 1970. */
  get receivedMinMs(): number {
    return this.rows?.receivedMinMs ?? this.sealed?.header.receivedMinMs ?? 0;
  }

  /** Latest receipt in it, milliseconds since 1970. */
  get receivedMaxMs(): number {
    return this.rows?.receivedMaxMs ?? this.sealed?.header.receivedMaxMs ?? 0;
  }

  /** Highest Lamport time in it. */
  get lamportMax(): number {
    return this.rows?.lamportMax ?? this.sealed?.header.lamportMax ?? 0;
  }

  /** Rows of a log; `null` if there are none. */
  rowsOf(log: number, blocks: RowBlocks): RowList | null {
    if (this.sealed !== null) return this.sealed.rowsOf(log, blocks);
    const rows = this.rows;
    const of = rows?.byLog.get(log);
    if (rows === null || of === undefined) return null;
    const { ranges } = of.numbers;
    return {
      count: of.rows.length,
      firstSeq: ranges[0]!.first,
      lastSeq: ranges.at(-1)!.last,
      row: async (index) => rows.row(of.rows[index]!),
    };
  }

  /** Adds bytes to what waits to be written. */
  enqueue(...parts: Uint8Array[]): void {
    for (const part of parts) {
      this.#unsynced.push(part);
      this.size += part.length;
    }
  }

  /** Writes all that waits. What a failed attempt left is overwritten by the next. */
  async write(disk: Disk): Promise<void> {
    this.file ??= await disk.open(this.path, { create: true });
    // What is added meanwhile waits for the next round, so that a steady stream cannot put off the sync.
    const end = this.#unsynced.length;
    while (this.#unwrittenFrom < end) {
      let to = this.#unwrittenFrom;
      let bytes = 0;
      while (to < end && bytes < WRITE_BYTES_MAX) bytes += this.#unsynced[to++]!.length;
      const batch = this.#unsynced.slice(this.#unwrittenFrom, to);
      await this.file.write(batch.length === 1 ? batch[0]! : concatBytes(batch), this.writtenBytes);
      this.#unwrittenFrom = to;
      this.writtenBytes += bytes;
    }
  }

  /** Makes what is written durable. */
  async sync(): Promise<void> {
    if (this.syncedBytes === this.writtenBytes) return;
    assert(this.file !== null, 'what was written has an open file');
    const [through, parts] = [this.writtenBytes, this.#unwrittenFrom];
    await this.file.sync();
    this.syncedBytes = through;
    this.#unsynced = this.#unsynced.slice(parts);
    this.#unwrittenFrom -= parts;
  }

  /**
   * After a failure: all that was not synced is written again. A failed sync may have dropped pages that a
   * later one would report as stored.
   */
  rewind(): void {
    this.writtenBytes = this.syncedBytes;
    this.#unwrittenFrom = 0;
  }

  /** Takes over a file found at start, whose first `bytes` are good. */
  adopt(bytes: number): void {
    this.size = bytes;
    this.writtenBytes = bytes;
    this.syncedBytes = bytes;
  }

  /** Closes the file it was written through. */
  async closeFile(): Promise<void> {
    const file = this.file;
    this.file = null;
    await file?.close();
  }

  /** Fills `into` from `offset`, through the file it is written with or another; returns how much there was. */
  read(
    into: Uint8Array,
    offset: number,
    files: { read(path: string, into: Uint8Array, position: number): Promise<number> },
  ): Promise<number> {
    return this.file === null ? files.read(this.path, into, offset) : this.file.read(into, offset);
  }
}
