import { Buffer } from 'node:buffer';
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isAcceptableKey, isSmallOrder, PUBLIC_KEY_BYTES } from './acceptable-key.ts';
import type { Ed25519Backend } from './ed25519-backend.ts';

const SIGNATURE_BYTES = 64;

/** DER SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Key objects kept; the oldest goes when a new author comes at the limit. Making one anew costs 40% of a
 * verification, so the limit is above the authors of any realm that one node can follow.
 */
const KEYS_MAX = 16_384;

/** Checked keys by their bytes. What is here is acceptable; what is not acceptable is never here. */
const keys = new Map<string, KeyObject>();

/**
 * OpenSSL's Ed25519 through node:crypto. OpenSSL is cofactorless, compares R as bytes and refuses S >= L. Whether
 * it looks at points of small order depends on its version, so that is done here, for the key once while it is
 * cached.
 */
export const nativeEd25519: Ed25519Backend = Object.freeze({
  name: 'node:crypto',
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_BYTES || isSmallOrder(signature.subarray(0, 32))) return false;
    const key = keyObjectOf(publicKey);
    return key !== null && verify(null, message, key, signature);
  },
});

/** True if {@link nativeEd25519} takes the key; by its cache, so at the cost of one look-up for a known author. */
export function isKnownOrAcceptable(publicKey: Uint8Array): boolean {
  return keyObjectOf(publicKey) !== null;
}

function keyObjectOf(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return null;
  const bytes = Buffer.from(publicKey.buffer, publicKey.byteOffset, PUBLIC_KEY_BYTES);
  const name = bytes.toString('latin1');
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (!isAcceptableKey(publicKey)) return null;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' });
  if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value!);
  keys.set(name, key);
  return key;
}
