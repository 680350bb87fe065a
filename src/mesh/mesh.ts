import {
  type Counters,
  describeError,
  ERROR_TABLE,
  type ErrorCode,
  type Log,
  SedgeError,
} from '../errors/index.ts';
import { GossipService } from '../gossip/index.ts';
import type { NodeId } from '../identity/index.ts';
import { Ingest } from '../ingest/index.ts';
import { type ChannelJournal, CursorFile, type Disk, type StoredEntry } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import { type ChannelDeclaration, REALM_CHANNEL, type Realm, type RealmDirectory } from '../realm/index.ts';
import { SyncService } from '../sync/index.ts';
import { TopicFilter } from '../topic/index.ts';
import { CarriedChannels } from './carried-channels.ts';
import { DurableProgress } from './durable-progress.ts';
import { JournalSubscription, type SubscriptionSpec } from './journal-subscription.ts';
import { COMMIT_INTERVAL_MS_MAX, type MeshOptions } from './mesh-options.ts';
import type { ChannelStatus, GapStatus, LogStatus, MeshStatus, PeerStatus } from './mesh-status.ts';
import type { Acknowledgement, Published, PublishOptions } from './publish-options.ts';
import { Publisher } from './publisher.ts';
import { RealmOffice } from './realm-office.ts';
import type { Invited, InviteOptions, RealmStatus } from './realm-status.ts';
import { loadStoreId } from './store-id.ts';
import type { SubscribeOptions } from './subscribe-options.ts';
import { channelsOfFilter } from './subscribed-channels.ts';
import type { Subscription } from './subscription.ts';
import { whenKept } from './when-kept.ts';

/** The real objects that a node is built from; `openMesh` makes them, simulations bring their own. */
export interface MeshDependencies {
  readonly place: RealmDirectory;
  readonly realm: Realm;
  readonly overlay: Overlay;
  readonly disk: Disk;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly randomBytes: (n: number) => Uint8Array;
  readonly counters: Counters;
  readonly log: Log;
}

/** A message for {@link Mesh.publishMany}. */
export interface MessageToPublish {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly options?: PublishOptions;
}

const DURABLE_NAME = /^[A-Za-z0-9._-]{1,64}$/;
const FILTERS_MAX = 64;
/** How long a revoked node stays connected; nothing of it is taken meanwhile. */
const PARTING_MS = 500;
const GAP_PATIENCE_MS_DEFAULT = 10_000;
const BUFFER_MESSAGES_DEFAULT = 4_096;

/**
 * A node of the mesh: publish on any, and every node that wants the message gets it once, in its author's
 * order, provably from that author; what is missing is said.
 */
export class Mesh {
  readonly #deps: MeshDependencies;
  readonly #options: MeshOptions;
  readonly #channels: CarriedChannels;
  readonly #ingest: Ingest;
  readonly #gossip: GossipService;
  readonly #office: RealmOffice;
  readonly #publisher: Publisher;
  readonly #subscriptions = new Set<{ subscription: JournalSubscription; widen: () => void }>();
  readonly #durableNames = new Set<string>();
  readonly #partings = new Set<NodeJS.Timeout>();
  #sync: SyncService | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #startedAtMs = 0;
  readonly #counts = { published: 0, delivered: 0, received: 0 };

