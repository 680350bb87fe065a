import { Buffer } from 'node:buffer';
import { crc32c, fromUtf8, toHex, toUtf8 } from '../bytes/index.ts';
import type { EntryHeader, EntryId, EpochId } from '../entry/index.ts';
import { HeldNumbers } from './held-numbers.ts';
import { type PublishRun, PublishRuns } from './publish-runs.ts';
import { decodeLogKey, encodeLogKey, LOG_KEY_BYTES } from './range-index.ts';
import { RetainedValues } from './retained-values.ts';
import type { SegmentRow, SegmentRows, Stretch } from './segment-rows.ts';

/** Version of the index format that is written. */
export const INDEX_VERSION = 2;
/** The oldest that is read; any other is rebuilt from the segment. Version 1 does not tell of retained values. */
const INDEX_VERSION_OLDEST = 1;
/** Bytes of an index file's header. */
export const INDEX_HEADER_BYTES = 80;
/** A block of rows: whole rows and a CRC. */
export const ROW_BLOCK_BYTES = 4_096;
/** Rows in a block. */
export const ROWS_IN_BLOCK = 186;

const MAGIC = Buffer.from('sedgeidx');
const ROW_BYTES = 22;
/** A sample for each stretch of this many bytes of the segment. */
const SAMPLE_EVERY_BYTES = 65_536;
const RANGE_BYTES = 44;

/** The header of an index file. */
export interface IndexHeader {
  readonly version: number;
  /** Of the segment; an index of another one is no use. */
  readonly salt: number;
  /** Size of the segment when it was sealed. */
  readonly coveredBytes: number;
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly rows: number;
  readonly messages: number;
  readonly receivedMinMs: number;
  readonly receivedMaxMs: number;
  readonly lamportMax: number;
  readonly logs: number;
  readonly summaryBytes: number;
  readonly summaryCrc: number;
}

/** What a segment holds of a log, and where its rows stand. */
export interface IndexedLog {
  /** Its 40 bytes, a character each: see `RangeIndex.logOfKey`. */
  readonly key: string;
  readonly lastPosition: number;
  readonly rowStart: number;
  readonly rowCount: number;
  readonly numbers: HeldNumbers;
}

/** First record of each 64 KiB of a segment, with the highest receipt in that stretch. */
export interface IndexSamples {
  readonly position: Float64Array;
  readonly offset: Uint32Array;
  readonly receivedMaxMs: Float64Array;
}

/** All of an index file but its rows. */
export interface IndexSummary {
  readonly damage: readonly Stretch[];
  readonly samples: IndexSamples;
  readonly logs: readonly IndexedLog[];
  readonly publishes: PublishRuns;
  /** `null` where the file is of version 1. */
  readonly retained: RetainedValues | null;
}

