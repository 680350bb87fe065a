import { assert } from '../src/errors/index.ts';

/** What a payload of the benchmark says of itself. */
export interface Stamp {
  /** Reading of the monotonic clock when it was handed to `publish`, to the microsecond. */
  readonly sentMs: number;
  /** Tells the messages of one measurement from those of another; below 10,000. */
  readonly phase: number;
  /** Running number within the phase, from 0; below 10^8. */
  readonly index: number;
}

/** Digits of the three fields, which follow each other: microseconds, phase, index. */
const SENT_DIGITS = 16;
const PHASE_DIGITS = 4;
const INDEX_DIGITS = 8;
const PHASE_AT = SENT_DIGITS;
const INDEX_AT = PHASE_AT + PHASE_DIGITS;

/** Bytes that a stamp takes; a payload is at least as long. */
export const STAMP_BYTES = INDEX_AT + INDEX_DIGITS;

const ZERO = 0x30;
const LETTER_A = 0x61;

/**
 * A payload of `payloadBytes` that carries `stamp`. It is text, digits and letters, because that is what sensors
 * send; letters vary, so that it does not compress to nothing.
 */
export function stampPayload(payloadBytes: number, stamp: Stamp): Uint8Array {
  assert(payloadBytes >= STAMP_BYTES, 'a payload has room for its stamp');
  const bytes = new Uint8Array(payloadBytes);
  writeDigits(bytes, { at: 0, digits: SENT_DIGITS, value: Math.round(stamp.sentMs * 1_000) });
  writeDigits(bytes, { at: PHASE_AT, digits: PHASE_DIGITS, value: stamp.phase });
  writeDigits(bytes, { at: INDEX_AT, digits: INDEX_DIGITS, value: stamp.index });
  for (let at = STAMP_BYTES; at < payloadBytes; at++)
    bytes[at] = LETTER_A + ((stamp.index * 7 + at * 5) % 26);
  return bytes;
}

/** The stamp of a payload; `null` if it is too short to carry one. */
export function readStamp(payload: Uint8Array): Stamp | null {
  if (payload.length < STAMP_BYTES) return null;
  return {
    sentMs: readDigits(payload, 0, SENT_DIGITS) / 1_000,
    phase: readDigits(payload, PHASE_AT, PHASE_DIGITS),
    index: readDigits(payload, INDEX_AT, INDEX_DIGITS),
  };
}

function writeDigits(
  bytes: Uint8Array,
  field: { readonly at: number; readonly digits: number; readonly value: number },
): void {
  let rest = field.value;
  for (let at = field.at + field.digits - 1; at >= field.at; at--) {
    bytes[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function readDigits(bytes: Uint8Array, start: number, digits: number): number {
  let value = 0;
  for (let at = start; at < start + digits; at++) value = value * 10 + (bytes[at]! - ZERO);
  return value;
}
