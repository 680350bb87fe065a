import type { Entry } from '../entry/index.ts';
import { assert, type Counters, type Log, type Result } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { copyDamage } from './damaged-copy.ts';
import type { Disk } from './disk.ts';
import { encodeIndexFile } from './index-file.ts';
import { journalFailure } from './journal-failure.ts';
import { OpenFiles } from './open-files.ts';
import type { PublishFilter } from './publish-filter.ts';
import type { RangeIndex } from './range-index.ts';
import type { RetainedTopics } from './retained-topics.ts';
import { RowBlocks } from './row-blocks.ts';
import { readIndexFile, SealedIndex } from './sealed-index.ts';
import { Segment } from './segment.ts';
import {
  encodeSegmentHeader,
  SEGMENT_KINDS,
  type SegmentKind,
  segmentHeaderBytes,
} from './segment-header.ts';
import { type RebuiltRows, rebuildRows } from './segment-rebuild.ts';

const OPEN_FILES_MAX = 16;
/** Blocks of 4 KiB. */
const ROW_BLOCKS_MAX = 256;

/** What an index file holds beside its rows. */
type IndexContent = NonNullable<Awaited<ReturnType<typeof readIndexFile>>>;

/** What the segments of a channel share. */
export interface SegmentStoreContext {
  readonly directory: string;
  readonly channel: string;
  readonly self: NodeId;
  /** At the start; see {@link SegmentStore.segmentBytes}. */
  readonly segmentBytes: number;
  readonly disk: Disk;
  readonly decode: (bytes: Uint8Array) => Result<Entry>;
  readonly log: Log;
  readonly counters: Counters;
  readonly index: RangeIndex;
  readonly publishFilter: PublishFilter;
  readonly retained: RetainedTopics;
}

/** The segment files of a channel: which there are, which is written to, and sealing what is full. */
export class SegmentStore {
  readonly context: SegmentStoreContext;
  readonly files: OpenFiles;
  readonly blocks: RowBlocks;
  /** Ascending by position; the last may be the one written to. */
  readonly segments: Record<SegmentKind, Segment[]> = { own: [], carried: [] };
  salt = 0;
  incarnation = '';
  /** A segment is sealed before it exceeds this. */
  segmentBytes: number;
  /** Rises whenever a segment begins, is sealed or is dropped. */
  generation = 0;
  readonly #active: Record<SegmentKind, Segment | null> = { own: null, carried: null };
  #directoryDirty = false;
  #enqueuedBytes = 0;
  #syncedBytes = 0;

  constructor(context: SegmentStoreContext) {
    this.context = context;
    this.segmentBytes = context.segmentBytes;
    this.files = new OpenFiles(context.disk, OPEN_FILES_MAX);
    this.blocks = new RowBlocks(this.files, ROW_BLOCKS_MAX);
  }

  /** All segments, own ones first. */
  *all(): IterableIterator<Segment> {
    for (const kind of SEGMENT_KINDS) yield* this.segments[kind];
  }

  /** The segment that takes `bytes` more; a full one is left behind to be sealed. */
  writable(kind: SegmentKind, bytes: number, position: number): Segment {
    const active = this.#active[kind];
    if (active !== null && active.size + bytes <= this.segmentBytes) return active;
    const segment = new Segment(this.context.directory, { kind, firstPosition: position }, this.salt);
    const { channel } = this.context;
    const header = { kind, channel, salt: this.salt, incarnation: this.incarnation, firstPosition: position };
    segment.enqueue(encodeSegmentHeader(header));
    this.segments[kind].push(segment);
    this.#active[kind] = segment;
    this.#directoryDirty = true;
    this.generation++;
    return segment;
  }

  /** Goes on writing to a segment found at start. */
  resume(segment: Segment): void {
    this.#active[segment.kind] = segment;
  }

