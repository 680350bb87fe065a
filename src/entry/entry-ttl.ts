/** Tag, array, protected header with the author's key, empty unprotected header: see `cose-sign1.ts`. */
const PAYLOAD_AT = 43;
/** Items before `ttl` in the body: version, channel, epoch, seq, count, skip, prev, lamport, time. */
const ITEMS_BEFORE = 9;

/**
 * Lifetime that an entry carries, seconds, read without decoding the rest: serving looks at every entry. Only for
 * bytes that `decodeEntry` took before; 0 where they are anything else.
 */
export function ttlSecondsOf(bytes: Uint8Array): number {
  // The byte string of the payload, then the array of the body: their heads only.
  let at = skipHead(bytes, skipHead(bytes, PAYLOAD_AT));
  for (let item = 0; item < ITEMS_BEFORE; item++) {
    const major = bytes[at]! >> 5;
    const next = skipHead(bytes, at);
    at = major === 2 || major === 3 ? next + argumentOf(bytes, at) : next;
  }
  return at < bytes.length && bytes[at]! >> 5 === 0 ? argumentOf(bytes, at) : 0;
}

function skipHead(bytes: Uint8Array, at: number): number {
  const info = bytes[at]! & 31;
  return at + 1 + (info < 24 ? 0 : 2 ** (info - 24));
}

/** The number that a head of at most 4 bytes' argument carries. */
function argumentOf(bytes: Uint8Array, at: number): number {
  const info = bytes[at]! & 31;
  if (info < 24) return info;
  let value = 0;
  for (let byte = 1; byte <= 2 ** (info - 24); byte++) value = value * 256 + (bytes[at + byte] ?? 0);
  return value;
}
