import { Decoder, Encoder } from 'cbor-x';
import { SedgeError } from '../../../src/errors/index.ts';

/** Media type of CBOR (RFC 8949, section 9.5). */
export const CBOR_TYPE = 'application/cbor';

/**
 * Not the codec of entries, which takes one form alone: clients write with what they have, and cbor-x itself does not write
 * lengths in their shortest form.
 */
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true, int64AsNumber: true } as object);
const encoder = new Encoder({
  useRecords: false,
  mapsAsObjects: false,
  variableMapSize: true,
  tagUint8Array: false,
});

/** A body in CBOR as JSON would have it, but for byte strings, which stay. Throws `agent.bad-request`. */
export function parseCborBody(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new SedgeError('agent.bad-request', { reason: 'the body is no CBOR item, or more than one' });
  }
}

/** An answer in CBOR: objects as maps, numbers as integers where they are whole. */
export function cborBody(value: unknown): Buffer {
  const bytes = encoder.encode(withMaps(value));
  // The encoder uses its buffer again for the next one.
  return Buffer.from(bytes);
}

function withMaps(item: unknown): unknown {
  // What is whole and over 32 bits would be written as a float.
  if (typeof item === 'number')
    return Number.isSafeInteger(item) && Math.abs(item) > 0x7fff_ffff ? BigInt(item) : item;
  if (Array.isArray(item)) return item.map(withMaps);
  if (typeof item !== 'object' || item === null || item instanceof Uint8Array) return item;
  const entries = Object.entries(item).filter(([, value]) => value !== undefined);
  return new Map(entries.map(([key, value]) => [key, withMaps(value)]));
}