  /** Writes to another segment from now on, so that this one is sealed with the next commit. */
  retire(segment: Segment): void {
    if (this.#active[segment.kind] === segment) this.#active[segment.kind] = null;
  }

  /** Leaves segments that are at least `fraction` full behind. */
  retireFull(fraction: number): void {
    for (const kind of SEGMENT_KINDS) {
      const active = this.#active[kind];
      if (active !== null && active.size >= this.segmentBytes * fraction) this.retire(active);
    }
  }

  /** The segment of a kind that is written to; `null` if the next record begins one. */
  active(kind: SegmentKind): Segment | null {
    return this.#active[kind];
  }

  /** Takes another segment's place, or with `null` takes a segment out. Its file is the caller's. */
  replace(segment: Segment, by: Segment | null): void {
    const list = this.segments[segment.kind];
    const at = list.indexOf(segment);
    assert(at >= 0, 'only segments of the store are replaced');
    list.splice(at, 1, ...(by === null ? [] : [by]));
    this.generation++;
  }

  /** Bytes that are not durable yet. */
  get backlogBytes(): number {
    return this.#enqueuedBytes - this.#syncedBytes;
  }

  /** Adds a record to a segment; it is written with the next flush. */
  enqueue(segment: Segment, header: Uint8Array, entry: Uint8Array): void {
    segment.enqueue(header, entry);
    this.#enqueuedBytes += header.length + entry.length;
  }

  /** Writes all that waits; with `sync` makes it durable. Throws sedge's error; all is kept for another try. */
  async flush(sync: boolean): Promise<void> {
    const enqueuedBytes = this.#enqueuedBytes;
    const outcomes = await Promise.allSettled(SEGMENT_KINDS.map((kind) => this.#flushKind(kind, sync)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) await this.#rewindAndThrow(failed.reason);
    if (!sync) return;
    await this.#syncDirectory();
    this.#syncedBytes = enqueuedBytes;
  }

  /** Writes the index file of a segment that is wholly durable, and lets go of its rows. */
  async seal(segment: Segment): Promise<void> {
    const { rows } = segment;
    if (rows === null || segment.unreadable) return;
    const { disk, index } = this.context;
    const bytes = encodeIndexFile(rows, {
      salt: segment.salt,
      coveredBytes: segment.size,
      logKey: (log) => index.byNumber(log),
    });
    await this.files.forget(segment.indexPath);
    this.blocks.forget(segment.indexPath);
    const file = await disk.open(segment.indexPath, { create: true });
    try {
      await file.truncate(0);
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.loadIndex(segment);
    await segment.closeFile();
    this.#directoryDirty = true;
  }

  /**
   * Takes the index file of a segment up. `false` if it is missing, damaged or of other contents, in which case
   * nothing changed. `visit` sees what it holds of each log.
   */
  async loadIndex(segment: Segment, read?: IndexContent): Promise<boolean> {
    const content = read ?? (await this.readIndex(segment));
    if (content === null || content.header.coveredBytes !== segment.size) return false;
    const numbers = content.summary.logs.map(({ key }) => this.context.index.logOfKey(key).number);
    segment.sealed = new SealedIndex(segment.indexPath, content, numbers);
    segment.rows = null;
    this.generation++;
    return true;
  }

  /** Contents of a segment's index file; `null` if there is none that is whole. */
  async readIndex(segment: Segment): ReturnType<typeof readIndexFile> {
    try {
      return await readIndexFile((into, position) => this.files.read(segment.indexPath, into, position));
    } catch {
      return null;
    }
  }

  /** Reads a segment through and makes its rows anew; changes nothing. */
  rebuild(segment: Segment): Promise<RebuiltRows> {
    const { channel, self, decode, index, counters, log } = this.context;
    const read = (into: Uint8Array, position: number) => this.files.read(segment.path, into, position);
    return rebuildRows(read, {
      salt: segment.salt,
      headerBytes: segmentHeaderBytes(channel),
      size: segment.size,
      channel,
      self,
      decode,
      index,
      onUnreadable: (error) => {
        counters.count('journal.io-failed');
        log.warn(
          { channel, file: segment.path, cause: journalFailure(error, segment.path).code },
          'page of a segment cannot be read',
        );
      },
    });
  }

  /** Counts damage, says so and sets the bytes aside. */
  async quarantine(segment: Segment, damage: readonly { from: number; to: number }[]): Promise<void> {
    const { counters, log, channel, directory, disk } = this.context;
    for (const { from, to } of damage) {
      counters.count('journal.segment-corrupt');
      log.warn({ channel, file: segment.path, from, to }, 'damaged bytes of a segment were set aside');
      await copyDamage(disk, { directory, path: segment.path }, { from, to });
    }
  }

  /** Closes all files. */
  async close(): Promise<void> {
    await this.files.close();
    for (const segment of this.all()) await segment.closeFile().catch(() => {});
  }

  async #flushKind(kind: SegmentKind, sync: boolean): Promise<void> {
    // The list may grow meanwhile; what begins later waits for the next round.
    for (const segment of this.segments[kind].filter(({ rows }) => rows !== null)) {
      const retired = segment !== this.#active[kind];
      await segment.write(this.context.disk);
      // A segment is durable before the next one begins, so that only the last can have a torn tail.
      if (sync || retired) await segment.sync();
      if (retired && !segment.mending && segment.syncedBytes === segment.size) await this.seal(segment);
    }
  }

  async #syncDirectory(): Promise<void> {
    if (!this.#directoryDirty) return;
    this.#directoryDirty = false;
    try {
      await this.context.disk.syncDirectory(this.context.directory);
    } catch (error) {
      this.#directoryDirty = true;
      await this.#rewindAndThrow(error);
    }
  }

  async #rewindAndThrow(error: unknown): Promise<never> {
    for (const segment of this.all()) segment.rewind();
    throw journalFailure(error, this.context.directory);
  }
}
