/** Types of control packets (section 2.1.2 of both standards). */
export const PACKET_TYPE = Object.freeze({
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
});

/** Version of the protocol as CONNECT names it: 3 is MQTT 3.1, 4 is 3.1.1. */
export type ProtocolVersion = 3 | 4 | 5;

/** One packet as it came, whole. */
export interface Frame {
  /** All bytes, the fixed header included. A view into what was read. */
  readonly bytes: Buffer;
  /** Where the variable header begins. */
  readonly bodyAt: number;
}

/** Type of a packet, 0 to 15. */
export function typeOf({ bytes }: Frame): number {
  return bytes[0]! >> 4;
}

/** The four flags of the fixed header. */
export function flagsOf({ bytes }: Frame): number {
  return bytes[0]! & 0x0f;
}
