import type { ErrorCode } from '../../../src/errors/index.ts';
import { cobsLengthMax, encodeCobs } from './cobs.ts';
import { crc16 } from './crc16.ts';
import { FRAME_OVERHEAD_BYTES, FRAME_VERSION, type Frame, frameTypeNumber, frameTypeOf } from './frame.ts';

const NOT_READY = 0x20;
const AGAIN = 0x10;
const TYPE = 0x0f;

/** The body of a frame, control byte and CRC included. */
export function encodeBody({ type, seq, ack, notReady, again, payload }: Frame): Uint8Array {
  const body = new Uint8Array(payload.length + FRAME_OVERHEAD_BYTES);
  body[0] = (FRAME_VERSION << 6) | (notReady ? NOT_READY : 0) | (again ? AGAIN : 0) | frameTypeNumber(type);
  body[1] = seq;
  body[2] = ack;
  body.set(payload, 3);
  const crc = crc16(body, body.length - 2);
  body[body.length - 2] = crc & 0xff;
  body[body.length - 1] = crc >> 8;
  return body;
}

/** A frame as it goes over the wire, with a zero at either end. */
export function encodeFrame(frame: Frame): Uint8Array {
  const body = encodeBody(frame);
  const wire = new Uint8Array(cobsLengthMax(body.length) + 2);
  const end = encodeCobs(body, wire, 1);
  return wire.subarray(0, end + 1);
}

/** Why a body is no frame. */
export type BodyProblem = Extract<
  ErrorCode,
  'frame.too-short' | 'frame.bad-crc' | 'frame.wrong-version' | 'frame.unknown-type'
>;

/** The frame of a body, its payload a view of it; or why there is none. */
export function decodeBody(body: Uint8Array): Frame | BodyProblem {
  if (body.length < FRAME_OVERHEAD_BYTES) return 'frame.too-short';
  const crcAt = body.length - 2;
  if (crc16(body, crcAt) !== (body[crcAt]! | (body[crcAt + 1]! << 8))) return 'frame.bad-crc';
  const control = body[0]!;
  if (control >> 6 !== FRAME_VERSION) return 'frame.wrong-version';
  const type = frameTypeOf(control & TYPE);
  if (type === null) return 'frame.unknown-type';
  return {
    type,
    seq: body[1]!,
    ack: body[2]!,
    notReady: (control & NOT_READY) !== 0,
    again: (control & AGAIN) !== 0,
    payload: body.subarray(3, crcAt),
  };
}