  constructor(options: MeshOptions, deps: MeshDependencies) {
    const { commitIntervalMs = 0 } = options;
    if (!(commitIntervalMs >= 0 && commitIntervalMs <= COMMIT_INTERVAL_MS_MAX)) {
      throw new SedgeError('mesh.bad-option', { option: 'commitIntervalMs', most: COMMIT_INTERVAL_MS_MAX });
    }
    this.#options = options;
    this.#deps = deps;
    const { overlay, place } = deps;
    const self = place.identity.nodeId;
    this.#channels = new CarriedChannels(
      { directory: options.directory, commitIntervalMs },
      { ...deps, self },
    );
    const journalOf = (channel: string) => this.#channels.of(channel);
    this.#ingest = new Ingest({}, { ...deps, journalOf });
    this.#gossip = new GossipService({ ...deps, ingest: this.#ingest, onLeft: () => this.#sync?.announce() });
    this.#publisher = new Publisher({
      ...deps,
      identity: place.identity,
      channels: this.#channels,
      store: (entry) => this.#ingest.offerOwn(entry),
      send: (entry) => this.#gossip.send(entry),
      whenRoom: () => this.#gossip.whenRoom(),
    });
    this.#office = new RealmOffice({
      ...deps,
      channels: this.#channels,
      addresses: () => overlay.addresses(),
      publishOwn: (topic, payload) => this.#publisher.publishOwn(topic, payload),
    });
    this.#ingest.onStored((stored) => this.#onStored(stored));
  }

  /** This node's id. */
  get node(): NodeId {
    return this.#deps.place.identity.nodeId;
  }

  /** This node's name in the realm. */
  get name(): string {
    return this.#deps.place.nodeName;
  }

  /** Recovers the journals, joins the overlay and introduces the node. Idempotent. */
  start(): Promise<void> {
    if (this.#stopping !== null) return Promise.reject(new SedgeError('mesh.not-started'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Leaves the overlay, makes all durable and closes every file. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Multiaddrs that others can dial. */
  addresses(): readonly string[] {
    return this.#deps.overlay.addresses();
  }

  /** Keeps a peer connected from now on, by its multiaddr. Throws `overlay.bad-address`. */
  connect(address: string): void {
    this.#deps.overlay.want(address, 'given');
  }

  /**
   * Publishes a message; resolves at the acknowledgement asked for (`durable` unless said otherwise). Rejects
   * with `topic.*`, `entry.payload-too-large`, `mesh.bad-option`, `mesh.too-many-pending`, `mesh.not-started`,
   * `journal.disk-full` and `journal.io-failed`.
   */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions = {}): Promise<Published> {
    if (this.#sync === null) return Promise.reject(new SedgeError('mesh.not-started'));
    this.#counts.published++;
    return this.#publisher.publish(topic, payload, options);
  }

  /** Publishes messages in their order; resolves when all are acknowledged, rejects with the first failure. */
  publishMany(messages: readonly MessageToPublish[], ack: Acknowledgement = 'durable'): Promise<Published[]> {
    return Promise.all(
      messages.map(({ topic, payload, options }) => this.publish(topic, payload, { ack, ...options })),
    );
  }

  /**
   * Subscribes to the topics that one of the filters matches. Throws `topic.bad-filter`, `mesh.bad-option` and,
   * for a durable name that is open already, `mesh.subscription-in-use`. Failures of the disk and of an unknown
   * offset come with the first delivery.
   */
  subscribe(filters: string | readonly string[], options: SubscribeOptions = {}): Subscription {
    if (this.#sync === null || this.#stopping !== null) throw new SedgeError('mesh.not-started');
    const spec = resolveSubscribe([filters].flat(), options);
    const journals = new Map<string, ChannelJournal>();
    const widen = () => this.#widen(journals, spec);
    widen();
    const entry = { subscription: this.#openSubscription(spec, journals, options), widen };
    this.#subscriptions.add(entry);
    const { subscription } = entry;
    options.signal?.addEventListener('abort', () => void subscription.close(), { once: true });
    if (options.signal?.aborted) void subscription.close();
    return subscription;
  }

  /** The node at a glance. */
  status(): MeshStatus {
    const { overlay, realm, counters } = this.#deps;
    const peers = overlay.peers();
    return {
      node: this.node,
      name: this.name,
      realm: realm.id,
      realmName: realm.name,
      addresses: this.addresses(),
      startedAtMs: this.#startedAtMs,
      peersConnected: peers.filter(({ connected }) => connected).length,
      peersKnown: peers.length,
      channels: this.channels(),
      ...this.#counts,
      parked: this.#ingest.parked,
      counters: counters.snapshot(),
      problems: this.#problems(),
    };
  }

  /** Peers, and how far this node is in step with each. */
  peers(): PeerStatus[] {
    return this.#deps.overlay.peers().map((peer) => {
      const sync = peer.node === null ? null : (this.#sync?.peer(peer.node) ?? null);
      return {
        ...peer,
        name: peer.node === null ? '' : this.#deps.realm.nameOf(peer.node),
        sync: sync?.status ?? 'unknown',
        inSyncAtMs: sync?.inSyncAtMs ?? null,
      };
    });
  }

  /** Channels that this node carries. */
  channels(): ChannelStatus[] {
    const filters = new Map(this.#deps.realm.channels().map(({ name, filter }) => [name, filter]));
    return [...this.#channels.journals].map(([channel, journal]) => {
      const { logs, entries, messages, bytes } = journal.totals();
      const offset = journal.currentOffset();
      const filter = channel === REALM_CHANNEL ? `${REALM_CHANNEL}/#` : (filters.get(channel) ?? null);
      const gaps = this.#gapsOf(channel, journal).length;
      const at = offset === null ? null : `${offset.incarnation}:${offset.position}`;
      return { channel, filter, logs, entries, messages, bytes, gaps, offset: at };
    });
  }

  /** Logs of which this node holds something. */
  logs(): LogStatus[] {
    const own = this.#publisher.ownLogs();
    return [...this.#channels.journals].flatMap(([channel, journal]) =>
      [...journal.heads()].map(({ log, author, epoch, last }) => ({
        channel,
        author,
        name: this.#deps.realm.nameOf(author),
        epoch,
        last,
        held: count(journal.heldRanges(log)),
        missing: count(journal.missing(log)),
        own: own.get(channel) === log,
      })),
    );
  }

  /** Numbers that this node knows to exist and does not hold. */
  gaps(): GapStatus[] {
    return [...this.#channels.journals].flatMap(([channel, journal]) => this.#gapsOf(channel, journal));
  }

  /** The realm as this node knows it. */
  realm(): RealmStatus {
    return this.#office.status();
  }

  /** Makes an invitation. Throws `realm.not-admin` and `mesh.bad-option`. */
  async invite(options: InviteOptions = {}): Promise<Invited> {
    return this.#office.invite(options);
  }

  /**
   * Revokes a node, given by id, name or a beginning of its id that fits only one. What it published until now
   * counts, nothing after that. Throws `realm.unknown-node` and `realm.not-admin`.
   */
  revoke(node: string): Promise<{ node: NodeId; name: string }> {
    return this.#office.revoke(node);
  }

  /** Declares the realm's channels, replacing those before. Throws `realm.not-admin`, `realm.bad-record`, `realm.too-many-channels`. */
  declareChannels(channels: readonly ChannelDeclaration[]): Promise<void> {
    return this.#office.declareChannels(channels);
  }

  // ---- life cycle --------------------------------------------------------------------------------------------

  async #start(): Promise<void> {
    const { overlay, realm, disk } = this.#deps;
    try {
      await this.#office.recall();
      for (const channel of realm.channelNames()) await this.#channels.open(channel);
      const storeId = await loadStoreId(disk, this.#options.directory, this.#deps.randomBytes);
      this.#sync = new SyncService(this.#options.sync ?? {}, {
        ...this.#deps,
        ingest: this.#ingest,
        journals: this.#channels.journals,
        storeId,
      });
      realm.onChange(() => this.#onRealmChange());
      this.#sync.start();
      this.#gossip.start();
      await overlay.start();
      for (const address of this.#deps.place.addresses) overlay.want(address, 'invitation');
      this.#startedAtMs = this.#deps.nowMs();
      await this.#office.introduce();
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.#end();
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#subscriptions].map(({ subscription }) => subscription.close()));
    this.#gossip.stop();
    this.#sync?.stop();
    for (const timer of this.#partings) clearTimeout(timer);
    await this.#deps.overlay.stop();
    await this.#publisher.stop();
    await this.#channels.stop();
  }

  // ---- what arrives ------------------------------------------------------------------------------------------

  #onStored(stored: StoredEntry): void {
    const { entry, facts, position } = stored;
    this.#publisher.witness(stored);
    if (facts.source !== 'own') this.#counts.received += entry.count;
    const journal = this.#channels.of(entry.channel);
    const guarded =
      facts.source === 'own' && entry.messages?.some(({ publishId }) => publishId !== undefined);
    if (guarded && journal !== null) {
      // A power cut may take it back and a retry publish it again under another number; nobody may see both.
      void whenKept(journal, position).then((kept) => kept && this.#deliver(stored));
    } else this.#deliver(stored);
  }

  #deliver(stored: StoredEntry): void {
    for (const { subscription } of this.#subscriptions) subscription.onStored(stored);
  }

  #onRealmChange(): void {
    const { realm, overlay } = this.#deps;
    const revoked = overlay
      .peers()
      .flatMap(({ node, connected }) => (node !== null && connected ? [node] : []))
      .filter((node) => realm.standing(node).status === 'revoked');
    if (revoked.length > 0) this.#partFrom(revoked);
    for (const channel of realm.channelNames()) {
      if (this.#channels.of(channel) !== null || this.#stopping !== null) continue;
      this.#channels.open(channel).then(
        () => {
          for (const { widen } of this.#subscriptions) widen();
          this.#sync?.announce();
        },
        (error: unknown) =>
          this.#deps.log.error({ channel, error: String(error) }, 'a channel could not be opened'),
      );
    }
  }

  /** Disconnects revoked nodes, once what revokes them has had time to reach them: they are to know why. */
  #partFrom(revoked: readonly NodeId[]): void {
    const timer = setTimeout(() => {
      this.#partings.delete(timer);
      for (const node of revoked)
        if (this.#deps.realm.standing(node).status === 'revoked') this.#deps.overlay.unwant(node);
    }, PARTING_MS);
    this.#partings.add(timer);
  }

  // ---- subscriptions -----------------------------------------------------------------------------------------

  #openSubscription(
    spec: SubscriptionSpec,
    journals: ReadonlyMap<string, ChannelJournal>,
    { durable }: SubscribeOptions,
  ): JournalSubscription {
    if (durable !== undefined && this.#durableNames.has(durable)) {
      throw new SedgeError('mesh.subscription-in-use', { name: durable });
    }
    if (durable !== undefined) this.#durableNames.add(durable);
    const filters = spec.filters.map(({ text }) => text);
    const subscription: JournalSubscription = new JournalSubscription(spec, {
      self: this.node,
      journals,
      durable: durable === undefined ? null : new DurableProgress(this.#cursorFile(durable), filters),
      decode: (record) => this.#channels.decode(record),
      nameOf: (node) => this.#deps.realm.nameOf(node),
      isSupplied: (channel, log, range) => this.#sync?.isSupplied(channel, log, range) ?? false,
      nowMs: this.#deps.nowMs,
      onDelivered: (messages) => {
        this.#counts.delivered += messages;
      },
      onClosed: () => {
        if (durable !== undefined) this.#durableNames.delete(durable);
        for (const entry of this.#subscriptions) {
          if (entry.subscription === subscription) this.#subscriptions.delete(entry);
        }
      },
    });
    return subscription;
  }

  #cursorFile(name: string): CursorFile {
    return new CursorFile(this.#deps.disk, { directory: `${this.#options.directory}/subscriptions`, name });
  }

  /** Gives a subscription the journals that its filters can match in. */
  #widen(journals: Map<string, ChannelJournal>, spec: SubscriptionSpec): void {
    const declared = this.#deps.realm.channels();
    for (const { text } of spec.filters) {
      for (const channel of channelsOfFilter(text, declared)) {
        const journal = this.#channels.of(channel);
        if (journal !== null) journals.set(channel, journal);
      }
    }
  }

  // ---- for people --------------------------------------------------------------------------------------------

  #gapsOf(channel: string, journal: ChannelJournal): GapStatus[] {
    return [...journal.heads()].flatMap(({ log, author, epoch }) =>
      journal.missing(log).map(({ first, last }) => {
        return { channel, author, name: this.#deps.realm.nameOf(author), epoch, first, last };
      }),
    );
  }

  #problems(): MeshStatus['problems'] {
    const problems: { code: string; sentence: string; next: string }[] = [];
    const report = (code: ErrorCode, details: Record<string, string | number> = {}) => {
      problems.push({ code, sentence: describeError(code, details), next: ERROR_TABLE[code].next });
    };
    for (const journal of this.#channels.journals.values()) {
      if (journal.fault !== null) report(journal.fault.code, { channel: journal.channel });
    }
    const { counters, realm } = this.#deps;
    if (counters.get('entry.forked') > 0) report('entry.forked', { count: counters.get('entry.forked') });
    if (counters.get('journal.segment-corrupt') > 0) report('journal.segment-corrupt');
    for (const { invite, overused, used } of realm.inviteUses()) {
      if (overused) report('realm.token-used', { invite, used });
    }
    if (realm.standing(this.node).status === 'revoked') report('realm.revoked');
    return problems;
  }
}

function resolveSubscribe(filters: readonly string[], options: SubscribeOptions): SubscriptionSpec {
  if (filters.length === 0 || filters.length > FILTERS_MAX) {
    throw new SedgeError('mesh.bad-option', { option: 'filters', least: 1, most: FILTERS_MAX });
  }
  const parsed = filters.map((text) => {
    const filter = TopicFilter.parse(text);
    if (!filter.ok) throw new SedgeError(filter.code, { filter: text.slice(0, 100) });
    return filter.value;
  });
  const { from, durable, order = 'author' } = options;
  const { gapPatienceMs = GAP_PATIENCE_MS_DEFAULT, bufferMessages = BUFFER_MESSAGES_DEFAULT } = options;
  if (durable !== undefined && !DURABLE_NAME.test(durable)) {
    throw new SedgeError('mesh.bad-option', {
      option: 'durable',
      form: '1 to 64 of a-z, A-Z, 0-9, "-", "_", "."',
    });
  }
  if (durable !== undefined && order === 'arrival') {
    throw new SedgeError('mesh.bad-option', {
      option: 'order',
      reason: 'a durable subscription goes by author',
    });
  }
  if (order !== 'author' && order !== 'arrival') {
    throw new SedgeError('mesh.bad-option', { option: 'order', form: 'author or arrival' });
  }
  if (from !== undefined && !isFrom(from)) {
    throw new SedgeError('mesh.bad-option', { option: 'from', form: 'new, all, last, a time or an offset' });
  }
  requireNumber('gapPatienceMs', gapPatienceMs, 0, 2 ** 31 - 1);
  requireNumber('bufferMessages', bufferMessages, 1, 65_536);
  return { filters: parsed, from: from ?? 'new', order, gapPatienceMs, bufferMessages };
}

function isFrom(from: SubscribeOptions['from']): boolean {
  if (from === 'new' || from === 'all' || from === 'last') return true;
  if (typeof from !== 'object' || from === null) return false;
  return 'timeMs' in from ? Number.isFinite(from.timeMs) : typeof from.offset === 'string';
}

function requireNumber(option: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  throw new SedgeError('mesh.bad-option', { option, least, most });
}

function count(ranges: readonly { readonly first: number; readonly last: number }[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
