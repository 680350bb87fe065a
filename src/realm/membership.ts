import { type NodeId, nodeIdOf } from '../identity/index.ts';
import type { Grant } from './grant.ts';
import type { Revocation } from './revocation.ts';
import { type MergedRevocation, RevocationSet } from './revocation-set.ts';

/** What is known of a node. It has a chain, or a revocation, or both. */
export interface Member {
  readonly node: NodeId;
  /** Chains that stand, the one that counts first. */
  readonly chains: readonly (readonly Grant[])[];
  readonly revocation: MergedRevocation | null;
}

/** Chains kept of one node; the longest goes first, as whoever stands nearer to the root is harder to counterfeit. */
const CHAINS_MAX = 8;

/**
 * Who belongs to the realm: the chains and revocations heard so far. Pure state; its value depends on what was
 * added, not on the order. All that is added was checked before.
 */
export class Membership {
  readonly #members = new Map<NodeId, Member>();
  readonly #revocations = new RevocationSet();

  get(node: NodeId): Member | undefined {
    return this.#members.get(node);
  }

  all(): Iterable<Member> {
    return this.#members.values();
  }

  get size(): number {
    return this.#members.size;
  }

  /** False where a grant of the chain is by one whose grants fell with it. The chain's own end is not looked at. */
  stands(chain: readonly Grant[]): boolean {
    for (const [index, grant] of chain.slice(0, -1).entries()) {
      const revocation = this.#revocations.of(nodeIdOf(grant.subject));
      if (revocation === null) continue;
      const next = chain.slice(index + 1).find(({ kind }) => kind === 'node');
      if (next === undefined || !revocation.keeps(nodeIdOf(next.subject))) return false;
    }
    return true;
  }

  /** True if the chain's end is not revoked and the chain stands; true for no grants, which is the root. */
  isInForce(chain: readonly Grant[]): boolean {
    const last = chain.at(-1);
    if (last === undefined) return true;
    return this.#revocations.of(nodeIdOf(last.subject)) === null && this.stands(chain);
  }

  /** Adds a chain that stands; `false` if it is known already. */
  addChain(chain: readonly Grant[]): boolean {
    const node = nodeIdOf(chain.at(-1)!.subject);
    const known = this.#members.get(node);
    if (known?.chains.some((other) => isSameChain(other, chain))) return false;
    const chains = [...(known?.chains ?? []), chain].sort(byPreference);
    if (chains.length > CHAINS_MAX) chains.splice(longestOf(chains), 1);
    this.#members.set(node, { node, chains, revocation: known?.revocation ?? null });
    return true;
  }

  /** Adds a revocation and drops all chains that no longer stand. */
  addRevocation(revocation: Revocation): void {
    this.#revocations.add(revocation);
    const { subject } = revocation;
    const chains = this.#members.get(subject)?.chains ?? [];
    this.#members.set(subject, { node: subject, chains, revocation: this.#revocations.of(subject) });
    for (const member of this.#members.values()) this.#dropFallen(member);
  }

  #dropFallen(member: Member): void {
    const chains = member.chains.filter((chain) => this.stands(chain));
    if (chains.length === member.chains.length) return;
    if (chains.length === 0 && member.revocation === null) this.#members.delete(member.node);
    else this.#members.set(member.node, { ...member, chains });
  }
}

function isSameChain(a: readonly Grant[], b: readonly Grant[]): boolean {
  return a.length === b.length && a.every(({ id }, index) => id === b[index]!.id);
}

/** An admin's chain before a member's, then the later grant, then the higher id: the same everywhere. */
function byPreference(a: readonly Grant[], b: readonly Grant[]): number {
  const [ours, theirs] = [a.at(-1)!, b.at(-1)!];
  if (ours.role !== theirs.role) return ours.role === 'admin' ? -1 : 1;
  return theirs.issuedAtMs - ours.issuedAtMs || (ours.id > theirs.id ? -1 : 1);
}

/** Index of the longest chain, the last one of several. */
function longestOf(chains: readonly (readonly Grant[])[]): number {
  let longest = 0;
  for (const [index, chain] of chains.entries()) if (chain.length >= chains[longest]!.length) longest = index;
  return longest;
}
