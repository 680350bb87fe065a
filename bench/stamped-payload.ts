import { assert } from '../src/errors/index.ts';

/** What a payload of the benchmark says of itself. */
export interface Stamp {
  /** Reading of the monotonic clock when it was handed to `publish`. */
  readonly sentMs: number;
  /** Tells the messages of one measurement from those of another. */
  readonly phase: number;
  /** Running number within the phase, from 0. */
  readonly index: number;
}

/** Bytes that a stamp takes; a payload is at least as long. */
export const STAMP_BYTES = 16;

/** A payload of `payloadBytes` that carries `stamp`; the rest is filler that does not compress to nothing. */
export function stampPayload(payloadBytes: number, stamp: Stamp): Uint8Array {
  assert(payloadBytes >= STAMP_BYTES, 'a payload has room for its stamp');
  const bytes = new Uint8Array(payloadBytes);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, stamp.sentMs);
  view.setUint32(8, stamp.phase);
  view.setUint32(12, stamp.index);
  for (let at = STAMP_BYTES; at < payloadBytes; at++) bytes[at] = (stamp.index * 31 + at * 17) & 0xff;
  return bytes;
}

/** The stamp of a payload; `null` if it is too short to carry one. */
export function readStamp(payload: Uint8Array): Stamp | null {
  if (payload.length < STAMP_BYTES) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { sentMs: view.getFloat64(0), phase: view.getUint32(8), index: view.getUint32(12) };
}
