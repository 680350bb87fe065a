import { AsconAead, type Words128 } from './ascon-aead.ts';
import { writeUint } from './little-endian.ts';
import { DIRECTIONS, TAG_BYTES } from './record.ts';

/** What a fresh device is given. */
export interface Provision {
  /** 8 bytes. */
  readonly deviceId: Uint8Array;
  /** 16 bytes. */
  readonly key: Uint8Array;
  readonly epochFloor: number;
}

/** Payload of a PROVISION frame. The key crosses the wire in the clear. */
export function provisionPayload({ deviceId, key, epochFloor }: Provision): Uint8Array {
  const payload = new Uint8Array(28);
  payload.set(deviceId);
  payload.set(key, 8);
  writeUint(payload, 24, { value: epochFloor, length: 4 });
  return payload;
}

/** Payload of the PROVISIONED frame that answers it. */
export function provisionedPayload(provision: Provision): Uint8Array {
  const payload = new Uint8Array(8 + TAG_BYTES);
  payload.set(provision.deviceId);
  payload.set(aeadOf(provision).seal(nonceOf(provision), dataOf(provision), new Uint8Array(0)), 8);
  return payload;
}

/** Whether a PROVISIONED frame says that this is written, by one who has the key. */
export function isProvisioned(provision: Provision, payload: Uint8Array): boolean {
  if (payload.length !== 8 + TAG_BYTES) return false;
  if (!provision.deviceId.every((byte, at) => byte === payload[at])) return false;
  return aeadOf(provision).open(nonceOf(provision), dataOf(provision), payload.subarray(8)) !== null;
}

function aeadOf({ key }: Provision): AsconAead {
  return new AsconAead(key, TAG_BYTES);
}

function nonceOf({ epochFloor }: Provision): Words128 {
  return [0, epochFloor, DIRECTIONS.provisioned, 0];
}

/** The PROVISION payload without the key. */
function dataOf({ deviceId, epochFloor }: Provision): Uint8Array {
  const associated = new Uint8Array(12);
  associated.set(deviceId);
  writeUint(associated, 8, { value: epochFloor, length: 4 });
  return associated;
}
