/** What {@link readRawCbor} makes of an item; maps are lists of pairs. */
export type RawItem =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | RawItem[]
  | { readonly pairs: [RawItem, RawItem][] };

const DEPTH_MAX = 16;

/**
 * Reads one CBOR item (RFC 8949): integers, strings, arrays, maps, `false`, `true`, `null`. Throws on everything else. Written
 * for the checkers: what they find must not rest on the decoder of the code that they check.
 */
export function readRawCbor(bytes: Uint8Array): RawItem {
  const reader = new RawReader(bytes);
  const item = reader.item(0);
  if (!reader.atEnd) throw new RangeError('bytes behind the item');
  return item;
}

class RawReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): RawItem {
    if (depth > DEPTH_MAX) throw new RangeError('too deep');
    const first = this.#view.getUint8(this.#at++);
    const [major, low] = [first >> 5, first & 0x1f];
    if (major === 7) return simpleOf(low);
    const argument = this.#argument(low);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.#take(argument);
      case 3:
        return new TextDecoder('utf-8', { fatal: true }).decode(this.#take(argument));
      case 4:
        return Array.from({ length: argument }, () => this.item(depth + 1));
      case 5:
        return {
          pairs: Array.from({ length: argument }, () => [this.item(depth + 1), this.item(depth + 1)]),
        };
      default:
        throw new RangeError(`major type ${major}`);
    }
  }

  #argument(low: number): number {
    const at = this.#at;
    if (low < 24) return low;
    if (low > 27) throw new RangeError('indefinite length');
    const width = 1 << (low - 24);
    this.#at += width;
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at);
    if (width === 4) return this.#view.getUint32(at);
    return Number(this.#view.getBigUint64(at));
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new RangeError('longer than what there is');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function simpleOf(low: number): RawItem {
  if (low === 20) return false;
  if (low === 21) return true;
  if (low === 22) return null;
  throw new RangeError(`simple value ${low}`);
}
