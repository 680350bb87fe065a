import type { BundleExport, ExportOptions, ImportOptions, ImportSummary } from '../bundle/index.ts';
import type { Message, PublishId } from '../entry/index.ts';
import { type Counters, type Log, partLog, SedgeError } from '../errors/index.ts';
import { GossipService } from '../gossip/index.ts';
import type { NodeId } from '../identity/index.ts';
import { type ForkEvent, Ingest } from '../ingest/index.ts';
import { AgeClock, type Disk, type StoredEntry } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import {
  ALERTS_CHANNEL,
  type ChannelDeclaration,
  type ChannelPolicy,
  type Realm,
  type RealmDirectory,
} from '../realm/index.ts';
import { HoldingsFile, PeerHoldings, ReceiptsService } from '../receipts/index.ts';
import { CursorBook, ForkSearch, fetchReturned, SyncService } from '../sync/index.ts';
import { Admission } from './admission.ts';
import { CarriedChannels } from './carried-channels.ts';
import { type ChannelTraffic, TrafficBook } from './channel-traffic.ts';
import { Courier } from './courier.ts';
import type { DeliveredMessage } from './delivery.ts';
import { ForkDesk } from './fork-desk.ts';
import { type HistoryOptions, type HistoryPage, HistoryReader } from './history-reader.ts';
import { findHolders, type Holders, type HoldersOptions, type MessageName } from './holder-query.ts';
import { LastValueIndex, type LastValues } from './last-values.ts';
import { Lifetimes } from './lifetimes.ts';
import { type MeshOptions, resolveMeshOptions } from './mesh-options.ts';
import { MeshReport } from './mesh-report.ts';
import type {
  ChannelStatus,
  ForkStatus,
  GapStatus,
  LogStatus,
  MeshStatus,
  PeerStatus,
} from './mesh-status.ts';
import type { Acknowledgement, Published, PublishedPlace, PublishOptions } from './publish-options.ts';
import { publishedBy } from './published-by.ts';
import { Publisher } from './publisher.ts';
import { Quotas } from './quotas.ts';
import { RealmOffice } from './realm-office.ts';
import type { Invited, InviteOptions, RealmStatus } from './realm-status.ts';
import { Republisher } from './republisher.ts';
import { RetainedReader } from './retained-reader.ts';
import { isRetried } from './retried.ts';
import { StorageKeeper } from './storage-keeper.ts';
import { loadStoreId, renewStoreId } from './store-id.ts';
import type { SubscribeOptions } from './subscribe-options.ts';
import type { AcceptTopic, SelectiveSubscription, Subscription } from './subscription.ts';
import { SubscriptionDesk } from './subscription-desk.ts';
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

