/**
 * Verifies Ed25519 signatures (RFC 8032) by the one rule of sedge: cofactorless ([S]B = R + [k]A, k reduced mod
 * L), R compared as bytes, S < L, key canonical, key and R not of small order. Every backend gives the same verdict
 * for any three byte strings; `test/unit/cose/ed25519-backends.test.ts` pins that with vectors.
 */
export interface Ed25519Backend {
  readonly name: string;
  /** Never throws: what has the wrong length or is no point simply does not verify. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
