import { Buffer, isUtf8 } from 'node:buffer';
import { accept, type Result, refuse } from '../../../src/errors/index.ts';
import { shortestOfFloat16, shortestOfFloat32 } from './shortest-decimal.ts';

/**
 * What a device can say. Floats come as the number with the fewest digits that reads back as the same float;
 * integers beyond 2^53 as BigInt.
 */
export type DeviceValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly DeviceValue[]
  | ReadonlyMap<string, DeviceValue>;

/** Deepest nesting that is taken. */
export const VALUE_DEPTH_MAX = 8;

/**
 * Decodes exactly one item of the CBOR that devices speak (RFC 8949): integers, floats of 16, 32 and 64 bits,
 * booleans, null, texts, byte strings, arrays, and maps with texts or integers as keys. Refuses
 * (`record.bad-value`) bytes behind it, indefinite lengths, lengths and integers that are not minimal, tags, other
 * simple values, invalid UTF-8, a key twice in a map, and nesting over {@link VALUE_DEPTH_MAX}.
 */
export function decodeDeviceValue(bytes: Uint8Array): Result<DeviceValue> {
  const reader = new ValueReader(bytes);
  try {
    const value = reader.item(0);
    return reader.isAtEnd ? accept(value) : refuse('record.bad-value');
  } catch (error) {
    if (error === MALFORMED) return refuse('record.bad-value');
    throw error;
  }
}

/** Thrown inside this file alone, where a value would have to pass through every level of a nested item. */
const MALFORMED = new Error('malformed');

class ValueReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): DeviceValue {
    if (depth > VALUE_DEPTH_MAX) throw MALFORMED;
    const initial = this.#bytes[this.#take(1)]!;
    const major = initial >> 5;
    const info = initial & 31;
    if (major === 7) return this.#simple(info);
    const argument = this.#argument(info);
    if (major === 0) return argument;
    if (major === 1) return this.#negative(argument);
    if (typeof argument === 'bigint') throw MALFORMED;
    if (major === 2) return this.#string(argument).slice();
    if (major === 3) return this.#text(argument);
    if (major === 4) return this.#array(argument, depth);
    if (major === 5) return this.#map(argument, depth);
    throw MALFORMED;
  }

  /** Offset of the next `length` bytes, which are there. */
  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw MALFORMED;
    this.#at += length;
    return at;
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info > 27) throw MALFORMED;
    const size = 1 << (info - 24);
    const at = this.#take(size);
    if (size === 8) return this.#long(at);
    const value =
      size === 1 ? this.#bytes[at]! : size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
    if (value < (size === 1 ? 24 : 2 ** (size * 4))) throw MALFORMED;
    return value;
  }

  #long(at: number): number | bigint {
    const value = this.#view.getBigUint64(at);
    if (value < 2n ** 32n) throw MALFORMED;
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  #negative(argument: number | bigint): number | bigint {
    if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
    return -1n - BigInt(argument);
  }

  #string(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    const bytes = this.#string(length);
    if (!isUtf8(bytes)) throw MALFORMED;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  #array(length: number, depth: number): DeviceValue[] {
    // Each item takes a byte at least: a length beyond what is there allocates nothing.
    if (length > this.#bytes.length - this.#at) throw MALFORMED;
    const items: DeviceValue[] = [];
    for (let index = 0; index < length; index++) items.push(this.item(depth + 1));
    return items;
  }

  #map(length: number, depth: number): Map<string, DeviceValue> {
    if (length * 2 > this.#bytes.length - this.#at) throw MALFORMED;
    const map = new Map<string, DeviceValue>();
    for (let index = 0; index < length; index++) {
      const key = this.item(depth + 1);
      if (typeof key !== 'string' && typeof key !== 'number') throw MALFORMED;
      map.set(String(key), this.item(depth + 1));
    }
    if (map.size !== length) throw MALFORMED;
    return map;
  }

  #simple(info: number): DeviceValue {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    if (info === 25) return shortestOfFloat16(this.#float16(this.#take(2)));
    if (info === 26) return shortestOfFloat32(this.#view.getFloat32(this.#take(4)));
    if (info === 27) return this.#view.getFloat64(this.#take(8));
    throw MALFORMED;
  }

  /** DataView reads float16 in newer engines only (RFC 8949, appendix D). */
  #float16(at: number): number {
    const half = this.#view.getUint16(at);
    const exponent = (half >> 10) & 31;
    const fraction = half & 0x3ff;
    const sign = half & 0x8000 ? -1 : 1;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
}
