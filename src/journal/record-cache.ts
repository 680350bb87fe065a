import type { StoredRecord } from './stored-record.ts';

/** A decoded message costs about this much beside the bytes of its entry. */
const MESSAGE_COST_BYTES = 200;
const RECORD_COST_BYTES = 400;

/** The newest records, by position: what is not durable yet, and before that as much as the limit allows. */
export class RecordCache {
  readonly #bytesMax: number;
  readonly #records = new Map<number, StoredRecord>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds the record with the highest position so far. */
  add(record: StoredRecord): void {
    this.#records.set(record.position, record);
    this.#bytes += costOf(record);
  }

  /** The record of a position, if it is still here. */
  get(position: number): StoredRecord | undefined {
    return this.#records.get(position);
  }

  /** Lowest position here; `Infinity` if it is empty. All positions from it to the newest are here. */
  get oldest(): number {
    const first = this.#records.keys().next();
    return first.done === true ? Number.POSITIVE_INFINITY : first.value;
  }

  /** Drops what is over the limit, up to a position that can be read from disk. */
  evict(durablePosition: number): void {
    while (this.#bytes > this.#bytesMax) {
      const first = this.#records.entries().next();
      if (first.done === true || first.value[0] > durablePosition) return;
      this.#records.delete(first.value[0]);
      this.#bytes -= costOf(first.value[1]);
    }
  }
}

function costOf(record: StoredRecord): number {
  return record.bytes.length + RECORD_COST_BYTES + record.count * MESSAGE_COST_BYTES;
}
