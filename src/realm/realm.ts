import { sha256Hex16 } from '../bytes/index.ts';
import { accept, assert, type Refusal, type Result, refuse } from '../errors/index.ts';
import { type NodeId, nodeIdOf } from '../identity/index.ts';
import { decodeChainPayload } from './chain-payload.ts';
import { ChannelMap, MAIN_CHANNEL, REALM_CHANNEL } from './channel-map.ts';
import { type ChannelPolicy, type Priority, priorityUnder } from './channel-policy.ts';
import type { Grant } from './grant.ts';
import { CHAIN_GRANTS_MAX, readGrantChain } from './grant-chain.ts';
import { findNodeIn, grantsThrough, inviteUsesOf, nodesOf } from './member-queries.ts';
import { type Member, Membership } from './membership.ts';
import { entryAadOf, type RealmAnchor } from './realm-anchor.ts';
import { type RealmPolicy, readPolicy } from './realm-policy.ts';
import {
  CHANNELS_MAX_DEFAULT,
  CHANNELS_MAX_LIMIT,
  type ChannelDeclaration,
  type RealmRecord,
  readRecord,
} from './realm-record.ts';
import type { InviteUse, RealmNode, RealmOffer, Standing } from './realm-view.ts';
import { RecentMap } from './recent-map.ts';
import { RecordBook } from './record-book.ts';
import { type Revocation, readRevocation } from './revocation.ts';

/** Options of {@link Realm}. */
export interface RealmOptions {
  /** Most channels that a record may declare, 1 to 4,096. @defaultValue 256 */
  readonly channelsMax?: number;
  /**
   * Most nodes, revoked ones included, that account is kept of, 1 to 2^20; further ones are refused with
   * `realm.too-many-nodes`. @defaultValue 65,536: about 100 MB, and far above any realm that one overlay carries
   */
  readonly nodesMax?: number;
}

/** Topics of the `$realm` channel, each with what its payload holds. */
export const REALM_TOPICS = Object.freeze({
  /** CBOR array of grants, root's first. */
  grant: '$realm/grant',
  /** A revocation. */
  revocation: '$realm/revocation',
  /** A realm record. */
  record: '$realm/record',
  /** A policy. */
  policy: '$realm/policy',
});

const NODES_MAX_DEFAULT = 65_536;
const NODES_MAX_LIMIT = 2 ** 20;
/** Objects of a kind remembered as heard, so that a repetition costs hashes and no signature check. */
const HEARD_MAX = 4_096;

/**
 * What this node knows of its realm: who belongs to it, what was revoked, what is declared. Everything offered is
 * checked down to the root's key, may come in any order and any number of times, and from anybody.
 */
export class Realm {
  readonly anchor: RealmAnchor;
  readonly #channelsMax: number;
  readonly #nodesMax: number;
  readonly #membership = new Membership();
  readonly #records = new RecordBook<RealmRecord>();
  readonly #policies = new RecordBook<RealmPolicy>();
  readonly #listeners = new Set<() => void>();
  readonly #entryAad: Uint8Array;
  readonly #chainsHeard = new RecentMap<readonly Grant[]>(HEARD_MAX);
  readonly #revocationsHeard = new RecentMap<Revocation>(HEARD_MAX);
  readonly #recordsHeard = new RecentMap<RealmRecord>(HEARD_MAX);
  readonly #policiesHeard = new RecentMap<RealmPolicy>(HEARD_MAX);
  #record: RealmRecord | null = null;
  #policy: RealmPolicy | null = null;
  #channels = new ChannelMap([]);

  constructor(anchor: RealmAnchor, options: RealmOptions = {}) {
    const { channelsMax = CHANNELS_MAX_DEFAULT, nodesMax = NODES_MAX_DEFAULT } = options;
    assert(channelsMax >= 1 && channelsMax <= CHANNELS_MAX_LIMIT, 'channelsMax is 1 to 4,096');
    assert(nodesMax >= 1 && nodesMax <= NODES_MAX_LIMIT, 'nodesMax is 1 to 2^20');
    this.anchor = anchor;
    this.#channelsMax = channelsMax;
    this.#nodesMax = nodesMax;
    this.#entryAad = entryAadOf(anchor.id);
  }

