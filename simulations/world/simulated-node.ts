import {
  Counters,
  type CrashOptions,
  type Delivery,
  type GapStatus,
  type Log,
  type LogStatus,
  MemoryDisk,
  Mesh,
  type MeshOptions,
  type NodeId,
  type Overlay,
  type Published,
  type PublishOptions,
  Realm,
  type RealmDirectory,
  SedgeError,
  type SubscribeOptions,
  silentLog,
} from '../../src/index.ts';
import { contentOf } from './content.ts';
import { NodeClock } from './node-clock.ts';
import type { PublishedMessage } from './published-message.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimulatedSubscription } from './simulated-subscription.ts';
import { type DiskLatency, SlowDisk } from './slow-disk.ts';
import type { VirtualNetwork } from './virtual-network.ts';

/** Settings of a simulated node, kept over its restarts. */
export interface SimulatedNodeOptions {
  /**
   * `sync-only` carries and syncs and never joins the gossip, as a relay on a link that is up for minutes a day.
   * @defaultValue `admin` for the first node, `member` for the others
   */
  readonly role?: 'member' | 'admin' | 'sync-only';
  /** Options of its `Mesh`. */
  readonly mesh?: Omit<Partial<MeshOptions>, 'directory'>;
  /** Bytes that its disk takes. @defaultValue no limit */
  readonly diskBytes?: number;
  readonly diskLatency?: DiskLatency;
  /** Its clock: what it shows at first (milliseconds since 1970) and how many millionths it runs fast. */
  readonly clock?: { readonly startMs?: number; readonly driftPpm?: number };
  readonly log?: Log;
}

/** What a node needs of its world. */
export interface NodeWorld {
  readonly network: VirtualNetwork;
  readonly trueMs: () => number;
  /** Virtual milliseconds since the mesh was ready. */
  readonly sinceReadyMs: () => number;
  /** Lets time pass until the promise is settled. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  /** Multiaddrs, ids included, of the peers that a node keeps connected. */
  readonly wantedBy: (node: string) => readonly string[];
  /** A peer of a node came or went. */
  readonly onPeer: (node: SimulatedNode, kind: 'up' | 'down', peer: NodeId) => void;
  readonly onDelivery: (
    node: SimulatedNode,
    subscription: SimulatedSubscription,
    delivery: Delivery,
    again: boolean,
  ) => void;
  /** An application hands a message to a node, whatever becomes of it. */
  readonly onAttempt: (
    node: SimulatedNode,
    message: { readonly topic: string; readonly content: string },
  ) => void;
  readonly onPublished: (
    node: SimulatedNode,
    message: Published & Pick<PublishedMessage, 'topic' | 'content' | 'durable' | 'expires'>,
  ) => void;
}

/** A real sedge node on a virtual network, disk and clock. */
export class SimulatedNode {
  readonly name: string;
  readonly options: SimulatedNodeOptions;
  readonly clock: NodeClock;
  readonly subscriptions: SimulatedSubscription[] = [];
  readonly place: RealmDirectory;
  readonly #world: NodeWorld;
  readonly #random: SeededRandom;
  #disk: MemoryDisk;
  #mesh: Mesh | null = null;
  #overlay: Overlay | null = null;
  #counters = new Counters();

