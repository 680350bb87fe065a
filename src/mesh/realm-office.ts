import { splitLogId } from '../entry/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { FORK_TOPIC, type ProofOrigin } from '../ingest/index.ts';
import {
  type ChannelDeclaration,
  type ChannelPolicy,
  encodeChainPayload,
  type Issuer,
  type LogEnd,
  makeInvite,
  makePolicy,
  makeRecord,
  makeRevocation,
  REALM_CHANNEL,
  REALM_TOPICS,
  type Realm,
  type RealmDirectory,
} from '../realm/index.ts';
import type { CarriedChannels } from './carried-channels.ts';
import type { Invited, InviteOptions, RealmStatus } from './realm-status.ts';

/** What {@link RealmOffice} works with. */
export interface RealmOfficeDependencies {
  readonly realm: Realm;
  readonly place: RealmDirectory;
  readonly channels: CarriedChannels;
  readonly addresses: () => readonly string[];
  /** Takes a proof of a fork that was heard before. */
  readonly offerFork: (payload: Uint8Array, from: ProofOrigin) => void;
  /** Publishes in `$realm`. */
  readonly publishOwn: (topic: string, payload: Uint8Array) => Promise<unknown>;
  readonly nowMs: () => number;
  readonly randomBytes: (n: number) => Uint8Array;
}

const DAY_SECONDS = 86_400;
const EXPIRES_SECONDS_MAX = 3_650 * DAY_SECONDS;
const USES_MAX = 65_536;

/** Invites, revokes and declares for this node's realm, as far as its role allows. */
export class RealmOffice {
  readonly #deps: RealmOfficeDependencies;

  constructor(deps: RealmOfficeDependencies) {
    this.#deps = deps;
  }

  /** Reads what was heard of the realm before: the own grants first, then the `$realm` journal. */
  async recall(): Promise<void> {
    const { realm, place, channels } = this.#deps;
    const own = realm.offerGrantChain(place.chain);
    if (!own.ok) throw new SedgeError('realm.damaged', { reason: own.code });
    if (place.record !== null) realm.offerRecord(place.record);
    const journal = await channels.open(REALM_CHANNEL);
    // Grants and the like are proven by themselves: they count even where a fork takes them out of `$realm`.
    const forks: (() => void)[] = [];
    for (let next = 1; ; ) {
      const records = await journal.readArrival(next);
      for (const record of records) {
        const entry = channels.decode(record);
        for (const { topic, payload } of entry?.messages ?? []) {
          const from = { reporter: entry!.author, receivedAtMs: record.facts.receivedAtMs };
          if (topic === FORK_TOPIC) forks.push(() => this.#deps.offerFork(payload, from));
          else realm.offer(topic, payload);
        }
        next = record.position + 1;
      }
      if (records.length === 0) break;
    }
    for (const offer of forks) offer();
  }

  /** Publishes the node's own grants (and the first record of a realm made here), once in the life of its log. */
  async introduce(): Promise<void> {
    const { place, channels, publishOwn } = this.#deps;
    const journal = await channels.open(REALM_CHANNEL);
    for (const log of journal.logs()) if (splitLogId(log).author === place.identity.nodeId) return;
    await publishOwn(REALM_TOPICS.grant, encodeChainPayload(place.chain));
    if (place.record !== null) await publishOwn(REALM_TOPICS.record, place.record);
  }

  /** See `Mesh.invite`. */
  invite(options: InviteOptions): Invited {
    const { expiresInSeconds = DAY_SECONDS, uses = 1, role = 'member' } = options;
    requireInteger('expiresInSeconds', expiresInSeconds, 1, EXPIRES_SECONDS_MAX);
    requireInteger('uses', uses, 0, USES_MAX);
    const issuedAtMs = this.#deps.nowMs();
    const expiresAtMs = issuedAtMs + expiresInSeconds * 1_000;
    const addresses = this.#deps.addresses().slice(0, 16);
    const { randomBytes } = this.#deps;
    const { token } = makeInvite({
      ...this.#issuer(),
      addresses,
      role,
      expiresAtMs,
      uses,
      issuedAtMs,
      randomBytes,
    });
    return { token, expiresAtMs, uses };
  }

  /** See `Mesh.revoke`. */
  async revoke(text: string): Promise<{ node: NodeId; name: string }> {
    const { realm, publishOwn, nowMs } = this.#deps;
    const issuer = this.#issuer();
    const subject = realm.findNode(text);
    if (subject === null) throw new SedgeError('realm.unknown-node', { node: text.slice(0, 64) });
    if (subject === this.#deps.place.identity.nodeId) {
      throw new SedgeError('mesh.bad-option', { option: 'node', reason: 'a node cannot revoke itself' });
    }
    const name = realm.nameOf(subject);
    // What an admin declared falls with it; what is in force goes on in this node's name.
    if (realm.record?.issuer === subject) await this.declareChannels(realm.channels());
    if (realm.policy?.issuer === subject) await this.declarePolicy(Object.fromEntries(realm.policy.channels));
    const keeps = realm.grantedThrough(subject);
    const revocation = makeRevocation({
      ...issuer,
      subject,
      logs: this.#logsOf(subject),
      keeps,
      issuedAtMs: nowMs(),
    });
    await publishOwn(REALM_TOPICS.revocation, revocation);
    return { node: subject, name };
  }

  /** See `Mesh.declareChannels`. */
  async declareChannels(channels: readonly ChannelDeclaration[]): Promise<void> {
    const { realm, publishOwn, nowMs } = this.#deps;
    const record = makeRecord({
      ...this.#issuer(),
      version: realm.recordVersion + 1,
      name: realm.name,
      channels,
      shards: realm.shards,
      issuedAtMs: nowMs(),
    });
    await publishOwn(REALM_TOPICS.record, record);
  }

  /** See `Mesh.declarePolicy`. */
  async declarePolicy(channels: Readonly<Record<string, ChannelPolicy>>): Promise<void> {
    const { realm, publishOwn, nowMs } = this.#deps;
    const policy = makePolicy({
      ...this.#issuer(),
      version: (realm.policy?.version ?? 0) + 1,
      channels: new Map(Object.entries(channels)),
      issuedAtMs: nowMs(),
    });
    await publishOwn(REALM_TOPICS.policy, policy);
  }

  /** See `Mesh.realm`. */
  status(): RealmStatus {
    const { realm, place } = this.#deps;
    const standing = realm.standing(place.identity.nodeId);
    const role = standing.status === 'granted' ? standing.role : 'member';
    return {
      id: realm.id,
      name: realm.name,
      node: place.identity.nodeId,
      role,
      admin: place.root !== null || role === 'admin',
      nodes: realm.nodes(),
      channels: realm.channels(),
      policy: Object.fromEntries(realm.policy?.channels ?? []),
      invites: realm.inviteUses(),
    };
  }

  /** The root where its key is here, else this node. Whether it may is checked by what it makes. */
  #issuer(): Issuer {
    const { realm, place } = this.#deps;
    if (place.root !== null) return { anchor: realm.anchor, issuer: place.root };
    return { anchor: realm.anchor, issuer: place.identity, issuerChain: place.chain };
  }

  #logsOf(node: NodeId): LogEnd[] {
    const ends: LogEnd[] = [];
    for (const [channel, journal] of this.#deps.channels.journals) {
      for (const { author, epoch, last } of journal.heads())
        if (author === node) ends.push({ channel, epoch, last });
    }
    return ends;
  }
}

function requireInteger(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new SedgeError('mesh.bad-option', { option, least, most });
}
