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

/**
 * Chains kept of one node, standing or not. Over that the fallen go first, then the longest, as whoever stands
 * nearer to the root is harder to counterfeit.
 */
const CHAINS_MAX = 8;
/** Revocations of one subject by one admin that are kept. */
const REVOCATIONS_BY_ISSUER_MAX = 4;

/**
 * Who belongs to the realm: the chains and revocations heard so far. Pure state; its value depends on what was
 * added, not on the order, as long as no limit is met. All that is added was checked before.
 *
 * A revocation by the root counts always, one by an admin unless the root's revocations took the admin's word
 * (`README.md`). What the root took never comes back and is forgotten; what an admin's revocation took is kept, as
 * that revocation may itself fall.
 */
export class Membership {
  /** All chains that stand under the root's revocations alone. */
  readonly #chains = new Map<NodeId, readonly (readonly Grant[])[]>();
  readonly #byRoot = new RevocationSet();
  readonly #ofRoot: Revocation[] = [];
  readonly #ofAdmins = new Map<string, Revocation>();
  /** All revocations that count. */
  #revocations = new RevocationSet();
  /** What follows from the above. */
  readonly #members = new Map<NodeId, Member>();

  get(node: NodeId): Member | undefined {
    return this.#members.get(node);
  }

  all(): Iterable<Member> {
    return this.#members.values();
  }

  /** Nodes that account is kept of, those among them whose chains fell; one that is revoked may count twice. */
  get size(): number {
    return this.#chains.size + this.#revocations.size;
  }

  /** True if account is kept of the node, whether or not it has a place. */
  knows(node: NodeId): boolean {
    return this.#chains.has(node) || this.#revocations.of(node) !== null;
  }

  /** False where a grant of the chain is by one whose grants fell with it. The chain's own end is not looked at. */
  stands(chain: readonly Grant[]): boolean {
    return standsUnder(this.#revocations, chain);
  }

  /** As {@link stands}, under the root's revocations alone: if false, it is so for ever. */
  standsForRoot(chain: readonly Grant[]): boolean {
    return standsUnder(this.#byRoot, chain);
  }

  /** True if the chain's end is not revoked and the chain stands; true for no grants, which is the root. */
  isInForce(chain: readonly Grant[]): boolean {
    const last = chain.at(-1);
    if (last === undefined) return true;
    return this.#revocations.of(nodeIdOf(last.subject)) === null && this.stands(chain);
  }

  /** False where the root's revocations took the issuer's word, and did not keep this revocation. */
  counts({ id, issuerGrants }: Revocation): boolean {
    const last = issuerGrants.at(-1);
    if (last === undefined) return true;
    const revoked = this.#byRoot.of(nodeIdOf(last.subject));
    return (revoked === null || revoked.keeps(id)) && this.standsForRoot(issuerGrants);
  }

  /** Adds a chain that stands for the root; false if it was known, or is the one to go at the limit. */
  addChain(chain: readonly Grant[]): boolean {
    const node = nodeIdOf(chain.at(-1)!.subject);
    const known = this.#chains.get(node) ?? [];
    if (known.some((other) => isSame(other, chain))) return false;
    const chains = [...known, chain].sort(byPreference);
    if (chains.length > CHAINS_MAX) chains.splice(this.#worstOf(chains), 1);
    if (!chains.includes(chain)) return false;
    this.#chains.set(node, chains);
    this.#refresh(node);
    return true;
  }

  /** Adds a revocation that counts; false if it was known, or too many by its issuer of the same subject are. */
  addRevocation(revocation: Revocation): boolean {
    if (revocation.issuerGrants.length === 0) {
      if (this.#ofRoot.some(({ id }) => id === revocation.id)) return false;
      this.#ofRoot.push(revocation);
      this.#byRoot.add(revocation);
      this.#dropWhatTheRootTook();
    } else {
      if (this.#ofAdmins.has(revocation.id) || this.#isAtLimit(revocation)) return false;
      this.#ofAdmins.set(revocation.id, revocation);
      this.#revocations.add(revocation);
    }
    this.#refreshAll(revocation.subject);
    return true;
  }

  /** Ids of the revocations by a node that count. */
  revocationsBy(node: NodeId): string[] {
    return [...this.#ofAdmins.values()].filter(({ issuer }) => issuer === node).map(({ id }) => id);
  }

  #isAtLimit({ issuer, subject }: Revocation): boolean {
    let count = 0;
    for (const known of this.#ofAdmins.values()) {
      if (known.issuer === issuer && known.subject === subject) count++;
    }
    return count >= REVOCATIONS_BY_ISSUER_MAX;
  }

  #dropWhatTheRootTook(): void {
    for (const [node, chains] of this.#chains) {
      const standing = chains.filter((chain) => this.standsForRoot(chain));
      if (standing.length === 0) this.#chains.delete(node);
      else if (standing.length < chains.length) this.#chains.set(node, standing);
    }
    this.#revocations = new RevocationSet();
    for (const revocation of this.#ofRoot) this.#revocations.add(revocation);
    for (const [id, revocation] of this.#ofAdmins) {
      if (this.counts(revocation)) this.#revocations.add(revocation);
      else this.#ofAdmins.delete(id);
    }
  }

  #refreshAll(revoked: NodeId): void {
    const nodes = new Set([...this.#members.keys(), ...this.#chains.keys(), revoked]);
    for (const node of nodes) this.#refresh(node);
  }

  #refresh(node: NodeId): void {
    const chains = (this.#chains.get(node) ?? []).filter((chain) => this.stands(chain));
    const revocation = this.#revocations.of(node);
    if (chains.length === 0 && revocation === null) this.#members.delete(node);
    else this.#members.set(node, { node, chains, revocation });
  }

  /** Index of the chain to forget. The chains are in order of preference. */
  #worstOf(chains: readonly (readonly Grant[])[]): number {
    const costs = chains.map((chain) => chain.length + (this.stands(chain) ? 0 : 1_000));
    return costs.lastIndexOf(Math.max(...costs));
  }
}

/** Of a revoked subject those grants stay that its revocation names: of whatever follows it, the next node's. */
function standsUnder(revocations: RevocationSet, chain: readonly Grant[]): boolean {
  for (const [index, grant] of chain.slice(0, -1).entries()) {
    const revocation = revocations.of(nodeIdOf(grant.subject));
    if (revocation === null) continue;
    const next = nextNodeGrant(chain, index);
    if (next === null || !revocation.keeps(next.id)) return false;
  }
  return true;
}

/** The first grant of a node behind an index of a chain; `null` if there is none. */
export function nextNodeGrant(chain: readonly Grant[], index: number): Grant | null {
  return chain.slice(index + 1).find(({ kind }) => kind === 'node') ?? null;
}

function isSame(a: readonly Grant[], b: readonly Grant[]): boolean {
  return a.length === b.length && a.every(({ id }, index) => id === b[index]!.id);
}

/** An admin's chain before a member's, then the later grant, then the higher id: the same everywhere. */
function byPreference(a: readonly Grant[], b: readonly Grant[]): number {
  const [ours, theirs] = [a.at(-1)!, b.at(-1)!];
  if (ours.role !== theirs.role) return ours.role === 'admin' ? -1 : 1;
  return theirs.issuedAtMs - ours.issuedAtMs || (ours.id > theirs.id ? -1 : 1);
}
