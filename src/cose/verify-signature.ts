import { nativeEd25519 } from './native-ed25519.ts';

/**
 * True if the Ed25519 signature (64 bytes) fits the message and the raw public key (32 bytes), by the one rule
 * that `Ed25519Backend` states. Never throws.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return nativeEd25519.verify(publicKey, message, signature);
}
