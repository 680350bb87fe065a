import { Buffer } from 'node:buffer';
import type { Entry, LogId } from '../entry/index.ts';
import { logIdOf } from '../entry/index.ts';
import type { Result } from '../errors/index.ts';
import { FileWindow } from './file-window.ts';
import { isRecordWhole, parseRecordHeader, RECORD_HEADER_BYTES } from './journal-record.ts';
import { LogMerge } from './log-merge.ts';
import { isEnded, type RangeIndex } from './range-index.ts';
import { ReadBudget } from './read-budget.ts';
import type { RecordCache } from './record-cache.ts';
import type { Segment } from './segment.ts';
import { SEGMENT_KINDS, type SegmentKind } from './segment-header.ts';
import type { SegmentRow } from './segment-rows.ts';
import type { SegmentStore } from './segment-store.ts';
import { SegmentUnsound } from './segment-unsound.ts';
import type { ReadOptions, StoredRecord } from './stored-record.ts';

/** Records nearer to each other than this are read in one go. */
const JOIN_GAP_BYTES = 4_096;
/** Reads under way at once. */
const READS_AT_ONCE = 16;
/** One read takes at most about this much. */
const JOIN_BYTES_MAX = 262_144;

/** A row that was chosen, and the segment it is of. */
interface Pick {
  readonly segment: Segment;
  readonly row: SegmentRow;
  readonly log: LogId;
}

/** Reads records back, by number or in order of arrival. */
export class JournalReader {
  readonly #store: SegmentStore;
  readonly #index: RangeIndex;
  readonly #cache: RecordCache;
  readonly #decode: (bytes: Uint8Array) => Result<Entry>;
  readonly #durable: () => number;
  readonly #last: () => number;

  constructor(
    store: SegmentStore,
    cache: RecordCache,
    positions: { readonly durable: () => number; readonly last: () => number },
  ) {
    this.#store = store;
    this.#index = store.context.index;
    this.#decode = store.context.decode;
    this.#cache = cache;
    this.#durable = positions.durable;
    this.#last = positions.last;
  }

