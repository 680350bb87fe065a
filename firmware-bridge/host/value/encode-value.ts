import { Buffer } from 'node:buffer';
import { VALUE_DEPTH_MAX } from './device-value.ts';

/** What can be said to a device: what JSON can, and byte strings. */
export type HostValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly HostValue[]
  | { readonly [key: string]: HostValue };

/**
 * One CBOR item for a device: whole numbers as the shortest integer, other numbers as float32, which is all that small
 * devices compute with. `null` if it is nested deeper than devices are asked to follow, or has a number beyond float32.
 */
export function encodeDeviceValue(value: HostValue): Uint8Array | null {
  const parts: Uint8Array[] = [];
  return append(value, parts, 0) ? Buffer.concat(parts) : null;
}

function append(value: HostValue, parts: Uint8Array[], depth: number): boolean {
  if (depth > VALUE_DEPTH_MAX) return false;
  if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === 'number') {
    // Infinity would reach the device where a person wrote too many digits.
    if (!Number.isFinite(Math.fround(value))) return false;
    parts.push(numberItem(value));
  } else if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    parts.push(head(3, bytes.length), bytes);
  } else if (value instanceof Uint8Array) parts.push(head(2, value.length), value);
  else if (isList(value)) {
    parts.push(head(4, value.length));
    return value.every((item) => append(item, parts, depth + 1));
  } else {
    const members = Object.entries(value);
    parts.push(head(5, members.length));
    return members.every(([key, item]) => append(key, parts, depth + 1) && append(item, parts, depth + 1));
  }
  return true;
}

function isList(value: HostValue): value is readonly HostValue[] {
  return Array.isArray(value);
}

function numberItem(value: number): Uint8Array {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return value >= 0 ? head(0, value) : head(1, -1 - value);
  }
  const item = new Uint8Array(5);
  item[0] = 0xfa;
  new DataView(item.buffer).setFloat32(1, value);
  return item;
}

/** Major type with the shortest argument. */
function head(major: number, argument: number): Uint8Array {
  const size =
    argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 2 ** 32 ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (major << 5) | (size === 0 ? argument : 24 + Math.log2(size));
  let rest = argument;
  for (let at = size; at > 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
