import { decodeCbor, encodeCbor } from '../bytes/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import { type NodeId, nodeIdOf } from '../identity/index.ts';
import { ChannelMap, MAIN_CHANNEL, REALM_CHANNEL } from './channel-map.ts';
import { GRANT_BYTES_MAX, type Grant, type Role } from './grant.ts';
import { CHAIN_GRANTS_MAX, readGrantChain } from './grant-chain.ts';
import { type Member, Membership, nextNodeGrant } from './membership.ts';
import { isArrayOf, isBytesUpTo } from './payload-fields.ts';
import { entryAadOf, type RealmAnchor } from './realm-anchor.ts';
import {
  CHANNELS_MAX_DEFAULT,
  type ChannelDeclaration,
  type RealmRecord,
  readRecord,
} from './realm-record.ts';
import { RecordBook } from './record-book.ts';
import { type Revocation, readRevocation } from './revocation.ts';

/** Topics of the `$realm` channel, each with what its payload holds. */
export const REALM_TOPICS = Object.freeze({
  /** CBOR array of grants, root's first. */
  grant: '$realm/grant',
  /** A revocation. */
  revocation: '$realm/revocation',
  /** A realm record. */
  record: '$realm/record',
});

/** What the realm knows of a node. */
export type Standing =
  | { readonly status: 'unknown' }
  | { readonly status: 'granted'; readonly role: Role; readonly name: string; readonly grant: Grant }
  | { readonly status: 'revoked'; readonly through: (channel: string, epoch: string) => number };

/** A node of the realm, for people. */
export interface RealmNode {
  readonly node: NodeId;
  readonly name: string;
  readonly role: Role;
  readonly status: 'granted' | 'revoked';
  /** By the granting node's clock, milliseconds since 1970. */
  readonly grantedAtMs: number;
  /** Id of the invitation's grant; `null` where the node was granted directly. */
  readonly invite: string | null;
}

/** How often an invitation was used. */
export interface InviteUse {
  readonly invite: string;
  /** 0 for any number. */
  readonly uses: number;
  readonly used: number;
  /** It was used more often than it allows, or on several sides of a partition at once. */
  readonly overused: boolean;
}

/** Nodes and revocations that a realm keeps account of. */
const MEMBERS_MAX = 65_536;

/**
 * What this node knows of its realm: who was granted, who was revoked, which channels there are. Its state
 * depends on what was offered, not on the order, so that all nodes end alike.
 */
export class Realm {
  readonly anchor: RealmAnchor;
  readonly #channelsMax: number;
  readonly #entryAad: Uint8Array;
  readonly #membership = new Membership();
  readonly #records = new RecordBook();
  readonly #listeners = new Set<() => void>();
  #record: RealmRecord | null = null;
  #channelMap = new ChannelMap([]);

  constructor(anchor: RealmAnchor, options: { readonly channelsMax?: number } = {}) {
    this.anchor = anchor;
    this.#channelsMax = options.channelsMax ?? CHANNELS_MAX_DEFAULT;
    this.#entryAad = entryAadOf(anchor.id);
  }

  /** Realm id, 32 hexadecimal digits. */
  get id(): string {
    return this.anchor.id;
  }

  /** Name by the latest record, else the one at the time of joining. */
  get name(): string {
    return this.#record?.name ?? this.anchor.name;
  }

  /** Gossip topics that the channels are spread over. */
  get shards(): number {
    return this.#record?.shards ?? 1;
  }

  /** Version of the latest record; 0 if there is none. */
  get recordVersion(): number {
    return this.#record?.version ?? 0;
  }

  /** external_aad of the realm's entries. */
  entryAad(): Uint8Array {
    return this.#entryAad;
  }

