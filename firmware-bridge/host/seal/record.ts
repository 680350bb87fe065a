import type { ErrorCode } from '../../../src/errors/index.ts';
import type { AsconAead } from './ascon-aead.ts';
import { readU32, writeUint } from './little-endian.ts';

/** Type, topic, counter and t: what stands before the value, and is bound to it by the tag. */
export const RECORD_HEADER_BYTES = 10;
/** Of every tag on the link. */
export const TAG_BYTES = 8;
export const SIGNATURE_BYTES = 64;

const SEALED = 0x80;
const SIGNED = 0x40;
const TYPE = 0x0f;

/** Types by their number on the wire. */
const TYPES = [
  null,
  'reading',
  'command',
  'command-result',
  'register',
  'time',
  'stats',
  'gap',
  null,
  'welcome',
] as const;

/** What a record is. */
export type RecordType = NonNullable<(typeof TYPES)[number]>;

/** A record as it is before it is sealed. */
export interface DeviceRecord {
  readonly type: RecordType | 'unknown';
  /** Reading, gap: the topic. Command, result: the command. Others: 0. */
  readonly topicId: number;
  /** Of its series. */
  readonly counter: number;
  /** Device's ms since it started, modulo 2^32. */
  readonly t: number;
  /** One CBOR item, or nothing. */
  readonly value: Uint8Array;
  /** Ed25519, of a reading that the device signs. */
  readonly signature: Uint8Array | null;
}

/** A record that this version knows how to write. */
export type RecordToSeal = DeviceRecord & { readonly type: RecordType };

/** Sets the nonces of what goes different ways apart, so that none comes twice under a key. */
export const DIRECTIONS = { reading: 0, host: 1, device: 2, helloAck: 3, provisioned: 4 } as const;

/** The direction of a record that a device sends. */
export function deviceDirection(type: DeviceRecord['type']): number {
  return type === 'reading' ? DIRECTIONS.reading : DIRECTIONS.device;
}

/** Whether the payload of a DATA frame says that it carries a reading: not verified. */
export function isReadingPayload(payload: Uint8Array): boolean {
  return payload.length > 0 && TYPES[payload[0]! & TYPE] === 'reading';
}

/** Under what a record is sealed. */
export interface RecordSeal {
  /** Under the session's key. */
  readonly aead: AsconAead;
  readonly epoch: number;
}

/** The payload of a DATA frame that carries the record. */
export function sealRecord(record: RecordToSeal, { aead, epoch }: RecordSeal, direction: number): Uint8Array {
  const { type, topicId, counter, t, value, signature } = record;
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  header[0] = SEALED | (signature === null ? 0 : SIGNED) | TYPES.indexOf(type);
  header[1] = topicId;
  writeUint(header, 2, { value: counter, length: 4 });
  writeUint(header, 6, { value: t, length: 4 });
  const text = new Uint8Array(value.length + (signature?.length ?? 0));
  text.set(value);
  if (signature !== null) text.set(signature, value.length);
  const sealed = aead.seal([counter, epoch, direction, 0], header, text);
  const payload = new Uint8Array(header.length + sealed.length);
  payload.set(header);
  payload.set(sealed, header.length);
  return payload;
}

/** Why a payload is no record of the device. */
export type RecordProblem = Extract<ErrorCode, 'record.malformed' | 'record.unsealed' | 'record.bad-tag'>;

/**
 * The record of a payload that `direction` says the way of; or why there is none. One that verifies is always a
 * record: a device that makes mistakes is told from one that is not itself.
 */
export function openRecord(
  payload: Uint8Array,
  { aead, epoch }: RecordSeal,
  direction: (type: DeviceRecord['type']) => number,
): DeviceRecord | RecordProblem {
  if (payload.length < RECORD_HEADER_BYTES) return 'record.malformed';
  const kind = payload[0]!;
  if ((kind & SEALED) === 0) return 'record.unsealed';
  const type = TYPES[kind & TYPE] ?? 'unknown';
  const counter = readU32(payload, 2);
  const header = payload.subarray(0, RECORD_HEADER_BYTES);
  const nonce = [counter, epoch, direction(type), 0] as const;
  const text = aead.open(nonce, header, payload.subarray(RECORD_HEADER_BYTES));
  if (text === null) return 'record.bad-tag';
  const isSigned = (kind & SIGNED) !== 0;
  const valueEnd = isSigned ? Math.max(text.length - SIGNATURE_BYTES, 0) : text.length;
  return {
    type,
    topicId: payload[1]!,
    counter,
    t: readU32(payload, 6),
    value: text.subarray(0, valueEnd),
    signature: isSigned ? text.subarray(valueEnd) : null,
  };
}
