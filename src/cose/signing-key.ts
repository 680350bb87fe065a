/** An Ed25519 key that signs (RFC 8032). */
export interface SigningKey {
  /** Raw public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Signature of the bytes, 64 bytes; the same bytes always give the same signature. */
  sign(bytes: Uint8Array): Uint8Array;
}
