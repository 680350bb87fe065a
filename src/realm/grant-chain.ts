import { equalBytes } from '../bytes/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import { type Grant, readGrant } from './grant.ts';
import type { RealmAnchor } from './realm-anchor.ts';

/** Most grants from the root to a node: admins three invitations deep can still invite. */
export const CHAIN_GRANTS_MAX = 8;

/**
 * Checks a chain of grants offline, from the root's to the bearer's, and returns the last grant. Each is signed
 * by the subject of the one before it; see `README.md` for who may grant what. Refuses
 * `realm.grant-broken-chain`, `realm.grant-expired` where a node was granted after its invitation's end by the
 * grants' own times, and the codes of `readGrant`. No clock is read, and nothing is known of revocations.
 */
export function checkGrantChain(anchor: RealmAnchor, chain: readonly Uint8Array[]): Result<Grant> {
  const grants = readGrantChain(anchor, chain);
  return grants.ok ? accept(grants.value.at(-1)!) : grants;
}

/** As {@link checkGrantChain}, with all grants of the chain, of which there is at least one. */
export function readGrantChain(anchor: RealmAnchor, chain: readonly Uint8Array[]): Result<readonly Grant[]> {
  if (chain.length === 0 || chain.length > CHAIN_GRANTS_MAX) return refuse('realm.grant-broken-chain');
  const grants: Grant[] = [];
  for (const bytes of chain) {
    const grant = readGrant(anchor, bytes);
    if (!grant.ok) return grant;
    const link = checkLink(anchor, grants.at(-1) ?? null, grant.value);
    if (!link.ok) return link;
    grants.push(grant.value);
  }
  return accept(grants);
}

/** As {@link readGrantChain} for who signs something: no grants stand for the root. */
export function readIssuerChain(anchor: RealmAnchor, chain: readonly Uint8Array[]): Result<readonly Grant[]> {
  return chain.length === 0 ? accept([]) : readGrantChain(anchor, chain);
}

/** Whether the grant before (`null`: the root) entitles its subject to this one. */
function checkLink(anchor: RealmAnchor, before: Grant | null, grant: Grant): Result<true> {
  const issuer = before === null ? anchor.rootKey : before.subject;
  if (!equalBytes(grant.issuer, issuer)) return refuse('realm.grant-broken-chain');
  // The root is no node: its key stays offline, and no revocation can reach it.
  if (equalBytes(grant.subject, anchor.rootKey)) return refuse('realm.grant-broken-chain');
  if (before === null) return accept(true);
  return before.kind === 'node' ? checkGrantOfNode(before) : checkGrantOfInvite(before, grant);
}

/** Admins grant whatever the root could; members grant nothing. */
function checkGrantOfNode(issuer: Grant): Result<true> {
  return issuer.role === 'admin' ? accept(true) : refuse('realm.grant-broken-chain');
}

/** An invitation makes nodes alone, of no higher role, before it expires. */
function checkGrantOfInvite(invite: Grant, grant: Grant): Result<true> {
  if (grant.kind !== 'node') return refuse('realm.grant-broken-chain');
  if (grant.role === 'admin' && invite.role !== 'admin') return refuse('realm.grant-broken-chain');
  const expired = invite.expiresAtMs !== 0 && grant.issuedAtMs >= invite.expiresAtMs;
  return expired ? refuse('realm.grant-expired') : accept(true);
}

/** True if the key is the root's and nothing was granted to it, or if the grants end in it as an admin node. */
export function isAdmin(anchor: RealmAnchor, key: Uint8Array, grants: readonly Grant[]): boolean {
  const last = grants.at(-1);
  if (last === undefined) return equalBytes(key, anchor.rootKey);
  return last.kind === 'node' && last.role === 'admin' && equalBytes(last.subject, key);
}
