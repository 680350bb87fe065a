import { Buffer } from 'node:buffer';
import { accept, type Result } from '../../../src/errors/index.ts';
import { decodeDeviceValue } from './device-value.ts';
import { toJson } from './value-json.ts';

/** What a reading is in the mesh. */
export interface ReadingPayload {
  readonly payload: Uint8Array;
  /** `null` for JSON. */
  readonly contentType: 'text/plain' | 'application/octet-stream' | null;
}

/**
 * The payload of a reading whose value is this CBOR item: a text its UTF-8, a byte string its bytes, all else JSON.
 * Refuses `record.bad-value` as {@link decodeDeviceValue} does.
 */
export function payloadOf(item: Uint8Array): Result<ReadingPayload> {
  const decoded = decodeDeviceValue(item);
  if (!decoded.ok) return decoded;
  const { value } = decoded;
  if (typeof value === 'string') return accept({ payload: Buffer.from(value), contentType: 'text/plain' });
  if (value instanceof Uint8Array) {
    return accept({ payload: value, contentType: 'application/octet-stream' });
  }
  return accept({ payload: Buffer.from(toJson(value)), contentType: null });
}