  /** First 16 bytes of SHA-256 of the root's public key, as 32 hexadecimal digits. */
  get id(): string {
    return this.anchor.id;
  }

  /** Name of the realm: the latest record's, or the one at the time of joining. */
  get name(): string {
    return this.#record?.name ?? this.anchor.name;
  }

  /** The latest record; `null` before there is one. */
  get record(): RealmRecord | null {
    return this.#record;
  }

  /** Version of the latest record; 0 before there is one. */
  get recordVersion(): number {
    return this.#record?.version ?? 0;
  }

  /** Gossip topics that the channels are spread over, 1 to 16. */
  get shards(): number {
    return this.#record?.shards ?? 1;
  }

  /** external_aad of the realm's entries: CBOR `["sedge/1", realm id]`. The same array each time. */
  entryAad(): Uint8Array {
    return this.#entryAad;
  }

  /**
   * Takes in the chain of a node. Refuses what `checkGrantChain` refuses, `realm.grant-broken-chain` for a chain
   * that ends in an invitation, `realm.revoked` where a grant in it fell with its issuer, and
   * `realm.too-many-nodes`.
   *
   * `admitting` is for the member that a new node shows its chain to: an invitation that was used up as far as
   * this node has heard (`realm.token-used`), and a revoked node (`realm.revoked`), are then refused too. What
   * other members admitted is never judged again.
   */
  offerGrantChain(
    chain: readonly Uint8Array[],
    options: { readonly admitting?: boolean } = {},
  ): Result<Grant> {
    return this.#takeChain(chain, options.admitting === true);
  }

