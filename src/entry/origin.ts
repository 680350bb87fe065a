import { cborUint, fromHex, toHex, toUtf8 } from '../bytes/index.ts';
import { isNumber } from './limits.ts';

/**
 * Where a message of a device came from: the reading's name (`device`, `epoch`, `counter`) and its time. With a
 * `signature` the device vouches for it (`verifyOrigin`), otherwise the entry's author does, who had it from the device.
 */
export interface Origin {
  /** Id of the device: 8 bytes as 16 hexadecimal digits. */
  readonly device: string;
  /** Boot of the device: grows by one each. */
  readonly epoch: number;
  /** Number of the reading in that epoch, from 1: what is missing was lost. */
  readonly counter: number;
  /** Device's clock: milliseconds since its boot, past the wrap of its 32 bits. */
  readonly uptimeMs: number;
  /** When the reading was taken by the author's clock, milliseconds since 1970. */
  readonly timeMs: number;
  /** How far `timeMs` may be off from the author's clock, milliseconds. */
  readonly uncertaintyMs: number;
  /** Ed25519 signature of the device, 64 bytes. Never without `value`. */
  readonly signature?: Uint8Array;
  /** The CBOR item that the device signed, byte for byte. */
  readonly value?: Uint8Array;
  /** Name that the device registered for the topic, where it is not the message's. */
  readonly topic?: string;
  /** Keys that this version does not know, kept as they came. */
  readonly extra?: ReadonlyMap<number, unknown>;
}

/** Keys of the origin's map (README.md). */
const DEVICE = 1;
const EPOCH = 2;
const COUNTER = 3;
const UPTIME = 4;
const TIME = 5;
const UNCERTAINTY = 6;
const SIGNATURE = 7;
const VALUE = 8;
const TOPIC = 9;

const DEVICE_BYTES = 8;
const SIGNATURE_BYTES = 64;
const TOPIC_BYTES_MAX = 1_024;
/** Six numbers of up to 9 bytes with their keys, the device, heads. */
const FIXED_BYTES = 96;

/** The map of an origin without the keys of `extra`, as the encoder wants it. */
export function originItems(origin: Origin): Map<number, unknown> {
  const { device, epoch, counter, uptimeMs, timeMs, uncertaintyMs, signature, value, topic } = origin;
  const items = new Map<number, unknown>([
    [DEVICE, fromHex(device)],
    [EPOCH, cborUint(epoch)],
    [COUNTER, cborUint(counter)],
    [UPTIME, cborUint(uptimeMs)],
    [TIME, cborUint(timeMs)],
    [UNCERTAINTY, cborUint(uncertaintyMs)],
  ]);
  if (signature !== undefined) items.set(SIGNATURE, signature);
  if (value !== undefined) items.set(VALUE, value);
  if (topic !== undefined) items.set(TOPIC, topic);
  return items;
}

/** Upper bound of what an origin adds to an entry, without the keys of its `extra`. */
export function originBytesBound({ signature, value, topic = '' }: Origin): number {
  return FIXED_BYTES + (signature?.length ?? 0) + (value?.length ?? 0) + topic.length * 3;
}

/** Reads an origin; `null` for anything that is none, which its message keeps as an unknown key. */
export function readOrigin(item: unknown): Origin | null {
  if (!(item instanceof Map)) return null;
  const extra = new Map<number, unknown>();
  for (const [key, value] of item) {
    if (!Number.isInteger(key)) return null;
    if (key < DEVICE || key > TOPIC) extra.set(key, value);
  }
  const device: unknown = item.get(DEVICE);
  if (!(device instanceof Uint8Array)) return null;
  const optional = { signature: item.get(SIGNATURE), value: item.get(VALUE), topic: item.get(TOPIC) };
  const origin = {
    device: toHex(device),
    epoch: item.get(EPOCH),
    counter: item.get(COUNTER),
    uptimeMs: item.get(UPTIME),
    timeMs: item.get(TIME),
    uncertaintyMs: item.get(UNCERTAINTY),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...(extra.size === 0 ? {} : { extra }),
  };
  return isOrigin(origin) ? origin : null;
}

/** True for an origin that every reader takes: callers without types are checked too. */
export function isOrigin(origin: unknown): origin is Origin {
  if (typeof origin !== 'object' || origin === null) return false;
  const { device, signature, value, topic } = origin as Record<keyof Origin, unknown>;
  const { epoch, counter, uptimeMs, timeMs, uncertaintyMs } = origin as Record<keyof Origin, unknown>;
  if (![epoch, counter, uptimeMs, timeMs, uncertaintyMs].every(isNumber)) return false;
  if (typeof device !== 'string' || !/^[0-9a-f]+$/.test(device) || device.length !== DEVICE_BYTES * 2)
    return false;
  if ((signature === undefined) !== (value === undefined)) return false;
  if (signature !== undefined && !(signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES))
    return false;
  if (value !== undefined && !(value instanceof Uint8Array && value.length > 0)) return false;
  if (topic === undefined) return true;
  return typeof topic === 'string' && topic.isWellFormed() && toUtf8(topic).length <= TOPIC_BYTES_MAX;
}
