import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { SigningKey } from '../cose/index.ts';
import { assert } from '../errors/index.ts';
import { type NodeId, nodeIdOf } from './node-id.ts';

/** Bytes of an Ed25519 seed (RFC 8032 calls it the private key). */
export const SEED_BYTES = 32;

/** DER PrivateKeyInfo of an Ed25519 key up to its seed, and SubjectPublicKeyInfo up to the key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX_BYTES = 12;

/** One Ed25519 key: it is the node's libp2p peer id and signs what the node writes. */
export class Identity implements SigningKey {
  readonly nodeId: NodeId;
  /** Raw public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    this.publicKey = Uint8Array.from(spki.subarray(SPKI_PREFIX_BYTES));
    this.nodeId = nodeIdOf(this.publicKey);
  }

  /** A new key. `random` gives n unpredictable bytes; the system's by default. */
  static generate(random: (n: number) => Uint8Array = randomBytes): Identity {
    return Identity.fromSeed(random(SEED_BYTES));
  }

  /** The key of a seed of 32 bytes. */
  static fromSeed(seed: Uint8Array): Identity {
    assert(seed.length === SEED_BYTES, 'an Ed25519 seed has 32 bytes');
    const der = Buffer.concat([PKCS8_PREFIX, seed]);
    return new Identity(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  }

  /** The key of a PKCS#8 PEM text. Throws where it holds none, or another kind of key. */
  static fromPem(pem: string): Identity {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
    return new Identity(key);
  }

  /** The secret itself, 32 bytes: for the overlay's key and the key file alone. */
  get seed(): Uint8Array {
    const der = this.#privateKey.export({ format: 'der', type: 'pkcs8' });
    return Uint8Array.from(der.subarray(PKCS8_PREFIX.length, PKCS8_PREFIX.length + SEED_BYTES));
  }

  /** The secret as PKCS#8 PEM (RFC 5958, RFC 8410). */
  toPem(): string {
    return this.#privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  }

  sign(bytes: Uint8Array): Uint8Array {
    return sign(null, bytes, this.#privateKey);
  }
}
