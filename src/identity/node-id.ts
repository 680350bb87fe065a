import { Buffer } from 'node:buffer';
import { base58btc } from 'multiformats/bases/base58';
import { assert } from '../errors/index.ts';

/**
 * A node's id: its libp2p peer id, `12D3KooW…`, which holds the whole Ed25519 public key and so is the author
 * of its entries too (libp2p peer-ids spec, identity multihash of the protobuf key).
 */
export type NodeId = string & { readonly brand: 'NodeId' };

/** Identity multihash (00), 36 bytes, protobuf field 1 = Ed25519, field 2 = 32 bytes. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
const KEY_BYTES = 32;

/** Ids are asked for with every entry; base58 is slow. Bounded, as authors come from outside. */
const CACHE_MAX = 16_384;
const idByKey = new Map<string, NodeId>();
const keyById = new Map<string, Uint8Array>();

/** The id of a raw Ed25519 public key (32 bytes). */
export function nodeIdOf(publicKey: Uint8Array): NodeId {
  const cacheKey = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString(
    'latin1',
  );
  const cached = idByKey.get(cacheKey);
  if (cached !== undefined) return cached;
  assert(publicKey.length === KEY_BYTES, 'an Ed25519 key has 32 bytes');
  const bytes = new Uint8Array(PREFIX.length + KEY_BYTES);
  bytes.set(PREFIX);
  bytes.set(publicKey, PREFIX.length);
  const id = base58btc.baseEncode(bytes) as NodeId;
  if (idByKey.size >= CACHE_MAX) idByKey.clear();
  idByKey.set(cacheKey, id);
  return id;
}

/**
 * The raw Ed25519 public key (32 bytes) of a node's id; `null` if the text is no such id. The same array may be
 * handed out again: it must not be changed.
 */
export function publicKeyOf(text: string): Uint8Array | null {
  if (text.length > 64) return null;
  const cached = keyById.get(text);
  if (cached !== undefined) return cached;
  const key = decodeKey(text);
  if (key === null) return null;
  if (keyById.size >= CACHE_MAX) keyById.clear();
  keyById.set(text, key);
  return key;
}

function decodeKey(text: string): Uint8Array | null {
  try {
    const bytes = base58btc.baseDecode(text);
    if (bytes.length !== PREFIX.length + KEY_BYTES) return null;
    if (!PREFIX.every((byte, index) => bytes[index] === byte)) return null;
    return bytes.slice(PREFIX.length);
  } catch {
    return null;
  }
}
