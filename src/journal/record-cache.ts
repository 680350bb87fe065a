import type { StoredRecord } from './stored-record.ts';

/** A decoded message costs about this much beside the bytes of its entry. */
const MESSAGE_COST_BYTES = 200;
const RECORD_COST_BYTES = 400;

/** The newest records, by position: what is not durable yet, and before that as much as the limit allows. */
export class RecordCache {
  readonly #bytesMax: number;
  readonly #records = new Map<number, StoredRecord>();
  #bytes = 0;
  #oldest = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds the record of the next position. */
  add(record: StoredRecord): void {
    if (this.#records.size === 0) this.#oldest = record.position;
    this.#records.set(record.position, record);
    this.#bytes += costOf(record);
  }

  /** The record of a position, if it is still here. */
  get(position: number): StoredRecord | undefined {
    return this.#records.get(position);
  }

  /** Lowest position here; `Infinity` if it is empty. All positions from it to the newest are here. */
  get oldest(): number {
    return this.#records.size === 0 ? Number.POSITIVE_INFINITY : this.#oldest;
  }

  /** Drops all up to a position, which must be durable: its records may be on disk no longer. */
  forgetThrough(position: number): void {
    while (this.oldest <= position) this.#evictOldest();
  }

  /** Drops what is over the limit, up to a position that can be read from disk. */
  evict(durablePosition: number): void {
    while (this.#bytes > this.#bytesMax && this.oldest <= durablePosition) this.#evictOldest();
  }

  #evictOldest(): void {
    this.#bytes -= costOf(this.#records.get(this.#oldest)!);
    this.#records.delete(this.#oldest);
    this.#oldest++;
  }
}

function costOf(record: StoredRecord): number {
  return record.bytes.length + RECORD_COST_BYTES + record.count * MESSAGE_COST_BYTES;
}
