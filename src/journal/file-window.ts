import { Buffer } from 'node:buffer';

/** Reads at least this much at once. */
const CHUNK_BYTES = 65_536;
/** A read that fails is tried again in pages, so that one bad page costs a page. */
const PAGE_BYTES = 4_096;

/** Reads up to `into.length` bytes of a file at a position. */
export type ReadAt = (into: Uint8Array, position: number) => Promise<number>;

/** Reads a file forward through one buffer. */
export class FileWindow {
  readonly #read: ReadAt;
  readonly #size: number;
  readonly #onUnreadable: ((error: unknown) => void) | null;
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;

  /**
   * `onUnreadable`: told of pages that cannot be read, which then count as zeros; without it the error is
   * thrown.
   */
  constructor(read: ReadAt, size: number, onUnreadable: ((error: unknown) => void) | null = null) {
    this.#read = read;
    this.#size = size;
    this.#onUnreadable = onUnreadable;
  }

  /**
   * Bytes from `at`: at least `length`, fewer only at the end of the file. A view: valid as long as the caller
   * likes, as a full window is replaced and never overwritten.
   */
  async view(at: number, length: number): Promise<Buffer> {
    const end = Math.min(at + length, this.#size);
    if (at >= this.#start && end <= this.#start + this.#buffer.length) {
      return this.#buffer.subarray(at - this.#start);
    }
    const bytes = Math.max(0, Math.min(Math.max(length, CHUNK_BYTES), this.#size - at));
    this.#buffer = await this.#load(at, bytes);
    this.#start = at;
    return this.#buffer;
  }

  async #load(at: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length);
    try {
      return buffer.subarray(0, await this.#read(buffer, at));
    } catch (error) {
      if (this.#onUnreadable === null) throw error;
    }
    for (let from = 0; from < length; from += PAGE_BYTES) {
      const page = buffer.subarray(from, Math.min(from + PAGE_BYTES, length));
      try {
        page.fill(0, await this.#read(page, at + from));
      } catch (error) {
        page.fill(0);
        this.#onUnreadable(error);
      }
    }
    return buffer;
  }
}
