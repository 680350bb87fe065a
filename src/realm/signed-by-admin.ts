import { sha256Hex16 } from '../bytes/index.ts';
import { parseCose1, type SigningKey, signCose1, verifyCose1 } from '../cose/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import { GRANT_BYTES_MAX, type Grant } from './grant.ts';
import { CHAIN_GRANTS_MAX, isAdmin, readIssuerChain } from './grant-chain.ts';
import { isArrayOf, isBytesUpTo, versionOneItems } from './payload-fields.ts';
import { type RealmAnchor, realmAad, type SignedKind } from './realm-anchor.ts';

/** An object that the root or an admin signed and that carries the admin's chain as its last item. */
export interface SignedByAdmin {
  /** First 16 bytes of SHA-256 over the whole object, as 32 hexadecimal digits. */
  readonly id: string;
  /** Raw public key that signed. */
  readonly issuer: Uint8Array;
  /** The issuer's grants, from the root's; empty where the root itself signed. */
  readonly issuerGrants: readonly Grant[];
  /** All items of the payload, version first, chain last. */
  readonly items: readonly unknown[];
  readonly bytes: Uint8Array;
}

/** Where such an object fails, and what it may be. */
export interface SignedShape {
  readonly kind: Exclude<SignedKind, 'grant'>;
  readonly items: number;
  readonly bytesMax: number;
  readonly malformed: 'realm.grant-malformed' | 'realm.bad-record' | 'realm.bad-policy';
}

/**
 * Reads such an object: frame, size, count of items, signature, and that its issuer is the root or an admin.
 * Refuses `shape.malformed`, `realm.not-admin`, `realm.grant-broken-chain` and the codes of `cose`.
 */
export function readSignedByAdmin(
  anchor: RealmAnchor,
  bytes: Uint8Array,
  shape: SignedShape,
): Result<SignedByAdmin> {
  if (bytes.length > shape.bytesMax) return refuse(shape.malformed);
  const cose1 = parseCose1(bytes);
  if (!cose1.ok) return cose1;
  const items = versionOneItems(cose1.value.payload, shape.items);
  const chain = items?.at(-1);
  if (items === null || !isArrayOf(chain, CHAIN_GRANTS_MAX, isBytesUpTo(GRANT_BYTES_MAX))) {
    return refuse(shape.malformed);
  }
  const verified = verifyCose1(cose1.value, realmAad(anchor.id, shape.kind));
  if (!verified.ok) return verified;
  const issuer = cose1.value.author;
  const grants = readIssuerChain(anchor, chain);
  if (!grants.ok) return grants;
  if (!isAdmin(anchor, issuer, grants.value)) return refuse('realm.not-admin');
  return accept({ id: sha256Hex16(bytes), issuer, issuerGrants: grants.value, items, bytes });
}

/** Signs a payload as an object of this kind. */
export function signForRealm(
  anchor: RealmAnchor,
  issuer: SigningKey,
  { kind, payload }: { readonly kind: Exclude<SignedKind, 'grant'>; readonly payload: Uint8Array },
): Uint8Array {
  return signCose1(payload, issuer, realmAad(anchor.id, kind));
}
