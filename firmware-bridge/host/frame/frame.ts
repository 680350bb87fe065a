/** Version of the frame that this host speaks. */
export const FRAME_VERSION = 0;
/** Control, seq, ack and CRC. */
export const FRAME_OVERHEAD_BYTES = 5;
/** Smallest MTU that a side may announce: a HELLO_ACK fits. */
export const MTU_MIN = 64;
/** Largest body: COBS then costs one byte. */
export const MTU_MAX = 250;

/** Types by their number on the wire. */
const TYPES = [
  null,
  'data',
  'ack',
  'nak',
  'hello',
  'hello-ack',
  'reset',
  'log',
  'provision',
  'provisioned',
] as const;

/** What a frame is. */
export type FrameType = NonNullable<(typeof TYPES)[number]>;

/** A frame without its COBS and CRC. */
export interface Frame {
  readonly type: FrameType;
  /** 0 to 255. DATA: its link number. NAK: the number wanted next. Others: number of the next new DATA. */
  readonly seq: number;
  /** 0 to 255: every DATA below it is done with. */
  readonly ack: number;
  /** Its sender can take no more now. */
  readonly notReady: boolean;
  /** Sent again. */
  readonly again: boolean;
  readonly payload: Uint8Array;
}

/** The type of a number on the wire; `null` if this version has none. */
export function frameTypeOf(number: number): FrameType | null {
  return TYPES[number] ?? null;
}

/** A type's number on the wire. */
export function frameTypeNumber(type: FrameType): number {
  return TYPES.indexOf(type);
}
