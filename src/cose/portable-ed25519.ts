import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { Point } from '@noble/ed25519';
import { concatBytes, equalBytes } from '../bytes/index.ts';
import { isAcceptableKey, isSmallOrder } from './acceptable-key.ts';
import type { Ed25519Backend } from './ed25519-backend.ts';

const SIGNATURE_BYTES = 64;
const ORDER = Point.CURVE().n;

/**
 * Ed25519 in plain JavaScript, from @noble/ed25519's point arithmetic: noble's own `verify` multiplies by the
 * cofactor, in both of its modes, and so takes signatures that node:crypto refuses.
 */
export const portableEd25519: Ed25519Backend = Object.freeze({
  name: '@noble/ed25519',
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_BYTES || !isAcceptableKey(publicKey)) return false;
    const r = signature.subarray(0, 32);
    if (isSmallOrder(r)) return false;
    const s = fromLittleEndian(signature.subarray(32));
    if (s >= ORDER) return false;
    const a = pointOf(publicKey);
    if (a === null) return false;
    const k = fromLittleEndian(hash('sha512', concatBytes([r, publicKey, message]), 'buffer')) % ORDER;
    const expected = Point.BASE.multiply(s, false).add(a.multiply(k, false).negate());
    return equalBytes(expected.toBytes(), r);
  },
});

function pointOf(publicKey: Uint8Array): Point | null {
  try {
    return Point.fromBytes(publicKey);
  } catch {
    return null;
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