/** How long a revoked node stays connected; nothing of it is taken meanwhile. */
const PARTING_MS = 500;

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
  readonly #desk: SubscriptionDesk;
  readonly #retained: RetainedReader;
  readonly #history: HistoryReader;
  readonly #lastValues: LastValueIndex;
  readonly #report: MeshReport;
  readonly #courier: Courier;
  readonly #clock: AgeClock;
  readonly #lifetimes: Lifetimes;
  readonly #keeper: StorageKeeper;
  readonly #quotas: Quotas;
  readonly #forks: ForkDesk;
  readonly #search: ForkSearch;
  readonly #republisher: Republisher;
  readonly #partings = new Set<NodeJS.Timeout>();
  readonly #cursors: CursorBook;
  readonly #holdings = new PeerHoldings();
  readonly #holdingsFile: HoldingsFile;
  #sync: SyncService | null = null;
  #receipts: ReceiptsService | null = null;
  #storeId = '';
  #introducing: Promise<void> | null = null;
  #introduced = false;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #startedAtMs = 0;
  readonly #counts = { published: 0, received: 0 };
  readonly #traffic = new TrafficBook();

  constructor(options: MeshOptions, deps: MeshDependencies) {
    const resolved = resolveMeshOptions(options);
    const { commitIntervalMs } = resolved;
    this.#options = options;
    this.#deps = deps;
    const { overlay, place } = deps;
    const journalLog = partLog(deps.log, 'journal');
    const syncLog = partLog(deps.log, 'sync');
    this.#clock = new AgeClock(deps.nowMs);
    this.#lifetimes = new Lifetimes(this.#clock, (channel) => this.#keeper.policyOf(channel).ttlSeconds ?? 0);
    const self = place.identity.nodeId;
    this.#holdingsFile = new HoldingsFile(deps.disk, options.directory);
    this.#channels = new CarriedChannels(
      { directory: options.directory, commitIntervalMs },
      { ...deps, log: journalLog, self, prepare: (journal) => this.#ingest.forks.apply(journal) },
    );
    this.#cursors = new CursorBook(
      { disk: deps.disk, directory: options.directory },
      { ...deps, log: syncLog, journals: this.#channels.journals },
    );
    const journalOf = (channel: string) => this.#channels.of(channel);
    this.#keeper = new StorageKeeper(resolved, {
      ...deps,
      clock: this.#clock,
      journals: this.#channels.journals,
      isHeldElsewhere: (channel, log, range) =>
        this.#holdings.isHeldElsewhere({ channel, log }, range, (node) => isGranted(deps.realm, node)),
      onLook: () => this.#ingest.expireParked(),
      onDropped: () => this.#desk.noteLetGo(),
    });
    this.#quotas = new Quotas(options.quotas);
    const lifetimes = this.#lifetimes;
    const admission = new Admission({ self, lifetimes, quotas: this.#quotas, journalOf });
    this.#ingest = new Ingest({}, { ...deps, self, journalOf, refusalOf: admission.refusalOf });
    this.#gossip = new GossipService({ ...deps, ingest: this.#ingest, onLeft: () => this.#sync?.announce() });
    this.#publisher = new Publisher({
      ...deps,
      identity: place.identity,
      channels: this.#channels,
      store: (entry) => this.#ingest.offerOwn(entry),
      send: (entry) => this.#gossip.send(entry),
      whenRoom: () => this.#gossip.whenRoom(),
      whenHeld: (wait, timeoutMs) => this.#receipts!.whenHeld(wait, timeoutMs),
      endOf: (channel, log) => this.#ingest.forks.endOf(channel, log),
      onKeyElsewhere: () => void this.#renewStore(),
    });
    this.#office = new RealmOffice({
      ...deps,
      channels: this.#channels,
      addresses: () => overlay.addresses(),
      offerFork: (payload, from) => this.#ingest.forks.offer(payload, from),
      publishOwn: (topic, payload) => this.#publisher.publishOwn(topic, payload),
    });
    const { forks } = this.#ingest;
    this.#forks = new ForkDesk(
      { delayMs: options.forks?.reportDelayMs ?? 1_000 },
      { ...deps, self, forks, publishOwn: (topic, payload) => this.#publisher.publishOwn(topic, payload) },
    );
    this.#search = new ForkSearch({
      ...deps,
      log: syncLog,
      ingest: this.#ingest,
      journals: this.#channels.journals,
    });
    this.#republisher = new Republisher(
      { settleMs: options.forks?.settleMs ?? 2_000, restMs: options.forks?.restMs ?? 30_000 },
      {
        ...deps,
        self,
        forks,
        directory: options.directory,
        journalOf: (channel) => this.#channels.open(channel),
        decode: (record) => this.#channels.decode(record),
        ageMs: this.#lifetimes.ageMs,
        ttlSecondsOf: this.#lifetimes.ttlSecondsOf,
        publishAgain: (channel, lost) => this.#publisher.publishAgain(channel, lost),
        peers: () => connectedPeers(overlay),
        fetchReturned: (request, take) =>
          fetchReturned(request, take, { ...deps, log: syncLog, externalAad: deps.realm.entryAad() }),
      },
    );
    this.#desk = new SubscriptionDesk({
      ...deps,
      self,
      channels: this.#channels,
      directory: `${options.directory}/subscriptions`,
      isExpired: this.#lifetimes.isExpired,
      ageMs: this.#lifetimes.ageMs,
      isSupplied: (channel, log, range) => this.#sync?.isSupplied(channel, log, range) ?? false,
      onDelivered: (batch) => this.#traffic.noteDelivered(batch),
    });
    this.#retained = new RetainedReader({
      channels: this.#channels,
      lifetimes: this.#lifetimes,
      nameOf: (node) => deps.realm.nameOf(node),
    });
    this.#lastValues = new LastValueIndex({
      channels: this.#channels,
      readOne: (place) => this.#retained.readOne(place),
    });
    this.#history = new HistoryReader({
      channels: this.#channels,
      declared: () => deps.realm.channels(),
      lifetimes: this.#lifetimes,
      nameOf: (node) => deps.realm.nameOf(node),
    });
    this.#report = new MeshReport({
      ...deps,
      self,
      journals: this.#channels.journals,
      ownLogs: () => this.#publisher.ownLogs(),
      ownFaults: () => this.#publisher.ownFaults(),
      elapsedMs: (receivedAtMs) => this.#clock.elapsedMs(receivedAtMs),
      policyOf: (channel) => this.#keeper.policyOf(channel),
      peerSync: (node) => this.#sync?.peer(node) ?? null,
      holdings: this.#holdings,
      peerChannelSync: (node) => this.#sync?.peerChannels(node) ?? [],
      heardAtMs: (node) => this.#holdings.heardAtMs(node),
      forks: () => this.#forks.list(),
    });
    this.#courier = new Courier({
      ...deps,
      channels: this.#channels,
      ingest: this.#ingest,
      channelNames: () => this.#channelNames(),
      storeId: () => this.#storeId,
      audit: () => this.#sync!.audit,
      lifetimes: this.#lifetimes,
      holdings: this.#holdings,
    });
    this.#ingest.onStored((stored) => this.#onStored(stored));
    forks.onFork((event) => this.#onFork(event));
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

  /** Applies the limits on what is kept now, as is done now and then by itself. */
  applyRetention(): Promise<void> {
    if (this.#sync === null || this.#stopping !== null) {
      return Promise.reject(new SedgeError('mesh.not-started'));
    }
    return this.#keeper.apply();
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
   * `mesh.not-acknowledged` (too few replicas in time; it is published all the same), `journal.disk-full` and
   * `journal.io-failed`.
   */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions = {}): Promise<Published> {
    if (this.#sync === null) return Promise.reject(new SedgeError('mesh.not-started'));
    this.#counts.published++;
    if (this.#introduced) return this.#publisher.publish(topic, payload, options);
    // Whose author nobody knows would wait at every peer for the grants.
    return this.#introduce().then(() => this.#publisher.publish(topic, payload, options));
  }

  /**
   * Publishes on `$alerts/<id of this node>/...`, where applications may not, in the channel of that name. For the agent's
   * own use: gateways must not hand on to it what clients say. Rejects with `topic.reserved` for any other topic
   * and where the node does not carry the channel (option `alerts`), else as {@link Mesh.publish}.
   */
  async publishAlert(
    topic: string,
    payload: Uint8Array | string,
    options: PublishOptions = {},
  ): Promise<Published> {
    this.#requireRunning();
    if (this.#options.alerts !== true) throw new SedgeError('topic.reserved', { topic });
    if (!this.#introduced) await this.#introduce();
    return this.#publisher.publishAlert(topic, payload, options);
  }

  /** Publishes messages in their order; resolves when all are acknowledged, rejects with the first failure. */
  publishMany(messages: readonly MessageToPublish[], ack: Acknowledgement = 'durable'): Promise<Published[]> {
    return Promise.all(
      messages.map(({ topic, payload, options }) => this.publish(topic, payload, { ack, ...options })),
    );
  }

  /**
   * Where this node published under an id, in whatever channel; `null` if it never did or holds it no more. For
   * gateways that have to tell what was lost from what they published in an earlier life. Rejects with
   * `mesh.not-started` and `journal.io-failed`.
   */
  async findPublished({ producer, n }: PublishId): Promise<PublishedPlace | null> {
    this.#requireRunning();
    for (const [channel, journal] of this.#channels.journals) {
      const place = await journal.publishedAs(producer, n);
      if (place !== null) return { channel, ...place };
    }
    return null;
  }

  /**
   * Subscribes to the topics that one of the filters matches. Throws `topic.bad-filter`, `mesh.bad-option` and,
   * for a durable name that is open already, `mesh.subscription-in-use`. Failures of the disk and of an unknown
   * offset come with the first delivery.
   */
  subscribe(filters: string | readonly string[], options: SubscribeOptions = {}): Subscription {
    this.#requireRunning();
    return this.#desk.open([filters].flat(), options);
  }

  /**
   * Subscribes to what `accept` wants, for gateways whose clients change their filters all the time. Durable names and
   * failures are as for {@link Mesh.subscribe}; one name serves either that or this.
   */
  subscribeWhere(accept: AcceptTopic, options: SubscribeOptions = {}): SelectiveSubscription {
    this.#requireRunning();
    return this.#desk.openWhere(accept, options);
  }

  /** Forgets the state of a durable subscription. Rejects with `mesh.subscription-in-use` while it is open. */
  async forgetSubscription(durable: string): Promise<void> {
    this.#requireRunning();
    await this.#desk.forget(durable);
  }

  /**
   * Resolves when the disk has answered for all that this node holds by now: it is durable, or the disk refused it, which
   * {@link status} tells. For supervisors: as long as this resolves again and again, the node gets on.
   */
  async whenStored(): Promise<void> {
    const journals = [...this.#channels.journals.values()];
    await Promise.allSettled(journals.map((journal) => journal.whenDurable(journal.lastPosition)));
  }

  /** The position of the last entry in each channel's journal: what arrives from now on lies behind it. */
  positions(): Map<string, number> {
    return new Map([...this.#channels.journals].map(([channel, journal]) => [channel, journal.lastPosition]));
  }

  /**
   * The retained value (`retain`) of each topic that is wanted, as they are now, in order of arrival; an empty payload
   * has cleared it. They are read as they are asked for. Throws what reading the journal throws.
   */
  retained(wants: (topic: string) => boolean): AsyncIterable<DeliveredMessage> {
    this.#requireRunning();
    return this.#retained.read(wants);
  }

  /**
   * A page of what this node holds on the topics that one of the filters matches, in order of arrival or the newest
   * first. What was published again after a fork (`was`) is not told apart. Rejects with `topic.bad-filter`,
   * `mesh.bad-option`, `journal.offset-unknown` and what reading the journal throws.
   */
  async history(filters: string | readonly string[], options: HistoryOptions = {}): Promise<HistoryPage> {
    this.#requireRunning();
    return this.#history.page([filters].flat(), options);
  }

  /** The end of what is held on some topics, as a cursor of {@link Mesh.history}. Throws as that rejects. */
  historyEnd(filters: string | readonly string[]): string {
    this.#requireRunning();
    return this.#history.end([filters].flat());
  }

  /**
   * The last value of each topic that is wanted, at most `max`. The first call reads all that is held, later ones what came
   * since. Rejects with what reading the journal throws.
   */
  async lastValues(wants: (topic: string) => boolean, max: number): Promise<LastValues> {
    this.#requireRunning();
    return this.#lastValues.read(wants, max);
  }

  /**
   * What this node published with ids of a producer, from a number on, as far as it is held: for whoever must find out
   * after a crash what it had published. At most `max`, the highest numbers.
   */
  publishedBy(
    producer: string,
    options: { readonly from: number; readonly max: number },
  ): Promise<Message[]> {
    this.#requireRunning();
    return publishedBy(producer, options, { self: this.node, channels: this.#channels });
  }

  /**
   * A bundle of what this node holds, to be written to a file or stick: a peer that is carried. Signed, and not
   * encrypted: whoever has it can read it. Throws `mesh.not-started` and `bundle.unknown-channel`; reading it
   * throws `journal.offset-unknown` and what reading the journal throws.
   */
  exportBundle(options: ExportOptions = {}): BundleExport {
    this.#requireRunning();
    return this.#courier.export(options);
  }

  /**
   * Takes in a bundle, each entry by its own signature, and hands on what is new; resolves when that is on the
   * disk. Harmless to repeat, and an import that was cut goes on where it ended. Rejects with `bundle.not-a-bundle`,
   * `bundle.version`, `bundle.other-realm` and what keeps the journal from taking more.
   */
  async importBundle(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: ImportOptions = {},
  ): Promise<ImportSummary> {
    this.#requireRunning();
    return this.#courier.import(source, options);
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
      delivered: this.#desk.delivered,
      parked: this.#ingest.parked,
      storageBytesMax: this.#keeper.storageBytesMax,
      counters: counters.snapshot(),
      problems: this.#report.problems(),
    };
  }

  /** Peers, and how far this node is in step with each. */
  peers(): PeerStatus[] {
    return this.#report.peers();
  }

  /**
   * Nodes that connected by themselves once and are not among {@link Mesh.peers} while they are away: what they lack is
   * kept for them as for any other.
   */
  absentPeers(): PeerStatus[] {
    return this.#report.absentPeers();
  }

  /** Channels that this node carries. */
  channels(): ChannelStatus[] {
    return this.#report.channels();
  }

  /** What passed through each channel since the start. Cheap, to be asked for each second. */
  traffic(): ChannelTraffic[] {
    return [...this.#channels.journals.keys()].map((channel) => this.#traffic.of(channel));
  }

  /** Logs of which this node holds something. */
  logs(): LogStatus[] {
    return this.#report.logs();
  }

  /** Numbers that this node knows to exist and does not hold. */
  gaps(): GapStatus[] {
    return this.#report.gaps();
  }

  /** Epochs that ended in a fork, as two entries of their author exclude each other; the latest first. */
  forks(): ForkStatus[] {
    return this.#forks.list();
  }

  /**
   * Who holds a message: connected peers are asked and say what they hold after fsync; of absent ones what was last
   * known comes with when that was. Rejects with `realm.unknown-node` and `mesh.bad-option`.
   */
  async holders(message: MessageName, options: HoldersOptions = {}): Promise<Holders> {
    if (this.#receipts === null) throw new SedgeError('mesh.not-started');
    return findHolders(message, options, {
      ...this.#deps,
      self: this.node,
      journals: this.#channels.journals,
      holdings: this.#holdings,
      receipts: this.#receipts,
    });
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

  #requireRunning(): void {
    if (this.#sync === null || this.#stopping !== null) throw new SedgeError('mesh.not-started');
  }

  /**
   * Says for all nodes what is kept of which channel, replacing what was said before. Throws `realm.not-admin` and
   * `realm.bad-policy`.
   */
  declarePolicy(channels: Readonly<Record<string, ChannelPolicy>>): Promise<void> {
    return this.#office.declarePolicy(channels);
  }

  /** Channels that this node carries. */
  #channelNames(): string[] {
    const names = this.#deps.realm.channelNames();
    return this.#options.alerts === true ? [...names, ALERTS_CHANNEL] : names;
  }

  /** Nobody can check what a node published before it has the node's grants. */
  #introduce(): Promise<void> {
    this.#introducing ??= this.#office.introduce().catch((error: unknown) => {
      this.#introducing = null;
      throw error;
    });
    // Not at once: what waits for the introduction is published before what is published after it.
    this.#introducing
      .then(() => Promise.resolve())
      .then(
        () => {
          this.#introduced = true;
        },
        () => {},
      );
    return this.#introducing;
  }

  // ---- life cycle --------------------------------------------------------------------------------------------

  async #start(): Promise<void> {
    const { overlay, realm, disk } = this.#deps;
    try {
      await this.#clock.load(disk, this.#options.directory);
      await this.#cursors.load();
      await this.#office.recall();
      for (const channel of this.#channelNames()) await this.#channels.open(channel);
      this.#storeId = await loadStoreId(disk, this.#options.directory, this.#deps.randomBytes);
      await this.#holdingsFile.load(this.#holdings);
      this.#sync = new SyncService(this.#options.sync ?? {}, {
        ...this.#deps,
        log: partLog(this.#deps.log, 'sync'),
        ingest: this.#ingest,
        journals: this.#channels.journals,
        lifetimes: this.#lifetimes,
        cursors: this.#cursors,
        priorityOf: (channel) => this.#keeper.policyOf(channel).priority ?? 'normal',
        storeId: this.#storeId,
        onBadSignature: (channel, record) => this.#ingest.forks.vouched(channel, record),
      });
      this.#receipts = new ReceiptsService({
        ...this.#deps,
        self: this.node,
        ingest: this.#ingest,
        sync: this.#sync,
        journals: this.#channels.journals,
        holdings: this.#holdings,
      });
      realm.onChange(() => this.#onRealmChange());
      this.#keeper.start();
      this.#sync.start();
      this.#receipts.start();
      this.#gossip.start();
      await overlay.start();
      for (const address of this.#deps.place.addresses) overlay.want(address, 'invitation');
      this.#startedAtMs = this.#deps.nowMs();
      if (this.#options.introduce !== 'publish' || this.#office.status().admin) await this.#introduce();
      this.#republisher.start();
      overlay.onPeer(({ kind, node }) => {
        if (kind === 'up') this.#republisher.meet(node);
      });
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
    await this.#desk.close();
    this.#gossip.stop();
    this.#receipts?.stop();
    this.#sync?.stop();
    for (const timer of this.#partings) clearTimeout(timer);
    await this.#deps.overlay.stop();
    this.#forks.stop();
    this.#search.stop();
    const republished = this.#republisher.stop();
    await this.#publisher.stop();
    await republished;
    await this.#ingest.forks.settle();
    await this.#keeper.stop();
    await this.#cursors.close();
    await this.#keepHoldings();
    await this.#channels.stop();
  }

  /** A disk that takes nothing costs what was known of the peers, and nothing else. */
  async #keepHoldings(): Promise<void> {
    try {
      await this.#holdingsFile.save(this.#holdings);
    } catch (error) {
      this.#deps.log.warn({ error: String(error) }, 'what peers hold was not kept');
    }
  }

  /** A copy of the store has its id and gives the same offsets: peers must not take one for the other. */
  async #renewStore(): Promise<void> {
    const { disk, randomBytes, log } = this.#deps;
    try {
      this.#storeId = await renewStoreId(disk, this.#options.directory, randomBytes);
      this.#sync?.renewStore(this.#storeId);
    } catch (error) {
      log.warn({ error: String(error) }, 'the store keeps its id, which a copy may have too');
    }
  }

  // ---- what arrives ------------------------------------------------------------------------------------------

  #onStored(stored: StoredEntry): void {
    const { entry, facts, position } = stored;
    this.#publisher.witness(stored);
    this.#keeper.noteStored(entry.bytes.length);
    if (facts.source !== 'own') this.#quotas.noteStored(entry.channel, entry.author, entry.bytes.length);
    if (facts.source !== 'own') this.#counts.received += entry.count;
    const { count: messages, bytes } = entry;
    this.#traffic.noteStored(entry.channel, {
      messages,
      bytes: bytes.length,
      own: facts.source === 'own',
    });
    const journal = this.#channels.of(entry.channel);
    const guarded = facts.source === 'own' && entry.messages?.some(isRetried);
    if (guarded && journal !== null) {
      // A power cut may take it back and a retry publish it again under another number; nobody may see both.
      void whenKept(journal, position).then((kept) => kept && this.#desk.deliver(stored));
    } else this.#desk.deliver(stored);
  }

  #onFork(event: ForkEvent): void {
    const { channel, log, end } = event.fork;
    this.#publisher.leave(channel, log);
    this.#desk.end(channel, log, end);
    this.#forks.handle(event);
    if (this.#startedAtMs > 0) this.#republisher.handle(event.fork);
    void event.cut.then(
      () => {
        // Peers compare roots: what is held no longer is a difference that gossip does not tell.
        this.#sync?.announce();
        if (this.#sync !== null) void this.#search.search(event.fork);
      },
      () => {},
    );
  }

  #onRealmChange(): void {
    const { realm, overlay } = this.#deps;
    this.#keeper.applySoon();
    const revoked = overlay
      .peers()
      .flatMap(({ node, connected }) => (node !== null && connected ? [node] : []))
      .filter((node) => realm.standing(node).status === 'revoked');
    if (revoked.length > 0) this.#partFrom(revoked);
    for (const channel of this.#channelNames()) {
      if (this.#channels.of(channel) !== null || this.#stopping !== null) continue;
      this.#channels.open(channel).then(
        () => {
          this.#desk.widen();
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
}

function connectedPeers(overlay: Overlay): NodeId[] {
  return overlay.peers().flatMap(({ node, connected }) => (node !== null && connected ? [node] : []));
}

function isGranted(realm: Realm, node: NodeId): boolean {
  return realm.standing(node).status === 'granted';
}
