import { type NodeId, nodeIdOf } from '../identity/index.ts';
import type { Grant } from './grant.ts';
import { type Member, nextNodeGrant } from './membership.ts';
import type { InviteUse, RealmNode } from './realm-view.ts';

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
  return [...found.values()].map(reportUse).sort((a, b) => (a.invite < b.invite ? -1 : 1));
}

function reportUse(use: { invite: Grant; grantByNode: Map<NodeId, Grant> }): InviteUse {
  const { id, subject, name, uses } = use.invite;
  const nodes = [...use.grantByNode]
    .sort(([a, x], [b, y]) => x.issuedAtMs - y.issuedAtMs || (a < b ? -1 : 1))
    .map(([node]) => node);
  return {
    invite: id,
    key: nodeIdOf(subject),
    name,
    uses,
    used: nodes.length,
    nodes,
    overused: uses !== 0 && nodes.length > uses,
  };
}

/** Ids of the nodes' grants that are by `issuer`, directly or by an invitation of its. */
export function grantsThrough(members: Iterable<Member>, issuer: NodeId): readonly string[] {
  const ids = new Set<string>();
  for (const { chains } of members) {
    for (const chain of chains) {
      const at = chain.findIndex(({ subject }) => nodeIdOf(subject) === issuer);
      const next = at === -1 ? null : nextNodeGrant(chain, at);
      if (next !== null) ids.add(next.id);
    }
  }
  return [...ids];
}

/** All nodes of which a grant is known, revoked ones included, by name. */
export function nodesOf(members: Iterable<Member>): RealmNode[] {
  const nodes: RealmNode[] = [];
  for (const { node, chains, revocation } of members) {
    const grant = chains[0]?.at(-1);
    if (grant === undefined) continue;
    const before = chains[0]?.at(-2);
    nodes.push({
      node,
      name: grant.name,
      role: grant.role,
      status: revocation === null ? 'granted' : 'revoked',
      grantedAtMs: grant.issuedAtMs,
      invite: before?.kind === 'invite' ? before.id : null,
    });
  }
  // Not by locale: every node lists them alike.
  return nodes.sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.node, b.node));
}

/**
 * The node of that id, name, or start of an id (10 characters or more), in this order; `null` for none, and where
 * several fit. Of several nodes of one name the only one that is not revoked counts.
 */
export function findNodeIn(nodes: readonly RealmNode[], text: string): NodeId | null {
  const exact = nodes.find(({ node }) => node === text);
  if (exact !== undefined) return exact.node;
  const named = nodes.filter(({ name }) => name === text);
  if (named.length > 0) {
    const granted = named.filter(({ status }) => status === 'granted');
    return (onlyOf(named) ?? onlyOf(granted))?.node ?? null;
  }
  if (text.length < PREFIX_LENGTH_MIN) return null;
  return onlyOf(nodes.filter(({ node }) => node.startsWith(text)))?.node ?? null;
}

function onlyOf(nodes: readonly RealmNode[]): RealmNode | null {
  return nodes.length === 1 ? nodes[0]! : null;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
