import { randomBytes } from 'node:crypto';
import { encodeCbor, fromHex, sha256Hex16 } from '../bytes/index.ts';
import { Identity } from '../identity/index.ts';
import { requireName } from './realm-name.ts';

/** Bytes of the secret that the private network's key is made from. */
export const NETWORK_SECRET_BYTES = 32;

/** What a node has to know of its realm before it can check anything. */
export interface RealmAnchor {
  /** First 16 bytes of SHA-256 of the root's public key, as 32 hexadecimal digits. */
  readonly id: string;
  /** Raw public key of the root, 32 bytes. */
  readonly rootKey: Uint8Array;
  /** Shared by all nodes, 32 bytes: keeps strangers off the network, proves nothing. */
  readonly networkSecret: Uint8Array;
  /** Name at the time of joining; a realm record may have changed it since. */
  readonly name: string;
}

/** The objects of the realm layer. What is signed as one kind is nothing as another. */
export type SignedKind = 'grant' | 'revocation' | 'record' | 'policy';

/** Id of the realm of a root's public key. */
export function realmIdOf(rootKey: Uint8Array): string {
  return sha256Hex16(rootKey);
}

/** external_aad of a realm's signed objects: CBOR `["sedge-<kind>/1", realm id]`. */
export function realmAad(realmId: string, kind: SignedKind): Uint8Array {
  return encodeCbor([`sedge-${kind}/1`, fromHex(realmId)]);
}

/** external_aad of a realm's entries: CBOR `["sedge/1", realm id]`. */
export function entryAadOf(realmId: string): Uint8Array {
  return encodeCbor(['sedge/1', fromHex(realmId)]);
}

/** Makes a realm: its root key and network secret. Throws `realm.bad-name`. */
export function createRealm(options: {
  readonly name: string;
  /** @defaultValue the system's */
  readonly randomBytes?: (n: number) => Uint8Array;
}): { readonly anchor: RealmAnchor; readonly root: Identity } {
  requireName(options.name);
  const random = options.randomBytes ?? randomBytes;
  const root = Identity.generate(random);
  return { anchor: anchorOf(options.name, root.publicKey, random(NETWORK_SECRET_BYTES)), root };
}

/** The anchor of a realm from its parts. */
export function anchorOf(name: string, rootKey: Uint8Array, networkSecret: Uint8Array): RealmAnchor {
  return {
    id: realmIdOf(rootKey),
    rootKey: Uint8Array.from(rootKey),
    networkSecret: Uint8Array.from(networkSecret),
    name,
  };
}
