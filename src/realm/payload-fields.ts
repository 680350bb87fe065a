import { decodeCbor } from '../bytes/index.ts';

/** Numbers of the formats stay below this. */
const NUMBER_MAX = 2 ** 48;

/** The items of a CBOR array of exactly `count` items whose first is version 1; `null` for anything else. */
export function versionOneItems(payload: Uint8Array, count: number): readonly unknown[] | null {
  const decoded = decodeCbor(payload);
  if (!decoded.ok || !Array.isArray(decoded.value)) return null;
  return decoded.value.length === count && decoded.value[0] === 1 ? decoded.value : null;
}

/** True for an unsigned number below 2^48. */
export function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < NUMBER_MAX;
}

/** True for a byte string of the given length. */
export function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

/** True for an array of at most `max` items which all pass. */
export function isArrayOf<T>(
  value: unknown,
  max: number,
  passes: (item: unknown) => item is T,
): value is readonly T[] {
  return Array.isArray(value) && value.length <= max && value.every((item) => passes(item));
}

/** True for a byte string of at most `max` bytes. */
export function isBytesUpTo(max: number): (item: unknown) => item is Uint8Array {
  return (item): item is Uint8Array => item instanceof Uint8Array && item.length <= max;
}
