import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Ed25519Backend } from './ed25519-backend.ts';

/** Verdicts kept; the oldest goes when a new one comes at the limit. */
const VERDICTS_MAX = 262_144;

/**
 * Asks another backend once for the same key, message and signature: for a process that plays many nodes, each of
 * which checks what the others did. One node never checks the same bytes twice, so it gains nothing.
 */
export function memoizedEd25519(backend: Ed25519Backend, verdictsMax = VERDICTS_MAX): Ed25519Backend {
  const verdicts = new Map<string, boolean>();
  return Object.freeze({
    name: `${backend.name}, memoized`,
    verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
      // The lengths keep the parts apart: other parts never make the same bytes.
      const lengths = `${publicKey.length} ${signature.length} `;
      const parts = [Buffer.from(lengths), publicKey, signature, message];
      const key = hash('sha256', Buffer.concat(parts), 'base64');
      const known = verdicts.get(key);
      if (known !== undefined) return known;
      const verdict = backend.verify(publicKey, message, signature);
      if (verdicts.size >= verdictsMax) verdicts.delete(verdicts.keys().next().value!);
      verdicts.set(key, verdict);
      return verdict;
    },
  });
}
