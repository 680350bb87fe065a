import { Buffer, isUtf8 } from 'node:buffer';
import { Decoder, Encoder } from 'cbor-x';
import { accept, type Result, refuse } from '../errors/index.ts';

/** Deepest nesting that {@link decodeCbor} takes. */
export const CBOR_DEPTH_MAX = 16;

const encoder = new Encoder({
  useRecords: false,
  mapsAsObjects: false,
  tagUint8Array: false,
  variableMapSize: true,
});
const decoder = new Decoder({
  useRecords: false,
  mapsAsObjects: false,
  tagUint8Array: false,
  int64AsNumber: true,
} as object);

/** First byte of a negative integer of 8 bytes. */
const LONG_NEGATIVE = 0x3b;

/** Reads long integers as BigInt: with `int64AsNumber`, cbor-x 1.6 reads {@link LONG_NEGATIVE} as a wrong number. */
const bigIntDecoder = new Decoder({
  useRecords: false,
  mapsAsObjects: false,
  tagUint8Array: false,
} as object);

/**
 * CBOR (RFC 8949) of arrays, `Map`s, texts, `Uint8Array`s, safe integers, booleans and null, with minimal
 * lengths. Map entries keep the order of insertion.
 */
export function encodeCbor(value: unknown): Uint8Array {
  // The encoder reuses its buffer for later items; a copy keeps this one.
  return encoder.encode(value).slice();
}

/**
 * An unsigned safe integer as {@link encodeCbor} wants it: cbor-x writes plain numbers over 2^32 as floats.
 */
export function cborUint(value: number): number | bigint {
  return value > 0xffff_ffff ? BigInt(value) : value;
}

/** As {@link cborUint}, for a safe integer of either sign. */
export function cborInt(value: number): number | bigint {
  return value < -0x1_0000_0000 ? BigInt(value) : cborUint(value);
}

/**
 * Decodes exactly one item. Refuses (`cbor.malformed`) what cbor-x takes in silence: trailing bytes, indefinite
 * lengths, lengths that are not minimal, tags, integers beyond 2^53 or written as floats, invalid UTF-8, a key
 * twice in one map, nesting over {@link CBOR_DEPTH_MAX}. Maps come as `Map`, byte strings as views of `bytes`.
 */
export function decodeCbor(bytes: Uint8Array): Result<unknown> {
  longNegatives = false;
  if (wellFormedEnd(bytes, 0, 0) !== bytes.length) return refuse('cbor.malformed');
  try {
    return accept(longNegatives ? withNumbers(bigIntDecoder.decode(bytes)) : decoder.decode(bytes));
  } catch {
    return refuse('cbor.malformed');
  }
}

/** Whether {@link wellFormedEnd} met a {@link LONG_NEGATIVE}: rare enough for a slower second decoder. */
let longNegatives = false;

/** The same item with numbers in place of BigInts, all of which are safe integers. */
function withNumbers(item: unknown): unknown {
  if (typeof item === 'bigint') return Number(item);
  if (Array.isArray(item)) return item.map(withNumbers);
  if (!(item instanceof Map)) return item;
  return new Map([...item].map(([key, value]) => [withNumbers(key), withNumbers(value)]));
}

/** Offset after the well-formed item at `at`, or -1. Recursion is bounded by {@link CBOR_DEPTH_MAX}. */
function wellFormedEnd(bytes: Uint8Array, at: number, depth: number): number {
  if (at >= bytes.length || depth > CBOR_DEPTH_MAX) return -1;
  const initial = bytes[at]!;
  const major = initial >> 5;
  const info = initial & 31;
  if (major === 7) return simpleEnd(bytes, at, info);
  if (info > 27 || major === 6) return -1;
  const extra = info < 24 ? 0 : 1 << (info - 24);
  let end = at + 1 + extra;
  if (end > bytes.length) return -1;
  const argument = info < 24 ? info : minimalArgument(bytes, at + 1, extra);
  if (argument < 0) return -1;
  if (initial === LONG_NEGATIVE) longNegatives = true;
  if (major < 2) return argument === Number.MAX_SAFE_INTEGER && major === 1 ? -1 : end;
  if (major < 4) {
    end += argument;
    if (end > bytes.length) return -1;
    return major === 3 && !isUtf8(bytes.subarray(end - argument, end)) ? -1 : end;
  }
  return major === 4 ? arrayEnd(bytes, end, argument, depth) : mapEnd(bytes, end, argument, depth);
}

function arrayEnd(bytes: Uint8Array, at: number, items: number, depth: number): number {
  if (items > bytes.length - at) return -1;
  let end = at;
  for (let item = 0; item < items && end >= 0; item++) end = wellFormedEnd(bytes, end, depth + 1);
  return end;
}

/** A key that comes twice would mean one thing to one reader and another to the next (RFC 8949, section 5.6). */
function mapEnd(bytes: Uint8Array, at: number, pairs: number, depth: number): number {
  if (pairs * 2 > bytes.length - at) return -1;
  const keys = new Set<string>();
  let end = at;
  for (let pair = 0; pair < pairs && end >= 0; pair++) {
    const keyEnd = wellFormedEnd(bytes, end, depth + 1);
    if (keyEnd < 0) return -1;
    keys.add(latin1(bytes, end, keyEnd));
    end = wellFormedEnd(bytes, keyEnd, depth + 1);
  }
  return keys.size === pairs ? end : -1;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** Big-endian argument of `size` bytes, or -1 where a shorter form exists or 2^53 is passed. */
function minimalArgument(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + bytes[at + index]!;
  const least = size === 1 ? 24 : 2 ** (size * 4);
  return value < least || value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

/** false, true, null and floats; no `undefined`, no break, no other simple value. */
function simpleEnd(bytes: Uint8Array, at: number, info: number): number {
  const size = info >= 20 && info <= 22 ? 0 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : -1;
  if (size < 0 || at + 1 + size > bytes.length) return -1;
  if (size > 0 && Number.isInteger(decoder.decode(bytes.subarray(at, at + 1 + size)))) return -1;
  return at + 1 + size;
}
