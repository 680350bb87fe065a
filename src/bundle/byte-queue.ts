import { Buffer } from 'node:buffer';

/** Bytes that come in chunks, looked at in front. Holds what was asked for and at most a chunk more. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** What is held, from the front. */
  get bytes(): Buffer {
    return this.#held;
  }

  /** Holds at least so many bytes, or all that are left; returns whether there are so many. */
  async fill(count: number): Promise<boolean> {
    if (this.#held.length >= count || this.#ended) return this.#held.length >= count;
    const parts: Uint8Array[] = [this.#held];
    let size = this.#held.length;
    while (size < count && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else {
        parts.push(next.value);
        size += next.value.length;
      }
    }
    this.#held = Buffer.concat(parts);
    return size >= count;
  }

  /** Takes bytes off the front. They stay as they are while anybody holds them. */
  take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** Ends the source early. */
  async end(): Promise<void> {
    if (!this.#ended) await this.#source.return?.();
    this.#ended = true;
  }
}
