import type { SigningKey } from '../cose/index.ts';
import { assert, SedgeError } from '../errors/index.ts';
import { type GrantFields, type Role, signGrant } from './grant.ts';
import { CHAIN_GRANTS_MAX, checkGrantChain, isAdmin, readIssuerChain } from './grant-chain.ts';
import type { RealmAnchor } from './realm-anchor.ts';
import { requireName } from './realm-name.ts';

/** Who issues: the root with an empty chain, or an admin node with its own. */
export interface Issuer {
  readonly anchor: RealmAnchor;
  readonly issuer: SigningKey;
  /** Chain of the issuer's own grants. @defaultValue empty: the issuer is the root */
  readonly issuerChain?: readonly Uint8Array[];
}

/** Throws `realm.not-admin` unless the issuer may invite, revoke and change the realm. */
export function requireAdmin({ anchor, issuer, issuerChain = [] }: Issuer): readonly Uint8Array[] {
  const grants = readIssuerChain(anchor, issuerChain);
  if (!grants.ok || !isAdmin(anchor, issuer.publicKey, grants.value)) throw new SedgeError('realm.not-admin');
  return issuerChain;
}

/**
 * Grants a node its place directly, without an invitation; returns the node's chain. Throws `realm.not-admin`
 * and `realm.bad-name`.
 */
export function grantNode(
  options: Issuer & {
    /** Raw public key of the node. */
    readonly subject: Uint8Array;
    readonly name: string;
    /** @defaultValue `'member'` */
    readonly role?: Role;
    /** @defaultValue this machine's clock */
    readonly issuedAtMs?: number;
  },
): readonly Uint8Array[] {
  requireName(options.name);
  return extendChain(options, {
    kind: 'node',
    subject: options.subject,
    role: options.role ?? 'member',
    name: options.name,
    issuedAtMs: options.issuedAtMs ?? Date.now(),
    expiresAtMs: 0,
    uses: 0,
  });
}

/** The issuer's chain and a new grant by it. Throws `realm.not-admin`, also where the chain would be too long. */
export function extendChain(issuer: Issuer, fields: GrantFields): readonly Uint8Array[] {
  const chain = requireAdmin(issuer);
  // An invitation is of no use unless the node's own grant still fits behind it.
  const room = fields.kind === 'invite' ? 2 : 1;
  if (chain.length + room > CHAIN_GRANTS_MAX) {
    throw new SedgeError('realm.not-admin', { chainLength: chain.length });
  }
  const extended = [...chain, signGrant(issuer.anchor, issuer.issuer, fields)];
  assert(
    checkGrantChain(issuer.anchor, extended).ok,
    'the fields of a grant are checked before it is signed',
  );
  return extended;
}
