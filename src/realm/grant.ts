import { cborUint, encodeCbor, sha256Hex16 } from '../bytes/index.ts';
import { isAcceptableKey, parseCose1, type SigningKey, signCose1, verifyCose1 } from '../cose/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import { isBytes, isNumber, versionOneItems } from './payload-fields.ts';
import { type RealmAnchor, realmAad } from './realm-anchor.ts';
import { isName } from './realm-name.ts';

/** What a node may do: a member publishes and subscribes, an admin also invites, revokes and changes the realm. */
export type Role = 'member' | 'admin';

/** `node`: the subject is a node of the realm. `invite`: the holder of the subject's key may grant one node. */
export type GrantKind = 'invite' | 'node';

/** What a grant says, before who signed it. */
export interface GrantFields {
  readonly kind: GrantKind;
  /** Raw public key of the node, or of the invitation's one-time key. */
  readonly subject: Uint8Array;
  readonly role: Role;
  /** Name of the node, or a label of the invitation, which may be empty. */
  readonly name: string;
  /** Issuer's clock, milliseconds since 1970. */
  readonly issuedAtMs: number;
  /** Milliseconds since 1970 from which on an invitation is void; 0 for never. Always 0 for nodes. */
  readonly expiresAtMs: number;
  /** How many nodes an invitation is for; 0 for any number. Always 0 for nodes. */
  readonly uses: number;
}

/** A grant whose shape and own signature were checked; whether its issuer may is the chain's matter. */
export interface Grant extends GrantFields {
  /** First 16 bytes of SHA-256 over the whole object, as 32 hexadecimal digits. */
  readonly id: string;
  /** Raw public key that signed. */
  readonly issuer: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Largest grant. */
export const GRANT_BYTES_MAX = 512;

const KINDS: readonly GrantKind[] = ['invite', 'node'];
const ROLES: readonly Role[] = ['member', 'admin'];
const ITEMS = 8;

/** Signs a grant. The fields are taken to be valid. */
export function signGrant(anchor: RealmAnchor, issuer: SigningKey, fields: GrantFields): Uint8Array {
  const payload = encodeCbor([
    1,
    KINDS.indexOf(fields.kind),
    fields.subject,
    ROLES.indexOf(fields.role),
    fields.name,
    cborUint(fields.issuedAtMs),
    cborUint(fields.expiresAtMs),
    cborUint(fields.uses),
  ]);
  return signCose1(payload, issuer, realmAad(anchor.id, 'grant'));
}

/**
 * Reads a grant and checks its own signature. Refuses `realm.grant-malformed`, `cose.bad-frame`, `cose.bad-key`
 * and `cose.bad-signature`. Items beyond the eight are refused, not ignored: one could be a restriction.
 */
export function readGrant(anchor: RealmAnchor, bytes: Uint8Array): Result<Grant> {
  if (bytes.length > GRANT_BYTES_MAX) return refuse('realm.grant-malformed');
  const cose1 = parseCose1(bytes);
  if (!cose1.ok) return cose1;
  const fields = readFields(cose1.value.payload);
  if (fields === null) return refuse('realm.grant-malformed');
  const verified = verifyCose1(cose1.value, realmAad(anchor.id, 'grant'));
  if (!verified.ok) return verified;
  return accept({ ...fields, id: sha256Hex16(bytes), issuer: cose1.value.author, bytes });
}

function readFields(payload: Uint8Array): GrantFields | null {
  const items = versionOneItems(payload, ITEMS);
  if (items === null) return null;
  const [, kindNumber, subject, roleNumber, name, issuedAtMs, expiresAtMs, uses] = items;
  if (!isNumber(kindNumber) || !isNumber(roleNumber)) return null;
  const kind = KINDS[kindNumber];
  const role = ROLES[roleNumber];
  if (kind === undefined || role === undefined) return null;
  if (!isBytes(subject, 32) || !isAcceptableKey(subject)) return null;
  if (!isNumber(issuedAtMs) || !isNumber(expiresAtMs) || !isNumber(uses)) return null;
  if (!isName(name) && !(kind === 'invite' && name === '')) return null;
  if (kind === 'node' && (expiresAtMs !== 0 || uses !== 0)) return null;
  return { kind, subject, role, name: name as string, issuedAtMs, expiresAtMs, uses };
}
