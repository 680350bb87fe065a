import { ed25519InUse } from './ed25519-in-use.ts';

/**
 * True if the Ed25519 signature (64 bytes) fits the message and the raw public key (32 bytes), by the one rule
 * that `Ed25519Backend` states. Never throws.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return ed25519InUse().verify(publicKey, message, signature);
}
