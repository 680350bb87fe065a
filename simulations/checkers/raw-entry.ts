import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { contentOf } from '../world/content.ts';
import { type RawItem, readRawCbor } from './raw-cbor.ts';

/** A message of an entry. */
export interface RawMessage {
  readonly seq: number;
  readonly topic: string;
  /** See `contentOf`. */
  readonly content: string;
  /** Of messages of the realm's own channel alone. */
  readonly payload?: Uint8Array;
}

/** An entry as it lies on a disk, read by the pages of the formats and nothing of the code. */
export interface RawEntry {
  /** First 32 digits of SHA-256 over its bytes. */
  readonly id: string;
  /** Public key of the author, hexadecimal. */
  readonly author: string;
  readonly channel: string;
  readonly epoch: string;
  readonly seq: number;
  readonly count: number;
  readonly skip: number;
  readonly prev: string | null;
  readonly ttlSeconds: number;
  readonly bytes: number;
  readonly messages: readonly RawMessage[];
}

/** First bytes of every entry: COSE_Sign1 with a protected header of EdDSA and a key id of 32 bytes. */
export const ENTRY_TEMPLATE = Uint8Array.of(0xd2, 0x84, 0x58, 0x26, 0xa2, 0x01, 0x27, 0x04, 0x58, 0x20);
/** From its beginning to the payload's head: the template, the key, the empty unprotected header. */
const PAYLOAD_AT = ENTRY_TEMPLATE.length + 32 + 1;
const SIGNATURE_BYTES = 64;
/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const DER_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Reads entries of one realm and checks their signatures by themselves; each different one once. */
export class RawEntryReader {
  readonly #aad: Uint8Array;
  readonly #known = new Map<string, RawEntry | null>();
  readonly #keys = new Map<string, KeyObject>();

  /** `realmId`: 16 bytes. */
  constructor(realmId: Uint8Array) {
    this.#aad = Buffer.concat([
      Uint8Array.of(0x82, 0x67),
      Buffer.from('sedge/1'),
      Uint8Array.of(0x50),
      realmId,
    ]);
  }

  /** `null` for what is no entry of this realm with a good signature of its author. */
  read(bytes: Uint8Array): RawEntry | null {
    const id = hash('sha256', bytes, 'hex').slice(0, 32);
    let entry = this.#known.get(id);
    if (entry === undefined) {
      try {
        entry = this.#isSigned(bytes) ? parse(bytes, id) : null;
      } catch {
        entry = null;
      }
      this.#known.set(id, entry);
    }
    return entry;
  }

  #isSigned(bytes: Uint8Array): boolean {
    const key = bytes.subarray(ENTRY_TEMPLATE.length, ENTRY_TEMPLATE.length + 32);
    // Sig_structure of RFC 9052, section 4.4: the protected header and the payload come with their heads.
    const signed = Buffer.concat([
      Uint8Array.of(0x84, 0x6a),
      Buffer.from('Signature1'),
      bytes.subarray(2, ENTRY_TEMPLATE.length + 32),
      Uint8Array.of(0x58, this.#aad.length),
      this.#aad,
      bytes.subarray(PAYLOAD_AT, bytes.length - SIGNATURE_BYTES - 2),
    ]);
    return verify(null, signed, this.#keyOf(key), bytes.subarray(bytes.length - SIGNATURE_BYTES));
  }

  #keyOf(raw: Uint8Array): KeyObject {
    const name = hex(raw);
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = createPublicKey({ key: Buffer.concat([DER_PREFIX, raw]), format: 'der', type: 'spki' });
      this.#keys.set(name, key);
    }
    return key;
  }
}

function parse(bytes: Uint8Array, id: string): RawEntry {
  const payload = readRawCbor(bytes.subarray(PAYLOAD_AT, bytes.length - SIGNATURE_BYTES - 2)) as Uint8Array;
  const body = readRawCbor(payload) as RawItem[];
  const [, channel, epoch, seq, count, skip, prev, , , ttlSeconds, content] = body;
  const topics: string[] = [];
  const messages = (content as RawItem[]).map((item, index): RawMessage => {
    const [topic, data] = item as RawItem[];
    topics.push(typeof topic === 'number' ? topics[topic]! : (topic as string));
    const payload = data as Uint8Array;
    const message = { seq: (seq as number) + index, topic: topics[index]!, content: contentOf(payload) };
    return channel === '$realm' ? { ...message, payload } : message;
  });
  return {
    id,
    author: hex(bytes.subarray(ENTRY_TEMPLATE.length, ENTRY_TEMPLATE.length + 32)),
    channel: channel as string,
    epoch: hex(epoch as Uint8Array),
    seq: seq as number,
    count: count as number,
    skip: skip as number,
    prev: prev === null ? null : hex(prev as Uint8Array),
    ttlSeconds: ttlSeconds as number,
    bytes: bytes.length,
    messages,
  };
}
