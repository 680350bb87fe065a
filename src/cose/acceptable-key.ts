import { Buffer } from 'node:buffer';

/** Bytes of a raw Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;

/** The canonical encodings of the eight points of order 1, 2, 4 and 8 (RFC 7748 names the same points). */
const SMALL_ORDER = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]);

/** x = 0 with its sign bit set: two more encodings of points of order 1 and 2 that decode in some libraries. */
const NEGATIVE_ZERO = new Set([
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]);

/**
 * True if the raw public key is canonically encoded (y < 2^255 - 19, no negative zero; RFC 8032, 5.1.3) and not
 * of small order, where one signature would fit many messages. A key that is no point of the curve may pass:
 * no signature fits it.
 */
export function isAcceptableKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || !isReduced(publicKey)) return false;
  return !isSmallOrder(publicKey) && !NEGATIVE_ZERO.has(hexOf(publicKey));
}

/**
 * True for the canonical encoding of a point of order 1, 2, 4 or 8. As R of a signature it says that the signer's
 * nonce was 0: OpenSSL 3.0 takes such a signature, OpenSSL 3.5 does not, so sedge refuses it by itself.
 */
export function isSmallOrder(point: Uint8Array): boolean {
  return SMALL_ORDER.has(hexOf(point));
}

function hexOf(point: Uint8Array): string {
  return Buffer.from(point.buffer, point.byteOffset, point.byteLength).toString('hex');
}

/** y < 2^255 - 19, which as little-endian bytes is ed ff ... ff 7f. */
function isReduced(key: Uint8Array): boolean {
  if ((key[31]! & 0x7f) !== 0x7f || key[0]! < 0xed) return true;
  for (let index = 1; index < 31; index++) if (key[index] !== 0xff) return true;
  return false;
}
