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

  /** `false` where the next record is too much; the first never is. */
  take(bytes: number): boolean {
    if (!this.#empty && (bytes > this.#bytes || this.#records <= 0)) {
      this.#bytes = 0;
      this.#records = 0;
      return false;
    }
    this.#empty = false;
    this.#bytes -= bytes;
    this.#records--;
    return true;
  }
}
