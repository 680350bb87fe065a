import { createHash, hash } from 'node:crypto';
import crc32 from 'crc-32/crc32c.js';

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** First 16 bytes of SHA-256, as hexadecimal. */
export function sha256Hex16(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 32);
}

/** SHA-256 of bytes that come one after the other. */
export class RunningSha256 {
  readonly #hash = createHash('sha256');

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Of all bytes so far, as hexadecimal; more may follow. */
  digestSoFar(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), unsigned. `seed` continues an earlier one. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  return crc32.buf(bytes, seed) >>> 0;
}