  /** Tells of every change; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes a chain of grants in. Refuses the codes of `checkGrantChain`, `realm.revoked` where an issuer's grants fell
   * with it, and `realm.too-many-nodes`.
   */
  offerGrantChain(chain: readonly Uint8Array[]): Result<Grant> {
    const read = readGrantChain(this.anchor, chain);
    if (!read.ok) return read;
    const grants = read.value;
    const grant = grants.at(-1)!;
    if (grant.kind !== 'node') return refuse('realm.grant-broken-chain');
    if (!this.#membership.standsForRoot(grants)) return refuse('realm.revoked');
    if (this.#isFullFor(nodeIdOf(grant.subject))) return refuse('realm.too-many-nodes');
    if (this.#membership.addChain(grants)) this.#changed();
    return this.#membership.stands(grants) ? accept(grant) : refuse('realm.revoked');
  }

  /** Takes a revocation in. Refuses the codes of `readRevocation`, `realm.revoked` and `realm.too-many-nodes`. */
  offerRevocation(bytes: Uint8Array): Result<Revocation> {
    const read = readRevocation(this.anchor, bytes);
    if (!read.ok) return read;
    const revocation = read.value;
    if (!this.#membership.counts(revocation)) return refuse('realm.revoked');
    if (this.#isFullFor(revocation.subject)) return refuse('realm.too-many-nodes');
    if (!this.#membership.addRevocation(revocation)) return read;
    this.#records.retain(({ issuerGrants }) => this.#membership.standsForRoot(issuerGrants));
    this.#changed();
    return read;
  }

  /** Takes a realm record in; the latest of issuers that are in force counts. Refusals as of `offerRevocation`. */
  offerRecord(bytes: Uint8Array): Result<RealmRecord> {
    const read = readRecord(this.anchor, bytes, this.#channelsMax);
    if (!read.ok) return read;
    if (!this.#membership.standsForRoot(read.value.issuerGrants)) return refuse('realm.revoked');
    const added = this.#records.add(read.value);
    if (added === 'full') return refuse('realm.too-many-nodes');
    if (added === 'taken') this.#changed();
    return read;
  }

  /** Takes a message of the `$realm` channel in; topics that this version does not know are passed over. */
  offer(topic: string, payload: Uint8Array): Result<unknown> {
    switch (topic) {
      case REALM_TOPICS.grant: {
        const chain = readChainPayload(payload);
        return chain === null ? refuse('realm.grant-malformed') : this.offerGrantChain(chain);
      }
      case REALM_TOPICS.revocation:
        return this.offerRevocation(payload);
      case REALM_TOPICS.record:
        return this.offerRecord(payload);
      default:
        return accept(null);
    }
  }

  /** What is known of a node. */
  standing(node: NodeId): Standing {
    const member = this.#membership.get(node);
    if (member === undefined) return { status: 'unknown' };
    const { revocation } = member;
    if (revocation !== null) {
      return { status: 'revoked', through: (channel, epoch) => revocation.through(channel, epoch) };
    }
    const grant = grantOf(member);
    if (grant === null) return { status: 'unknown' };
    return { status: 'granted', role: grant.role, name: grant.name, grant };
  }

  /** Whether numbers up to `lastSeq` of a log count. */
  allows(author: NodeId, channel: string, epoch: string, lastSeq: number): 'granted' | 'unknown' | 'revoked' {
    const member = this.#membership.get(author);
    if (member === undefined) return 'unknown';
    if (member.revocation === null) return member.chains.length > 0 ? 'granted' : 'unknown';
    return lastSeq <= member.revocation.through(channel, epoch) ? 'granted' : 'revoked';
  }

  /** The chain of grants that a node stands on; `null` if none is known. */
  chainOf(node: NodeId): readonly Uint8Array[] | null {
    return this.#membership.get(node)?.chains[0]?.map(({ bytes }) => bytes) ?? null;
  }

  /** All nodes, by name. */
  nodes(): RealmNode[] {
    const nodes = [...this.#membership.all()].flatMap((member) => {
      const chain = member.chains[0];
      const grant = chain?.at(-1);
      if (chain === undefined || grant === undefined) return [];
      const before = chain.at(-2);
      const { node, revocation } = member;
      const invite = before?.kind === 'invite' ? before.id : null;
      const status: RealmNode['status'] = revocation === null ? 'granted' : 'revoked';
      return [{ node, name: grant.name, role: grant.role, status, grantedAtMs: grant.issuedAtMs, invite }];
    });
    return nodes.sort((a, b) => a.name.localeCompare(b.name) || (a.node < b.node ? -1 : 1));
  }

  /** How often each invitation was used, as far as this node heard. */
  inviteUses(): InviteUse[] {
    const byInvite = new Map<string, { uses: number; nodes: Set<NodeId> }>();
    for (const { node, chains } of this.#membership.all()) {
      for (const chain of chains) {
        const invite = chain.at(-2);
        if (invite?.kind !== 'invite') continue;
        const use = byInvite.get(invite.id) ?? { uses: invite.uses, nodes: new Set<NodeId>() };
        byInvite.set(invite.id, use);
        use.nodes.add(node);
      }
    }
    return [...byInvite].map(([invite, { uses, nodes }]) => ({
      invite,
      uses,
      used: nodes.size,
      overused: uses !== 0 && nodes.size > uses,
    }));
  }

  /**
   * Ids of the grants and revocations that go back to a node (or to an invitation's key): what its revocation has
   * to keep, if they are to stay.
   */
  grantedThrough(node: NodeId): string[] {
    const ids = new Set(this.#membership.revocationsBy(node));
    for (const { chains } of this.#membership.all()) {
      for (const chain of chains) {
        const index = chain.slice(0, -1).findIndex(({ subject }) => nodeIdOf(subject) === node);
        if (index !== -1) ids.add(nextNodeGrant(chain, index)!.id);
      }
    }
    return [...ids];
  }

  /** Finds a node by id, name, or a beginning of its id that fits only one; `null` if that is not one node. */
  findNode(text: string): NodeId | null {
    const nodes = this.nodes();
    const exact = nodes.filter(({ node, name }) => node === text || name === text);
    const found =
      exact.length > 0 ? exact : nodes.filter(({ node }) => text.length >= 4 && node.startsWith(text));
    return found.length === 1 ? found[0]!.node : null;
  }

  /** Name of a node; the empty string if it has none. */
  nameOf(node: NodeId): string {
    return this.#membership.get(node)?.chains[0]?.at(-1)?.name ?? '';
  }

  /** Declared channels; `main` and `$realm` are always there and not among them. */
  channels(): readonly ChannelDeclaration[] {
    return this.#record?.channels ?? [];
  }

  /** All channels by name, `$realm` first. */
  channelNames(): string[] {
    return [REALM_CHANNEL, MAIN_CHANNEL, ...this.channels().map(({ name }) => name)];
  }

  /** Channel of a topic. */
  channelOf(topic: string): string {
    return this.#channelMap.channelOf(topic);
  }

  /** Known nodes are always followed further: at the limit they can still be revoked. */
  #isFullFor(node: NodeId): boolean {
    return this.#membership.size >= MEMBERS_MAX && this.#membership.get(node) === undefined;
  }

  #changed(): void {
    const record = this.#records.latest(({ issuerGrants }) => this.#membership.isInForce(issuerGrants));
    if (record !== this.#record) {
      this.#record = record;
      this.#channelMap = new ChannelMap(this.channels());
    }
    for (const listener of this.#listeners) listener();
  }
}

/** Payload of a `$realm/grant` message. */
export function encodeChainPayload(chain: readonly Uint8Array[]): Uint8Array {
  return encodeCbor(chain);
}

function readChainPayload(payload: Uint8Array): readonly Uint8Array[] | null {
  const decoded = decodeCbor(payload);
  if (!decoded.ok || !isArrayOf(decoded.value, CHAIN_GRANTS_MAX, isBytesUpTo(GRANT_BYTES_MAX))) return null;
  return decoded.value;
}

function grantOf(member: Member): Grant | null {
  return member.chains[0]?.at(-1) ?? null;
}
