import { Buffer } from 'node:buffer';
import { SedgeError } from '../../src/errors/index.ts';

const NEWLINE = 0x0a;

/** Longest line that is taken: a payload of 1 MiB, each byte of it escaped as `\u0000`, and the rest. */
export const LINE_BYTES_MAX = 8 * 1_048_576;

/** Cuts a stream of bytes into whole lines. Chunks are handed on in one piece, as splitting text is cheaper. */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(lineBytesMax: number = LINE_BYTES_MAX) {
    this.#lineBytesMax = lineBytesMax;
  }

  /**
   * Takes a chunk and returns all lines that it completes as one piece, without the last newline; `null` if it
   * completes none. Throws `agent.too-large` for a line over the limit.
   */
  push(chunk: Buffer): Buffer | null {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#keep(chunk);
      return null;
    }
    const head = chunk.subarray(0, end);
    const lines = this.#restBytes === 0 ? head : Buffer.concat([...this.#rest, head]);
    this.#rest = [];
    this.#restBytes = 0;
    if (end + 1 < chunk.length) this.#keep(chunk.subarray(end + 1));
    return lines;
  }

  /** What came after the last newline; `null` if nothing did. */
  end(): Buffer | null {
    const rest = this.#restBytes === 0 ? null : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    return rest;
  }

  #keep(part: Buffer): void {
    this.#rest.push(part);
    this.#restBytes += part.length;
    if (this.#restBytes > this.#lineBytesMax) {
      throw new SedgeError('agent.too-large', { limitBytes: this.#lineBytesMax });
    }
  }
}
