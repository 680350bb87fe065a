import { Buffer } from 'node:buffer';
import type { DeviceValue } from './device-value.ts';

/**
 * A device's value as JSON: byte strings in base64, keys of maps as texts, numbers that JSON cannot say (NaN and the
 * infinities, as a failed sensor gives) as null.
 */
export function toJson(value: DeviceValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) {
    return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`;
  }
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => `${JSON.stringify(key)}:${toJson(member)}`);
    return `{${members.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  return JSON.stringify(value);
}
