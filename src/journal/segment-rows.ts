import { type Entry, type EpochId, lastSeqOf } from '../entry/index.ts';
import { HeldNumbers } from './held-numbers.ts';
import type { LocalFacts } from './journal-face.ts';
import { RECORD_HEADER_BYTES } from './journal-record.ts';
import { PublishRuns } from './publish-runs.ts';
import { RetainedValues, retainedValuesOf } from './retained-values.ts';
import type { SegmentKind } from './segment-header.ts';

/** Where a record lies in its segment. */
export interface SegmentRow {
  readonly seq: number;
  readonly count: number;
  readonly position: number;
  /** Of the record in the file. */
  readonly offset: number;
  /** Bytes of the entry. */
  readonly length: number;
}

/** A damaged stretch of a segment: from, to (exclusive). */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What a segment that is still in memory holds of a log. */
export interface RowsOfLog {
  /** Row numbers, ascending by message number. */
  readonly rows: number[];
  readonly numbers: HeldNumbers;
  lastPosition: number;
}

/** The index of a segment while it is written or rebuilt: all rows in memory, as columns. */
export class SegmentRows {
  readonly byLog = new Map<number, RowsOfLog>();
  readonly publishes = new PublishRuns();
  readonly retained = new RetainedValues();
  readonly damage: Stretch[] = [];
  messages = 0;
  receivedMinMs = Number.MAX_SAFE_INTEGER;
  receivedMaxMs = 0;
  lamportMax = 0;
  #count = 0;
  #seq = new Float64Array(64);
  #position = new Float64Array(64);
  #received = new Float64Array(64);
  #offset = new Uint32Array(64);
  #length = new Uint32Array(64);
  #messages = new Uint16Array(64);
  #log = new Uint32Array(64);

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** Position of the last row, 0 if there is none. */
  get lastPosition(): number {
    return this.#count === 0 ? 0 : this.#position[this.#count - 1]!;
  }

  /** Position of the first row, 0 if there is none. */
  get firstPosition(): number {
    return this.#position[0]!;
  }

  /** Adds the record at `offset`. */
  add(entry: Entry, place: { log: number; position: number; offset: number }, facts: LocalFacts): void {
    const row = this.#count++;
    if (row === this.#seq.length) this.#grow();
    this.#seq[row] = entry.seq;
    this.#position[row] = place.position;
    this.#received[row] = facts.receivedAtMs;
    this.#offset[row] = place.offset;
    this.#length[row] = entry.bytes.length;
    this.#messages[row] = entry.count;
    this.#log[row] = place.log;
    this.messages += entry.count;
    this.receivedMinMs = Math.min(this.receivedMinMs, facts.receivedAtMs);
    this.receivedMaxMs = Math.max(this.receivedMaxMs, facts.receivedAtMs);
    this.lamportMax = Math.max(this.lamportMax, entry.lamport);
    this.#addToLog(entry, place.log, row);
    for (const value of retainedValuesOf(entry, place.position)) this.retained.add(value);
  }

  /** Messages of the rows behind a position. */
  messagesAfter(position: number): number {
    let messages = 0;
    for (let row = this.#count - 1; row >= 0 && this.#position[row]! > position; row--)
      messages += this.#messages[row]!;
    return messages;
  }

  /** Notes the publish ids of an own entry. */
  addPublishes(entry: Entry): void {
    if (entry.messages === null) return;
    for (const [index, message] of entry.messages.entries()) {
      if (message.publishId === undefined) continue;
      const at: { epoch: EpochId; seq: number } = { epoch: entry.epoch, seq: entry.seq + index };
      this.publishes.add(message.publishId.producer, message.publishId.n, at);
    }
  }

  /** The row of a number below {@link SegmentRows.count}. */
  row(row: number): SegmentRow {
    return {
      seq: this.#seq[row]!,
      count: this.#messages[row]!,
      position: this.#position[row]!,
      offset: this.#offset[row]!,
      length: this.#length[row]!,
    };
  }

  /** Number of the log of a row. */
  logOfRow(row: number): number {
    return this.#log[row]!;
  }

  /** Receipt of a row's entry, milliseconds since 1970. */
  receivedOfRow(row: number): number {
    return this.#received[row]!;
  }

  /** Where the record of a row ends in the file. */
  endOfRow(row: number): number {
    return this.#offset[row]! + RECORD_HEADER_BYTES + this.#length[row]!;
  }

  /** First row at or after a position. */
  rowAtPosition(position: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#position[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index in a log's rows of the first that reaches `seq`. */
  indexAtSeq(rows: readonly number[], seq: number): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = rows[middle]!;
      if (this.#seq[row]! + this.#messages[row]! <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #addToLog(entry: Entry, log: number, row: number): void {
    let of = this.byLog.get(log);
    if (of === undefined) {
      of = { rows: [], numbers: new HeldNumbers(), lastPosition: 0 };
      this.byLog.set(log, of);
    }
    const top = of.rows.at(-1);
    if (top === undefined || this.#seq[top]! < entry.seq) of.rows.push(row);
    else of.rows.splice(this.indexAtSeq(of.rows, entry.seq), 0, row);
    of.lastPosition = this.#position[row]!;
    of.numbers.hold({ first: entry.seq, last: lastSeqOf(entry), firstId: entry.id, lastId: entry.id });
    if (entry.skip > 0) of.numbers.declareUnused(Math.max(1, entry.seq - entry.skip), entry.seq - 1);
  }

  #grow(): void {
    const size = this.#seq.length * 2;
    this.#seq = copyInto(new Float64Array(size), this.#seq);
    this.#position = copyInto(new Float64Array(size), this.#position);
    this.#received = copyInto(new Float64Array(size), this.#received);
    this.#offset = copyInto(new Uint32Array(size), this.#offset);
    this.#length = copyInto(new Uint32Array(size), this.#length);
    this.#messages = copyInto(new Uint16Array(size), this.#messages);
    this.#log = copyInto(new Uint32Array(size), this.#log);
  }
}

/** Names a segment among those of its channel. */
export interface SegmentName {
  readonly kind: SegmentKind;
  readonly firstPosition: number;
}

function copyInto<T extends Float64Array | Uint32Array | Uint16Array>(to: T, from: T): T {
  to.set(from);
  return to;
}
