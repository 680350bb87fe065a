import { cborUint, encodeCbor, fromHex } from '../../../src/bytes/index.ts';
import { type SigningKey, signCose1 } from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { createRealm, type RealmAnchor } from '../../../src/realm/index.ts';

export const NOW_MS = 1_790_000_000_000;
export const HOUR_MS = 3_600_000;

/** A realm that follows from a number. */
export function sampleRealm(byte = 1): { anchor: RealmAnchor; root: Identity } {
  return createRealm({ name: 'yard', randomBytes: (n) => new Uint8Array(n).fill(byte) });
}

export const { anchor, root } = sampleRealm();

/** A key that follows from a number. */
export function sampleKey(byte: number): Identity {
  return Identity.fromSeed(new Uint8Array(32).fill(byte));
}

/** Items of a grant, for forging: version, kind (0 invite, 1 node), subject, role (0 member, 1 admin), name, times, uses. */
export interface RawGrant {
  readonly version?: unknown;
  readonly kind?: unknown;
  readonly subject?: unknown;
  readonly role?: unknown;
  readonly name?: unknown;
  readonly issuedAtMs?: unknown;
  readonly expiresAtMs?: unknown;
  readonly uses?: unknown;
  readonly more?: readonly unknown[];
}

/** A grant by anyone of anything, made without the code under test. */
export function forgeGrant(issuer: SigningKey, fields: RawGrant, realm: RealmAnchor = anchor): Uint8Array {
  return sign(issuer, 'grant', grantItems(fields), realm);
}

function grantItems(fields: RawGrant): unknown[] {
  const { version = 1, kind = 1, role = 0, name = 'node', uses = 0, more = [] } = fields;
  const { subject = sampleKey(99).publicKey, issuedAtMs = NOW_MS, expiresAtMs = 0 } = fields;
  return [version, kind, subject, role, name, number(issuedAtMs), number(expiresAtMs), number(uses), ...more];
}

/** Any payload as a signed object of a kind. */
export function sign(
  issuer: SigningKey,
  kind: 'grant' | 'revocation' | 'record',
  items: readonly unknown[],
  realm: RealmAnchor = anchor,
): Uint8Array {
  return signCose1(encodeCbor(items), issuer, encodeCbor([`sedge-${kind}/1`, fromHex(realm.id)]));
}

function number(value: unknown): unknown {
  return typeof value === 'number' ? cborUint(value) : value;
}
