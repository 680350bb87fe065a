import { isUtf8 } from 'node:buffer';
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

/**
 * Decodes exactly one item. Refuses (`cbor.malformed`) what cbor-x takes in silence: trailing bytes, indefinite
 * lengths, lengths that are not minimal, tags, integers beyond 2^53 or written as floats, invalid UTF-8, nesting
 * over {@link CBOR_DEPTH_MAX}. Maps come as `Map`, byte strings as views of `bytes`.
 */
export function decodeCbor(bytes: Uint8Array): Result<unknown> {
  if (wellFormedEnd(bytes, 0, 0) !== bytes.length) return refuse('cbor.malformed');
  try {
    return accept(decoder.decode(bytes));
  } catch {
    return refuse('cbor.malformed');
  }
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
  if (major < 2) return end;
  if (major < 4) {
    end += argument;
    if (end > bytes.length) return -1;
    return major === 3 && !isUtf8(bytes.subarray(end - argument, end)) ? -1 : end;
  }
  const items = major === 4 ? argument : argument * 2;
  if (items > bytes.length - end) return -1;
  for (let item = 0; item < items; item++) {
    end = wellFormedEnd(bytes, end, depth + 1);
    if (end < 0) return -1;
  }
  return end;
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