  constructor(
    name: string,
    options: SimulatedNodeOptions,
    parts: {
      readonly world: NodeWorld;
      readonly place: RealmDirectory;
      readonly random: SeededRandom;
      readonly disk?: MemoryDisk;
    },
  ) {
    this.name = name;
    this.options = options;
    this.place = parts.place;
    this.#world = parts.world;
    this.#random = parts.random;
    this.clock = new NodeClock(parts.world.trueMs, options.clock);
    this.#disk = parts.disk ?? new MemoryDisk();
    this.#disk.capacityBytes = options.diskBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Its id: that of its key. */
  get id(): NodeId {
    return this.place.identity.nodeId;
  }

  get running(): boolean {
    return this.#mesh !== null;
  }

  /** The node itself. Throws `simulation.not-running`. */
  get mesh(): Mesh {
    if (this.#mesh === null) throw new SedgeError('simulation.not-running', { node: this.name });
    return this.#mesh;
  }

  /** Its overlay. Throws `simulation.not-running`. */
  get overlay(): Overlay {
    if (this.#overlay === null) throw new SedgeError('simulation.not-running', { node: this.name });
    return this.#overlay;
  }

  /** Its disk, to fill, fail, flip and look at; another one after a crash. */
  get disk(): MemoryDisk {
    return this.#disk;
  }

  /** What it refused and dropped since its last start. */
  get counters(): Counters {
    return this.#counters;
  }

  /** Logs of which it holds something; none while it is down. */
  logs(): readonly LogStatus[] {
    return this.#mesh?.logs() ?? [];
  }

  /** Numbers that it knows to exist and does not hold. */
  gaps(): readonly GapStatus[] {
    return this.#mesh?.gaps() ?? [];
  }

  /** Publishes; lets time pass until it is acknowledged. See `Mesh.publish`. */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions = {}): Promise<Published> {
    return this.#world.settle(this.#publish(topic, payload, options));
  }

  /** Subscribes an application that reads until the mesh ends. See `Mesh.subscribe` and {@link SimulatedSubscription}. */
  subscribe(filters: string | readonly string[], options: SubscribeOptions = {}): SimulatedSubscription {
    const subscription = new SimulatedSubscription(
      { index: this.subscriptions.length, sinceMs: this.#world.sinceReadyMs() },
      { filters: [filters].flat(), options },
      { delivered: (from, delivery, again) => this.#world.onDelivery(this, from, delivery, again) },
    );
    subscription.attach(this.mesh);
    this.subscriptions.push(subscription);
    return subscription;
  }

  async #publish(topic: string, payload: Uint8Array | string, options: PublishOptions): Promise<Published> {
    const content = contentOf(payload);
    this.#world.onAttempt(this, { topic, content });
    const published = await this.mesh.publish(topic, payload, options);
    this.#world.onPublished(this, {
      ...published,
      topic,
      content,
      durable: options.ack !== 'accepted',
      expires: options.ttlSeconds !== undefined,
    });
    return published;
  }

  // ---- for the world -----------------------------------------------------------------------------------------

  async start(): Promise<void> {
    if (this.#mesh !== null) return;
    const { network, wantedBy, onPeer } = this.#world;
    const realm = new Realm(this.place.anchor);
    this.#counters = new Counters();
    const overlay = network.make(this.name, {
      identity: this.place.identity,
      anchor: this.place.anchor,
      admits: (node) => realm.standing(node).status !== 'revoked',
      nowMs: this.clock.nowMs,
      random: this.#random.next,
    });
    overlay.onPeer(({ kind, node }) => {
      if (this.#overlay === overlay) onPeer(this, kind, node);
    });
    if (this.options.role === 'sync-only') {
      overlay.join = () => {};
      overlay.publish = () => false;
    }
    for (const address of wantedBy(this.name)) overlay.want(address, 'given');
    this.#overlay = overlay;
    const mesh = this.#build(realm, overlay);
    this.#mesh = mesh;
    await mesh.start();
    for (const subscription of this.subscriptions) subscription.attach(mesh);
  }

  /** Stops in order. */
  async stop(): Promise<void> {
    const mesh = this.#mesh;
    this.#mesh = null;
    await mesh?.stop();
    this.#overlay = null;
  }

  /** The process ends without a word; the disk is left as a power cut or a kill leaves it. */
  async crash(options: CrashOptions, manner: 'reset' | 'silent'): Promise<void> {
    const mesh = this.#mesh;
    this.#mesh = null;
    this.#overlay = null;
    this.#world.network.kill(this.name, manner);
    this.#disk = this.#disk.crash({ ...options, random: this.#random.next });
    // The dead process's timers end; its disk refuses everything.
    await mesh?.stop().catch(() => {});
  }

  /** Puts another disk in; only while it is down. */
  replaceDisk(disk: MemoryDisk): void {
    if (this.running) throw new SedgeError('simulation.bad-option', { disk: `${this.name} runs` });
    this.#disk = disk;
    this.#disk.capacityBytes = this.options.diskBytes ?? Number.POSITIVE_INFINITY;
  }

  #build(realm: Realm, overlay: Overlay): Mesh {
    const { diskLatency, mesh = {}, log = silentLog } = this.options;
    return new Mesh(
      { ...mesh, directory: this.place.directory },
      {
        place: this.place,
        realm,
        overlay,
        disk: diskLatency === undefined ? this.#disk : new SlowDisk(this.#disk, diskLatency),
        nowMs: this.clock.nowMs,
        random: this.#random.next,
        randomBytes: this.#random.bytes,
        counters: this.#counters,
        log,
      },
    );
  }
}
