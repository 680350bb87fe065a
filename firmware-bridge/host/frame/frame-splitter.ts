import type { Counters, ErrorCode } from '../../../src/errors/index.ts';
import { cobsLengthMax, decodeCobs } from './cobs.ts';
import type { Frame } from './frame.ts';
import { decodeBody } from './frame-codec.ts';
import { cutPlace, isPrintable, isTextChunk, linesOf } from './printable-text.ts';

/** What a splitter finds in the bytes of a port. */
export type Found =
  | { readonly kind: 'frame'; readonly frame: Frame; readonly bytes: number }
  | { readonly kind: 'text'; readonly line: string };

/** How a splitter is made. */
export interface FrameSplitterOptions {
  /** Largest body that is taken. */
  readonly mtu: number;
}

/** Tells frames, text and noise in a stream of bytes apart. Keeps at most one chunk of the largest frame's size. */
export class FrameSplitter {
  readonly #mtu: number;
  readonly #counters: Counters;
  /** Bytes since the last zero that did not come whole. */
  readonly #chunk: Uint8Array;
  #length = 0;
  #noise = 0;
  /** What a chunk that is too long for a frame turned out to be. */
  #overlong: 'no' | 'text' | 'noise' = 'no';

  constructor({ mtu }: FrameSplitterOptions, counters: Counters) {
    this.#mtu = mtu;
    this.#counters = counters;
    this.#chunk = new Uint8Array(cobsLengthMax(mtu));
  }

  /** How many chunks were neither frames nor text. */
  get noise(): number {
    return this.#noise;
  }

  /** Takes the next bytes of the port, in pieces of any size. */
  push(bytes: Uint8Array): Found[] {
    const found: Found[] = [];
    let at = 0;
    while (at < bytes.length) {
      const zero = bytes.indexOf(0, at);
      const end = zero < 0 ? bytes.length : zero;
      this.#gather(bytes.subarray(at, end), found);
      if (zero >= 0) this.#close(found);
      at = end + 1;
    }
    return found;
  }

  /** Forgets the chunk that has begun: the port was opened anew. */
  reset(): void {
    this.#length = 0;
    this.#overlong = 'no';
  }

  #gather(piece: Uint8Array, found: Found[]): void {
    let rest = piece;
    while (rest.length > 0 && this.#overlong !== 'noise') {
      const taken = rest.subarray(0, this.#chunk.length - this.#length);
      this.#chunk.set(taken, this.#length);
      this.#length += taken.length;
      rest = rest.subarray(taken.length);
      if (rest.length > 0) this.#overflow(found);
    }
  }

  /** No frame is as long as this: its text is shown line by line, all else is passed over up to the next zero. */
  #overflow(found: Found[]): void {
    const cut = cutPlace(this.#chunk.subarray(0, this.#length));
    const text = this.#chunk.subarray(0, cut);
    if (!isPrintable(text)) {
      this.#overlong = 'noise';
      this.#length = 0;
      return;
    }
    this.#overlong = 'text';
    for (const line of linesOf(text)) found.push({ kind: 'text', line });
    this.#chunk.copyWithin(0, cut, this.#length);
    this.#length -= cut;
  }

  #close(found: Found[]): void {
    const chunk = this.#chunk.subarray(0, this.#length);
    const overlong = this.#overlong;
    this.reset();
    if (overlong === 'noise') this.#count('frame.too-long');
    if (chunk.length === 0) return;
    const read = overlong === 'no' ? this.#read(chunk) : 'frame.too-long';
    if (typeof read !== 'string') found.push({ kind: 'frame', frame: read, bytes: chunk.length + 2 });
    // A frame of another version or type is whole; what only failed to be one may be text.
    else if (WHOLE.has(read) || !isTextChunk(chunk)) this.#count(read);
    else for (const line of linesOf(chunk)) found.push({ kind: 'text', line });
  }

  #count(code: ErrorCode): void {
    this.#noise++;
    this.#counters.count(code);
  }

  #read(chunk: Uint8Array): Frame | ErrorCode {
    const body = decodeCobs(chunk);
    if (body === null) return 'frame.bad-cobs';
    return body.length > this.#mtu ? 'frame.too-long' : decodeBody(body);
  }
}

const WHOLE: ReadonlySet<ErrorCode> = new Set(['frame.wrong-version', 'frame.unknown-type']);