/** The index file of a segment whose rows are in memory. */
export function encodeIndexFile(
  rows: SegmentRows,
  options: {
    readonly salt: number;
    readonly coveredBytes: number;
    readonly logKey: (log: number) => Pick<EntryHeader, 'author' | 'epoch'>;
  },
): Buffer {
  const summary = encodeSummary(rows, options.logKey);
  const header = Buffer.alloc(INDEX_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16BE(INDEX_VERSION, 8);
  header.writeUInt16BE(INDEX_HEADER_BYTES, 10);
  header.writeUInt32BE(options.salt, 12);
  header.writeUIntBE(options.coveredBytes, 16, 6);
  header.writeUIntBE(rows.firstPosition, 22, 6);
  header.writeUIntBE(rows.lastPosition, 28, 6);
  header.writeUInt32BE(rows.count, 34);
  header.writeUInt32BE(rows.messages, 38);
  header.writeUIntBE(rows.count === 0 ? 0 : rows.receivedMinMs, 42, 6);
  header.writeUIntBE(rows.receivedMaxMs, 48, 6);
  header.writeUIntBE(rows.lamportMax, 54, 6);
  header.writeUInt32BE(rows.byLog.size, 60);
  header.writeUInt32BE(summary.length, 64);
  header.writeUInt32BE(crc32c(summary), 68);
  header.writeUInt32BE(crc32c(header.subarray(0, 76)), 76);
  return Buffer.concat([header, summary, encodeRows(rows)]);
}

/** Reads the header; `null` if it is damaged or of another version. */
export function decodeIndexHeader(bytes: Buffer): IndexHeader | null {
  if (bytes.length < INDEX_HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  if (bytes.readUInt32BE(76) !== crc32c(bytes.subarray(0, 76))) return null;
  const version = bytes.readUInt16BE(8);
  if (version < INDEX_VERSION_OLDEST || version > INDEX_VERSION) return null;
  return {
    version,
    salt: bytes.readUInt32BE(12),
    coveredBytes: bytes.readUIntBE(16, 6),
    firstPosition: bytes.readUIntBE(22, 6),
    lastPosition: bytes.readUIntBE(28, 6),
    rows: bytes.readUInt32BE(34),
    messages: bytes.readUInt32BE(38),
    receivedMinMs: bytes.readUIntBE(42, 6),
    receivedMaxMs: bytes.readUIntBE(48, 6),
    lamportMax: bytes.readUIntBE(54, 6),
    logs: bytes.readUInt32BE(60),
    summaryBytes: bytes.readUInt32BE(64),
    summaryCrc: bytes.readUInt32BE(68),
  };
}

/** Reads the summary; `null` if it is damaged. */
export function decodeIndexSummary(bytes: Buffer, header: IndexHeader): IndexSummary | null {
  if (bytes.length !== header.summaryBytes || crc32c(bytes) !== header.summaryCrc) return null;
  const reader = new Reader(bytes);
  const damage: Stretch[] = [];
  for (let left = reader.u32(); left > 0; left--) damage.push({ from: reader.u32(), to: reader.u32() });
  const samples = readSamples(reader);
  const logs: IndexedLog[] = [];
  for (let left = header.logs; left > 0; left--) logs.push(readLog(reader));
  const publishes = new PublishRuns();
  for (let left = reader.u32(); left > 0; left--) readProducer(reader, publishes);
  const retained = header.version === 1 ? null : readRetained(reader, logs);
  return { damage, samples, logs, publishes, retained };
}

/** Where a block of rows begins and how long it is. */
export function rowBlockPlace(header: IndexHeader, block: number): { position: number; length: number } {
  const rows = Math.min(ROWS_IN_BLOCK, header.rows - block * ROWS_IN_BLOCK);
  const position = INDEX_HEADER_BYTES + header.summaryBytes + block * ROW_BLOCK_BYTES;
  return { position, length: rows * ROW_BYTES + 4 };
}

/** True if a block of rows is as it was written. */
export function isRowBlockWhole(block: Buffer): boolean {
  const end = block.length - 4;
  return end >= 0 && block.readUInt32BE(end) === crc32c(block.subarray(0, end));
}

/** Row `index` of a block. */
export function rowOfBlock(block: Buffer, index: number): SegmentRow {
  const at = index * ROW_BYTES;
  return {
    seq: block.readUIntBE(at, 6),
    position: block.readUIntBE(at + 6, 6),
    offset: block.readUInt32BE(at + 12),
    length: block.readUInt32BE(at + 16),
    count: block.readUInt16BE(at + 20),
  };
}

function encodeRows(rows: SegmentRows): Buffer {
  const blocks = Math.ceil(rows.count / ROWS_IN_BLOCK);
  const bytes = Buffer.alloc(rows.count * ROW_BYTES + blocks * 4);
  let index = 0;
  let at = 0;
  let blockAt = 0;
  for (const of of rows.byLog.values()) {
    for (const number of of.rows) {
      const row = rows.row(number);
      bytes.writeUIntBE(row.seq, at, 6);
      bytes.writeUIntBE(row.position, at + 6, 6);
      bytes.writeUInt32BE(row.offset, at + 12);
      bytes.writeUInt32BE(row.length, at + 16);
      bytes.writeUInt16BE(row.count, at + 20);
      at += ROW_BYTES;
      index++;
      if (index % ROWS_IN_BLOCK === 0 || index === rows.count) {
        at = bytes.writeUInt32BE(crc32c(bytes.subarray(blockAt, at)), at);
        blockAt = at;
      }
    }
  }
  return bytes;
}

function encodeSummary(
  rows: SegmentRows,
  logKey: (log: number) => Pick<EntryHeader, 'author' | 'epoch'>,
): Buffer {
  const parts: Buffer[] = [u32s(rows.damage.length)];
  for (const { from, to } of rows.damage) parts.push(u32s(from, to));
  parts.push(encodeSamples(rows));
  let rowStart = 0;
  for (const [log, of] of rows.byLog) {
    const { ranges, skips } = of.numbers;
    parts.push(encodeLogKey(logKey(log)), u48s(of.lastPosition));
    parts.push(u32s(rowStart, of.rows.length, ranges.length, skips.length));
    for (const range of ranges) {
      parts.push(u48s(range.first, range.last), Buffer.from(range.firstId + range.lastId, 'hex'));
    }
    for (const skip of skips) parts.push(u48s(skip.first, skip.last));
    rowStart += of.rows.length;
  }
  parts.push(u32s(rows.publishes.size));
  for (const [producer, runs] of rows.publishes.entries()) {
    const name = toUtf8(producer);
    parts.push(Buffer.of(name.length), Buffer.from(name), u32s(runs.length));
    for (const run of runs) {
      parts.push(u48s(run.n, run.seq), u32s(run.length), Buffer.from(run.epoch, 'hex'));
    }
  }
  parts.push(...encodeRetained(rows, logKey));
  return Buffer.concat(parts);
}

function encodeRetained(
  rows: SegmentRows,
  logKey: (log: number) => Pick<EntryHeader, 'author' | 'epoch'>,
): Buffer[] {
  // An author is named by a log of its own: the number of that in the summary.
  const logOfAuthor = new Map<string, number>();
  for (const [at, log] of [...rows.byLog.keys()].entries()) logOfAuthor.set(logKey(log).author, at);
  const parts = [u32s(rows.retained.size)];
  for (const { topic, author, lamport, seq, position, length, clears } of rows.retained.all()) {
    const name = toUtf8(topic);
    const head = Buffer.alloc(3);
    head.writeUInt16BE(name.length, 0);
    head[2] = clears ? 1 : 0;
    parts.push(head, Buffer.from(name), u48s(lamport, seq, position));
    parts.push(u32s(length, logOfAuthor.get(author)!));
  }
  return parts;
}

function encodeSamples(rows: SegmentRows): Buffer {
  const samples: { position: number; offset: number; receivedMaxMs: number }[] = [];
  let until = 0;
  for (let row = 0; row < rows.count; row++) {
    const { offset, position } = rows.row(row);
    if (offset >= until) {
      samples.push({ position, offset, receivedMaxMs: 0 });
      until = offset + SAMPLE_EVERY_BYTES;
    }
    const sample = samples.at(-1)!;
    sample.receivedMaxMs = Math.max(sample.receivedMaxMs, rows.receivedOfRow(row));
  }
  const parts = samples.map((sample) =>
    Buffer.concat([u48s(sample.position, sample.receivedMaxMs), u32s(sample.offset)]),
  );
  return Buffer.concat([u32s(samples.length), ...parts]);
}

function readSamples(reader: Reader): IndexSamples {
  const count = reader.u32();
  const samples: IndexSamples = {
    position: new Float64Array(count),
    offset: new Uint32Array(count),
    receivedMaxMs: new Float64Array(count),
  };
  for (let at = 0; at < count; at++) {
    samples.position[at] = reader.u48();
    samples.receivedMaxMs[at] = reader.u48();
    samples.offset[at] = reader.u32();
  }
  return samples;
}

function readLog(reader: Reader): IndexedLog {
  const keyAt = reader.take(LOG_KEY_BYTES);
  const key = reader.bytes.toString('latin1', keyAt, keyAt + LOG_KEY_BYTES);
  const lastPosition = reader.u48();
  const [rowStart, rowCount, ranges, skips] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const numbers = new HeldNumbers();
  for (let left = ranges; left > 0; left--) {
    const at = reader.take(RANGE_BYTES);
    numbers.ranges.push({
      first: reader.bytes.readUIntBE(at, 6),
      last: reader.bytes.readUIntBE(at + 6, 6),
      firstId: reader.bytes.toString('hex', at + 12, at + 28) as EntryId,
      lastId: reader.bytes.toString('hex', at + 28, at + 44) as EntryId,
    });
  }
  for (let left = skips; left > 0; left--) numbers.skips.push({ first: reader.u48(), last: reader.u48() });
  return { key, lastPosition, rowStart, rowCount, numbers };
}

function readProducer(reader: Reader, publishes: PublishRuns): void {
  const length = reader.bytes[reader.take(1)]!;
  const nameAt = reader.take(length);
  const name = fromUtf8(reader.bytes.subarray(nameAt, nameAt + length)) ?? '';
  const runs: PublishRun[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const [n, seq, count] = [reader.u48(), reader.u48(), reader.u32()];
    const epochAt = reader.take(8);
    const epoch = toHex(reader.bytes.subarray(epochAt, epochAt + 8)) as EpochId;
    runs.push({ n, seq, epoch, length: count });
  }
  publishes.restore(name, runs);
}

function readRetained(reader: Reader, logs: readonly IndexedLog[]): RetainedValues {
  const retained = new RetainedValues();
  for (let left = reader.u32(); left > 0; left--) {
    const at = reader.take(3);
    const nameAt = reader.take(reader.bytes.readUInt16BE(at));
    const topic = fromUtf8(reader.bytes.subarray(nameAt, reader.at)) ?? '';
    const [lamport, seq, position] = [reader.u48(), reader.u48(), reader.u48()];
    const length = reader.u32();
    const { author } = decodeLogKey(Buffer.from(logs[reader.u32()]!.key, 'latin1'), 0);
    retained.add({ topic, lamport, author, seq, position, length, clears: reader.bytes[at + 2] === 1 });
  }
  return retained;
}

/** Reads forward; the CRC was checked before, so it never meets an end. */
class Reader {
  readonly bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  take(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  u48(): number {
    return this.bytes.readUIntBE(this.take(6), 6);
  }
}

function u32s(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

function u48s(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 6);
  for (const [index, value] of values.entries()) bytes.writeUIntBE(value, index * 6, 6);
  return bytes;
}
