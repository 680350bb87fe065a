import { Buffer } from 'node:buffer';
import { readU16, readU32, TAG_BYTES, writeUint } from '../seal/index.ts';
import type { DeviceFacts, DeviceId, ResetCause } from './device-facts.ts';

/** Version of the protocol that this host speaks. */
export const PROTOCOL = 1;
export const DEVICE_ID_BYTES = 8;
export const HOST_NONCE_BYTES = 8;

const HELLO_BYTES = 17;
/** HELLO_ACK without its tag. */
const ANSWER_BYTES = 37;
const RESET_CAUSES = ['unknown', 'power', 'reset-pin', 'brown-out', 'watchdog', 'software'] as const;

const SIGNS = 1;
const NOT_PROVISIONED = 2;
const SLEEPS = 4;

/** What a host says first. */
export interface Hello {
  /** 8 bytes. */
  readonly hostNonce: Uint8Array;
  readonly mtu: number;
  readonly window: number;
  /** ms since 1970; 0 if not known. */
  readonly utcMs: number;
}

/** Payload of a HELLO frame. */
export function encodeHello({ hostNonce, mtu, window, utcMs }: Hello): Uint8Array {
  const payload = new Uint8Array(HELLO_BYTES);
  payload[0] = PROTOCOL;
  payload.set(hostNonce, 1);
  payload[9] = mtu;
  payload[10] = window;
  writeUint(payload, 11, { value: utcMs, length: 6 });
  return payload;
}

/** What a device answers to a HELLO. */
export interface HelloAnswer {
  readonly facts: DeviceFacts;
  readonly isProvisioned: boolean;
  /** Last counter that a reading got in the epoch before; 0 if not known. */
  readonly previousCounter: number;
  /** The payload without its tag. */
  readonly signed: Uint8Array;
  readonly tag: Uint8Array;
}

/** The answer of a HELLO_ACK's payload; a number if it is of that other protocol; `null` if it has no such shape. */
export function decodeHelloAck(payload: Uint8Array): HelloAnswer | number | null {
  if (payload.length > 0 && payload[0] !== PROTOCOL) return payload[0]!;
  if (payload.length !== ANSWER_BYTES + TAG_BYTES) return null;
  const capabilities = payload[21]!;
  const facts: DeviceFacts = {
    id: toDeviceId(payload.subarray(1, 9)),
    firmware: readU32(payload, 9),
    epoch: readU32(payload, 13),
    session: readU32(payload, 17),
    signs: (capabilities & SIGNS) !== 0,
    sleeps: (capabilities & SLEEPS) !== 0,
    mtu: payload[22]!,
    window: payload[23]!,
    resetCause: resetCauseOf(payload[24]!),
    topicsCrc: readU16(payload, 25),
    queued: readU16(payload, 27),
    dropped: readU16(payload, 29),
    silenceSeconds: readU16(payload, 35),
  };
  return {
    facts,
    isProvisioned: (capabilities & NOT_PROVISIONED) === 0,
    previousCounter: readU32(payload, 31),
    signed: payload.subarray(0, ANSWER_BYTES),
    tag: payload.subarray(ANSWER_BYTES),
  };
}

/** What a RESET says; `null` if it has no such shape. */
export function decodeReset(payload: Uint8Array): { protocol: number; cause: ResetCause } | null {
  return payload.length < 2 ? null : { protocol: payload[0]!, cause: resetCauseOf(payload[1]!) };
}

/** A device's id as text. */
export function toDeviceId(bytes: Uint8Array): DeviceId {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as DeviceId;
}

/** The 8 bytes of a device's id. */
export function deviceIdBytes(id: DeviceId): Uint8Array {
  return new Uint8Array(Buffer.from(id, 'hex'));
}

function resetCauseOf(number: number): ResetCause {
  return RESET_CAUSES[number] ?? 'unknown';
}