  /** Records of a log that reach `fromSeq`, ascending, up to those that begin after `throughSeq`. */
  async readLog(
    log: LogId,
    fromSeq: number,
    options: ReadOptions & { readonly throughSeq?: number } = {},
  ): Promise<StoredRecord[]> {
    const held = this.#index.get(log);
    if (held === undefined) return [];
    const throughSeq = options.throughSeq ?? Number.MAX_SAFE_INTEGER;
    const budget = new ReadBudget(options);
    const highest = options.durableOnly === true ? this.#durable() : Number.MAX_SAFE_INTEGER;
    const picks: Pick[] = [];
    const merge = new LogMerge(this.#store, held.number, fromSeq);
    for (;;) {
      const next = await merge.next();
      if (next === null || next.row.seq > throughSeq) break;
      if (next.row.position > highest) continue;
      if (options.ended !== true && isEnded(held, next.row.seq + next.row.count - 1)) continue;
      if (!budget.take(next.row.length)) break;
      picks.push({ ...next, log });
    }
    return this.#fetch(picks);
  }

  /** Records at or after a position, in order of arrival. */
  async readArrival(
    fromPosition: number,
    options: ReadOptions & { readonly throughPosition?: number } = {},
  ): Promise<StoredRecord[]> {
    // Fixed now: own and carried files are read one after the other while more arrives.
    const newest = options.durableOnly === true ? this.#durable() : this.#last();
    const through = Math.min(options.throughPosition ?? newest, newest);
    if (fromPosition >= this.#cache.oldest) return this.#readCached(fromPosition, through, options);
    const byKind = await Promise.all(
      SEGMENT_KINDS.map((kind) => this.#readKind(kind, { from: fromPosition, through }, options)),
    );
    // A kind that stopped early has more behind its last record; nothing beyond may be told yet.
    const limit = Math.min(
      ...byKind.map(({ complete, records }) => (complete ? through : records.at(-1)!.position)),
    );
    const budget = new ReadBudget(options);
    return byKind
      .flatMap(({ records }) => records)
      .filter(({ position }) => position <= limit)
      .sort((a, b) => a.position - b.position)
      .filter(({ bytes }) => budget.take(bytes.length));
  }

  /** Record headers of a segment from a row or sample on, for the first that passes `test`. */
  async findInSegment(
    segment: Segment,
    fromOffset: number,
    test: (record: { position: number; receivedAtMs: number }) => boolean,
  ): Promise<number | null> {
    const window = this.#windowOf(segment);
    let at = fromOffset;
    while (at < segment.size) {
      at = skipDamage(segment, at);
      if (at >= segment.size) break;
      const head = parseRecordHeader(
        await this.#view(segment, window, at, RECORD_HEADER_BYTES),
        0,
        segment.salt,
      );
      if (head === null) throw new SegmentUnsound(segment, 'no record header');
      if (test({ position: head.position, receivedAtMs: head.facts.receivedAtMs })) return head.position;
      at += RECORD_HEADER_BYTES + head.length;
    }
    return null;
  }

  #readCached(from: number, through: number, options: ReadOptions): StoredRecord[] {
    const records: StoredRecord[] = [];
    const budget = new ReadBudget(options);
    for (let position = from; position <= through; position++) {
      const record = this.#cache.get(position);
      if (record === undefined) break;
      if (this.#isEnded(record)) continue;
      if (!budget.take(record.bytes.length)) break;
      records.push(record);
    }
    return records;
  }

  async #readKind(
    kind: SegmentKind,
    range: { readonly from: number; readonly through: number },
    options: ReadOptions,
  ): Promise<{ records: StoredRecord[]; complete: boolean }> {
    const budget = new ReadBudget(options);
    const records: StoredRecord[] = [];
    const segments = this.#store.segments[kind];
    for (const segment of segments.slice(firstReaching(segments, range.from))) {
      if (segment.firstPosition > range.through) break;
      const whole =
        segment.rows === null
          ? await this.#readSealed(segment, { ...range, budget, records })
          : await this.#readOpen(segment, { ...range, budget, records });
      if (!whole) return { records, complete: false };
    }
    return { records, complete: true };
  }

  async #readOpen(segment: Segment, into: ArrivalRead): Promise<boolean> {
    const rows = segment.rows!;
    const picks: Pick[] = [];
    let whole = true;
    for (let at = rows.rowAtPosition(into.from); at < rows.count; at++) {
      const row = rows.row(at);
      if (row.position > into.through) break;
      const held = this.#index.byNumber(rows.logOfRow(at));
      if (isEnded(held, row.seq + row.count - 1)) continue;
      whole = into.budget.take(row.length);
      if (!whole) break;
      picks.push({ segment, row, log: held.log });
    }
    into.records.push(...(await this.#fetch(picks)));
    return whole;
  }

  async #readSealed(segment: Segment, into: ArrivalRead): Promise<boolean> {
    const window = this.#windowOf(segment);
    let at = sampleOffset(segment, into.from);
    while (at < segment.size) {
      at = skipDamage(segment, at);
      if (at >= segment.size) break;
      const head = parseRecordHeader(
        await this.#view(segment, window, at, RECORD_HEADER_BYTES),
        0,
        segment.salt,
      );
      if (head === null) throw new SegmentUnsound(segment, 'no record header');
      if (head.position > into.through) return true;
      const end = at + RECORD_HEADER_BYTES + head.length;
      if (head.position >= into.from) {
        if (!into.budget.hasRoomFor(head.length)) return false;
        const bytes = await this.#view(segment, window, at, end - at);
        if (!isRecordWhole(bytes, 0, head.length, segment.salt)) throw new SegmentUnsound(segment, 'CRC');
        const entry = bytes.subarray(RECORD_HEADER_BYTES, end - at);
        const record = this.#cache.get(head.position) ?? this.#decoded(segment, entry, head);
        if (!this.#isEnded(record)) {
          into.budget.take(head.length);
          into.records.push(record);
        }
      }
      at = end;
    }
    return true;
  }

  #isEnded({ log, seq, count }: StoredRecord): boolean {
    return isEnded(this.#index.get(log), seq + count - 1);
  }

  #decoded(
    segment: Segment,
    bytes: Uint8Array,
    head: { position: number; facts: StoredRecord['facts'] },
  ): StoredRecord {
    const decoded = this.#decode(bytes);
    if (!decoded.ok) throw new SegmentUnsound(segment, decoded.code);
    const entry = decoded.value;
    const { position, facts } = head;
    return { bytes, log: logIdOf(entry), seq: entry.seq, count: entry.count, position, facts, entry };
  }

  /** Reads the records of chosen rows: neighbours in one go, a few of those at a time. */
  async #fetch(picks: readonly Pick[]): Promise<StoredRecord[]> {
    const runs: (readonly Pick[])[] = [];
    for (let at = 0; at < picks.length; ) {
      const to = this.#neighbours(picks, at);
      runs.push(picks.slice(at, to));
      at = to;
    }
    const records: StoredRecord[] = [];
    for (let at = 0; at < runs.length; at += READS_AT_ONCE) {
      const group = runs.slice(at, at + READS_AT_ONCE).map((run) => this.#fetchRun(run));
      for (const run of await Promise.all(group)) records.push(...run);
    }
    return records;
  }

  /** End of the picks from `at` that lie close behind each other in one segment. */
  #neighbours(picks: readonly Pick[], at: number): number {
    const { segment, row } = picks[at]!;
    let end = row.offset + RECORD_HEADER_BYTES + row.length;
    let to = at + 1;
    if (this.#cache.get(row.position) !== undefined) return to;
    while (to < picks.length) {
      const next = picks[to]!;
      const gap = next.row.offset - end;
      if (next.segment !== segment || gap < 0 || gap > JOIN_GAP_BYTES) break;
      if (end - row.offset > JOIN_BYTES_MAX || this.#cache.get(next.row.position) !== undefined) break;
      end = next.row.offset + RECORD_HEADER_BYTES + next.row.length;
      to++;
    }
    return to;
  }

  async #fetchRun(picks: readonly Pick[]): Promise<StoredRecord[]> {
    const cached = this.#cache.get(picks[0]!.row.position);
    if (cached !== undefined) return [cached];
    const { segment } = picks[0]!;
    const from = picks[0]!.row.offset;
    const last = picks.at(-1)!.row;
    const length = last.offset + RECORD_HEADER_BYTES + last.length - from;
    const buffer = Buffer.allocUnsafeSlow(length);
    const bytes = buffer.subarray(0, await this.#read(segment, buffer, from));
    return picks.map(({ row, log }) => {
      const at = row.offset - from;
      const head = parseRecordHeader(bytes, at, segment.salt);
      if (head === null || head.position !== row.position || head.length !== row.length) {
        throw new SegmentUnsound(segment, 'not the record of the index');
      }
      if (!isRecordWhole(bytes, at, head.length, segment.salt)) throw new SegmentUnsound(segment, 'CRC');
      const start = at + RECORD_HEADER_BYTES;
      const { seq, count, position } = row;
      return {
        bytes: bytes.subarray(start, start + head.length),
        log,
        seq,
        count,
        position,
        facts: head.facts,
      };
    });
  }

  async #read(segment: Segment, into: Uint8Array, offset: number): Promise<number> {
    try {
      return await segment.read(into, offset, this.#store.files);
    } catch (error) {
      throw new SegmentUnsound(segment, error);
    }
  }

  #windowOf(segment: Segment): FileWindow {
    return new FileWindow((into, position) => this.#read(segment, into, position), segment.size);
  }

  async #view(segment: Segment, window: FileWindow, at: number, length: number) {
    const bytes = await window.view(at, length);
    if (bytes.length < length) throw new SegmentUnsound(segment, 'the file is too short');
    return bytes;
  }
}

interface ArrivalRead {
  readonly from: number;
  readonly through: number;
  readonly budget: ReadBudget;
  readonly records: StoredRecord[];
}

function firstReaching(segments: readonly Segment[], position: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segments[middle]!.lastPosition < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Offset of a record of a sealed segment at or before `position`. */
function sampleOffset(segment: Segment, position: number): number {
  const { samples } = segment.sealed!;
  let low = 0;
  let high = samples.position.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (samples.position[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return samples.offset[Math.max(0, low - 1)] ?? segment.size;
}

function skipDamage(segment: Segment, at: number): number {
  const damage = segment.sealed?.damage ?? segment.rows?.damage ?? [];
  for (const stretch of damage)
    if (at >= stretch.from && at < stretch.to) return skipDamage(segment, stretch.to);
  return at;
}