  /**
   * Takes in a revocation; see `readRevocation` for what is refused, and `realm.revoked` where the root took its
   * issuer's word, and `realm.too-many-nodes`.
   */
  offerRevocation(bytes: Uint8Array): Result<Revocation> {
    const id = sha256Hex16(bytes);
    const heard = this.#revocationsHeard.get(id);
    const revocation = heard === undefined ? readRevocation(this.anchor, bytes) : accept(heard);
    if (!revocation.ok) return revocation;
    if (!this.#membership.counts(revocation.value)) return refuse('realm.revoked');
    if (!this.#hasRoomFor(revocation.value.subject)) return refuse('realm.too-many-nodes');
    this.#revocationsHeard.set(id, revocation.value);
    if (!this.#membership.addRevocation(revocation.value)) return revocation;
    this.#records.retain(({ issuerGrants }) => this.#membership.standsForRoot(issuerGrants));
    this.#policies.retain(({ issuerGrants }) => this.#membership.standsForRoot(issuerGrants));
    this.#chooseRecord();
    this.#choosePolicy();
    this.#emit();
    return revocation;
  }

  /**
   * Takes in a realm record; an older one than the present changes nothing. See `readRecord` for what is refused,
   * and `realm.revoked` where the root took its issuer's word.
   */
  offerRecord(bytes: Uint8Array): Result<RealmRecord> {
    const id = sha256Hex16(bytes);
    const heard = this.#recordsHeard.get(id);
    const record = heard === undefined ? readRecord(this.anchor, bytes, this.#channelsMax) : accept(heard);
    if (!record.ok) return record;
    if (!this.#membership.standsForRoot(record.value.issuerGrants)) return refuse('realm.revoked');
    if (this.#records.add(record.value) === 'full') return refuse('realm.too-many-nodes');
    this.#recordsHeard.set(id, record.value);
    if (this.#chooseRecord()) this.#emit();
    return record;
  }

  /**
   * Takes in a policy; an older one than the present changes nothing. See `readPolicy` for what is refused, and
   * `realm.revoked` where the root took its issuer's word.
   */
  offerPolicy(bytes: Uint8Array): Result<RealmPolicy> {
    const id = sha256Hex16(bytes);
    const heard = this.#policiesHeard.get(id);
    const policy = heard === undefined ? readPolicy(this.anchor, bytes) : accept(heard);
    if (!policy.ok) return policy;
    if (!this.#membership.standsForRoot(policy.value.issuerGrants)) return refuse('realm.revoked');
    if (this.#policies.add(policy.value) === 'full') return refuse('realm.too-many-nodes');
    this.#policiesHeard.set(id, policy.value);
    if (this.#choosePolicy()) this.#emit();
    return policy;
  }

  /** The latest policy; `null` before there is one. */
  get policy(): RealmPolicy | null {
    return this.#policy;
  }

  /** What the realm says about keeping a channel; nothing of it where it says nothing. */
  policyOf(channel: string): ChannelPolicy {
    return this.#policy?.channels.get(channel) ?? {};
  }

  /** How much a channel matters; `$realm` is `control`. */
  priorityOf(channel: string): Priority {
    return priorityUnder(channel, this.#policy?.channels.get(channel));
  }

  /** Takes in a message of `$realm` by its topic. Refuses as the method for it does. */
  offer(topic: string, payload: Uint8Array): Result<RealmOffer> {
    switch (topic) {
      case REALM_TOPICS.grant: {
        const chain = decodeChainPayload(payload);
        if (chain === null) return refuse('realm.grant-malformed');
        const grant = this.offerGrantChain(chain);
        return grant.ok ? accept({ kind: 'grant', grant: grant.value }) : grant;
      }
      case REALM_TOPICS.revocation: {
        const revocation = this.offerRevocation(payload);
        return revocation.ok ? accept({ kind: 'revocation', revocation: revocation.value }) : revocation;
      }
      case REALM_TOPICS.record: {
        const record = this.offerRecord(payload);
        return record.ok ? accept({ kind: 'record', record: record.value }) : record;
      }
      case REALM_TOPICS.policy: {
        const policy = this.offerPolicy(payload);
        return policy.ok ? accept({ kind: 'policy', policy: policy.value }) : policy;
      }
      default:
        return accept({ kind: 'ignored' });
    }
  }

  /**
   * Whether an entry of the author in this log, up to the number, counts. `unknown`: no grant is known yet, and it
   * may be on its way. One look-up for all but revoked authors.
   */
  allows(author: NodeId, channel: string, epoch: string, lastSeq: number): 'granted' | 'unknown' | 'revoked' {
    const member = this.#membership.get(author);
    if (member === undefined) return 'unknown';
    if (member.revocation === null) return 'granted';
    if (lastSeq > member.revocation.through(channel, epoch)) return 'revoked';
    return member.chains.length > 0 ? 'granted' : 'unknown';
  }

  standing(node: NodeId): Standing {
    const member = this.#membership.get(node);
    if (member === undefined) return { status: 'unknown' };
    const { revocation } = member;
    if (revocation !== null) {
      return { status: 'revoked', through: (channel, epoch) => revocation.through(channel, epoch) };
    }
    const grant = grantOf(member)!;
    return { status: 'granted', role: grant.role, name: grant.name, grant };
  }

  /** The chain that counts for a node, as bytes from the root's grant on; `null` if none is known. */
  chainOf(node: NodeId): readonly Uint8Array[] | null {
    return this.#membership.get(node)?.chains[0]?.map(({ bytes }) => bytes) ?? null;
  }

  /** All nodes of which a grant is known, revoked ones included, by name. */
  nodes(): readonly RealmNode[] {
    return nodesOf(this.#membership.all());
  }

  /** How the invitations were used; `overused` ones are for people to look at. */
  inviteUses(): readonly InviteUse[] {
    return inviteUsesOf(this.#membership.all());
  }

  /**
   * Ids of the grants and revocations that go back to a node (or to an invitation's key): what its revocation has
   * to keep, if they are to stay.
   */
  grantedThrough(node: NodeId): readonly string[] {
    return [...grantsThrough(this.#membership.all(), node), ...this.#membership.revocationsBy(node)];
  }

  /** The node of that id, name or start of an id; `null` for none and for several. */
  findNode(text: string): NodeId | null {
    return findNodeIn(this.nodes(), text);
  }

  /** Name of a node; the empty string if it has none. */
  nameOf(node: NodeId): string {
    const member = this.#membership.get(node);
    return member === undefined ? '' : (grantOf(member)?.name ?? '');
  }

  /** Declared channels; `main` and `$realm` are always there and not among them. */
  channels(): readonly ChannelDeclaration[] {
    return this.#record?.channels ?? [];
  }

  /** All channels by name, `$realm` first. */
  channelNames(): string[] {
    return [REALM_CHANNEL, MAIN_CHANNEL, ...this.channels().map(({ name }) => name)];
  }

  /** The channel that a topic goes to. */
  channelOf(topic: string): string {
    return this.#channels.channelOf(topic);
  }

  /** Tells of changes after they are in force; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #takeChain(chain: readonly Uint8Array[], admitting: boolean): Result<Grant> {
    const id = chain.length > CHAIN_GRANTS_MAX ? '' : chain.map(sha256Hex16).join();
    const heard = this.#chainsHeard.get(id);
    const grants = heard === undefined ? readGrantChain(this.anchor, chain) : accept(heard);
    if (!grants.ok) return grants;
    const last = grants.value.at(-1)!;
    if (last.kind !== 'node') return refuse('realm.grant-broken-chain');
    if (!this.#membership.standsForRoot(grants.value)) return refuse('realm.revoked');
    const refusal = admitting ? this.#admissionRefusal(grants.value) : null;
    if (refusal !== null) return refusal;
    const node = nodeIdOf(last.subject);
    if (!this.#hasRoomFor(node)) return refuse('realm.too-many-nodes');
    this.#chainsHeard.set(id, grants.value);
    if (this.#membership.addChain(grants.value)) this.#emit();
    // Kept all the same: the revocation that took it may be taken back by the root's.
    return this.#membership.stands(grants.value) ? accept(last) : refuse('realm.revoked');
  }

  /** Why a node that shows its chain here is not let in; `null` if it is, or was by somebody before. */
  #admissionRefusal(chain: readonly Grant[]): Refusal | null {
    const member = this.#membership.get(nodeIdOf(chain.at(-1)!.subject));
    if (member !== undefined) return member.revocation === null ? null : refuse('realm.revoked');
    const invite = chain.at(-2);
    if (invite?.kind !== 'invite') return null;
    // Not by the clock here: who joined in time may come to this node's sight much later, by ferry or after a cut.
    if (invite.uses === 0) return null;
    const use = this.inviteUses().find((one) => one.invite === invite.id);
    return (use?.nodes.length ?? 0) >= invite.uses ? refuse('realm.token-used') : null;
  }

  #hasRoomFor(node: NodeId): boolean {
    return this.#membership.size < this.#nodesMax || this.#membership.knows(node);
  }

  /** The record in force follows from all records and revocations, whatever came first. True if it is another. */
  #chooseRecord(): boolean {
    const record = this.#records.latest(({ issuerGrants }) => this.#membership.isInForce(issuerGrants));
    if (record?.id === this.#record?.id) return false;
    this.#record = record;
    this.#channels = new ChannelMap(record?.channels ?? []);
    return true;
  }

  #choosePolicy(): boolean {
    const policy = this.#policies.latest(({ issuerGrants }) => this.#membership.isInForce(issuerGrants));
    if (policy?.id === this.#policy?.id) return false;
    this.#policy = policy;
    return true;
  }

  #emit(): void {
    for (const listener of this.#listeners) listener();
  }
}

function grantOf(member: Member): Grant | null {
  return member.chains[0]?.at(-1) ?? null;
}
