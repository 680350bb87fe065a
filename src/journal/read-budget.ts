import { READ_DEFAULTS, type ReadOptions } from './stored-record.ts';

/** What a read may still return. */
export class ReadBudget {
  #bytes: number;
  #records: number;
  #empty = true;

  constructor(options: ReadOptions) {
    this.#bytes = options.bytesMax ?? READ_DEFAULTS.bytesMax;
    this.#records = options.recordsMax ?? READ_DEFAULTS.recordsMax;
  }

  /** `false` where the next record is too much, and from then on; the first never is. */
  hasRoomFor(bytes: number): boolean {
    if (this.#empty || (bytes <= this.#bytes && this.#records > 0)) return true;
    this.#bytes = 0;
    this.#records = 0;
    return false;
  }

  /** Takes the next record in, where there is room for it. */
  take(bytes: number): boolean {
    if (!this.hasRoomFor(bytes)) return false;
    this.#empty = false;
    this.#bytes -= bytes;
    this.#records--;
    return true;
  }
}
