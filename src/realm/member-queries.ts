import { type NodeId, nodeIdOf } from '../identity/index.ts';
import type { Grant, Role } from './grant.ts';
import type { Member } from './membership.ts';

/** How an invitation was used, as far as this node has heard. */
export interface InviteUse {
  /** Id of the invitation's grant. */
  readonly inviteId: string;
  /** The invitation's one-time key as an id: revoking it stops further uses. */
  readonly key: NodeId;
  /** Label for people, may be empty. */
  readonly name: string;
  readonly role: Role;
  /** 0 for any number. */
  readonly usesAllowed: number;
  readonly expiresAtMs: number;
  /** Who joined by it, by time of the grant. */
  readonly nodes: readonly NodeId[];
  /** More nodes than allowed. */
  readonly overused: boolean;
}

/** Shortest part of an id that names a node: `12D3KooW` begins them all. */
const PREFIX_LENGTH_MIN = 10;

/** All invitations by which some node joined, by id. */
export function inviteUsesOf(members: Iterable<Member>): readonly InviteUse[] {
  const found = new Map<string, { invite: Grant; grantByNode: Map<NodeId, Grant> }>();
  for (const { node, chains } of members) {
    for (const chain of chains) {
      const invite = chain.at(-2);
      if (invite === undefined || invite.kind !== 'invite') continue;
      const use = found.get(invite.id) ?? { invite, grantByNode: new Map() };
      use.grantByNode.set(node, chain.at(-1)!);
      found.set(invite.id, use);
    }
  }
  return [...found.values()].map(reportUse).sort((a, b) => (a.inviteId < b.inviteId ? -1 : 1));
}

function reportUse(use: { invite: Grant; grantByNode: Map<NodeId, Grant> }): InviteUse {
  const { id, subject, name, role, uses, expiresAtMs } = use.invite;
  const nodes = [...use.grantByNode]
    .sort(([a, x], [b, y]) => x.issuedAtMs - y.issuedAtMs || (a < b ? -1 : 1))
    .map(([node]) => node);
  return {
    inviteId: id,
    key: nodeIdOf(subject),
    name,
    role,
    usesAllowed: uses,
    expiresAtMs,
    nodes,
    overused: uses !== 0 && nodes.length > uses,
  };
}

/** Nodes whose place comes from a grant by `issuer`, directly or by an invitation of its. */
export function nodesGrantedThrough(members: Iterable<Member>, issuer: NodeId): readonly NodeId[] {
  const nodes = new Set<NodeId>();
  for (const { chains } of members) {
    for (const chain of chains) {
      const at = chain.findIndex(({ subject }) => nodeIdOf(subject) === issuer);
      const next = at === -1 ? undefined : chain.slice(at + 1).find(({ kind }) => kind === 'node');
      if (next !== undefined) nodes.add(nodeIdOf(next.subject));
    }
  }
  return [...nodes];
}

/**
 * The node of that id, name, or start of an id (10 characters or more), in this order; `null` for none, and where
 * several fit. Of several nodes of one name the only one that is not revoked counts.
 */
export function findMember(members: readonly Member[], text: string): NodeId | null {
  const exact = members.find(({ node }) => node === text);
  if (exact !== undefined) return exact.node;
  const named = members.filter(({ chains }) => chains[0]?.at(-1)?.name === text);
  if (named.length > 0)
    return (onlyOf(named) ?? onlyOf(named.filter(({ revocation }) => revocation === null)))?.node ?? null;
  if (text.length < PREFIX_LENGTH_MIN) return null;
  return onlyOf(members.filter(({ node }) => node.startsWith(text)))?.node ?? null;
}

function onlyOf(members: readonly Member[]): Member | null {
  return members.length === 1 ? members[0]! : null;
}
