import {
  type Identity,
  MemoryDisk,
  memoizedEd25519,
  type NodeId,
  nativeEd25519,
  type Overlay,
  SedgeError,
  type SubscribeOptions,
  useEd25519,
} from '../../src/index.ts';
import type { Checker, Violation } from './checker.ts';
import { contentOf, messageKey } from './content.ts';
import { differences, groupsOf } from './convergence.ts';
import { type Duration, durationMs } from './duration.ts';
import { History, type HistoryEvent } from './history.ts';
import { Libp2pNetwork } from './libp2p-network.ts';
import { LinkBook } from './link-book.ts';
import { MeshFoundation } from './mesh-foundation.ts';
import { undelivered } from './message-ledger.ts';
import { ModelNetwork } from './model-network.ts';
import type { NetworkContext, SimulatedMeshOptions } from './simulated-mesh-options.ts';
import { type NodeWorld, SimulatedNode, type SimulatedNodeOptions } from './simulated-node.ts';
import type { SimulatedSubscription } from './simulated-subscription.ts';
import { ring } from './topology.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { LinkSettings, TrafficByKind, VirtualNetwork } from './virtual-network.ts';

/** A message that was acknowledged to its publisher. */
export interface PublishedMessage {
  /** Name of the node that published it. */
  readonly node: string;
  readonly author: NodeId;
  readonly channel: string;
  readonly epoch: string;
  readonly seq: number;
  readonly topic: string;
  /** What tells its payload from others. */
  readonly content: string;
  /** Acknowledged when it was on the publisher's disk. */
  readonly durable: boolean;
  /** Virtual milliseconds since the mesh was ready. */
  readonly atMs: number;
}

/** What a crash leaves. `keep`: the process was killed, its system lives. The others are power cuts. */
export interface CrashSettings {
  /** @defaultValue `'lose-unsynced'` */
  readonly disk?: 'keep' | 'lose-unsynced' | 'torn';
}

/** Figures of a simulated mesh. */
export interface MeshFigures {
  /** Virtual milliseconds since the mesh was ready. */
  readonly sinceReadyMs: number;
  readonly nodes: number;
  readonly running: number;
  readonly published: number;
  readonly events: number;
  /** Entries and messages held, over all running nodes. */
  readonly entries: number;
  readonly messages: number;
  readonly diskBytes: number;
  /** What all nodes sent, by kind. */
  readonly traffic: TrafficByKind;
  /** Bytes of the process's heap and of its buffers. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

/** A host with a key of the realm, or of nobody, and no sedge on it: whatever is made of its overlay. */
export interface HostileHost {
  readonly name: string;
  readonly overlay: Overlay;
  readonly identity: Identity;
}

const CONVERGED_WITHIN: Duration = '10m';
/** Between two looks at what the nodes hold, virtual milliseconds: at first, and at most. */
const LOOK_MS = 100;
const LOOK_MS_MAX = 5_000;

/**
 * Real sedge nodes in one process, on virtual time, a virtual network and virtual disks. One at a time in a process:
 * while it lives the process's timers and `Date` are its own. Waiting for a node (`await node.publish()`) lets time
 * pass until it is done; otherwise time passes only by {@link SimulatedMesh.advance}.
 */
export class SimulatedMesh {
  readonly network: VirtualNetwork;
  readonly clock: VirtualClock;
  readonly links: LinkBook;
  /** Messages that were acknowledged, in order. */
  readonly published: PublishedMessage[] = [];
  /** How often applications tried to publish each message, acknowledged or not, by {@link messageKey}. */
  readonly attempted = new Map<string, number>();
  readonly #options: SimulatedMeshOptions;
  readonly #foundation: MeshFoundation;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #names = new Map<NodeId, string>();
  readonly #wants = new Map<string, Set<string>>();
  readonly #history: History;
  readonly #world: NodeWorld;
  #readyAtMs: number | null = null;
  #undoEd25519: (() => void) | null = null;
  #stopped = false;

  private constructor(options: SimulatedMeshOptions) {
    this.#options = options;
    const { seed = 1, channels = [], link = {}, overlay = 'model' } = options;
    const chance = (part: string) => this.#foundation.random(part).next;
    this.clock = new VirtualClock({
      random: () => mathRandom(),
      ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
    });
    this.#foundation = new MeshFoundation({ seed, channels, startMs: this.clock.startMs });
    const mathRandom = chance('Math.random');
    const context = { clock: this.clock, random: chance('network'), link };
    this.network = makeNetwork(overlay, context);
    this.links = new LinkBook(this.network);
    this.#history = new History({ keep: options.keepHistory ?? true, onEvent: options.onEvent });
    this.#world = this.#makeWorld();
  }

  /** Makes a mesh and starts its nodes. Throws `simulation.clock-taken` where another one lives. */
  static async create(options: SimulatedMeshOptions = {}): Promise<SimulatedMesh> {
    const mesh = new SimulatedMesh(options);
    mesh.clock.install();
    // What one node checked, another need not: the bytes, and so the verdict, are the same.
    mesh.#undoEd25519 = useEd25519(memoizedEd25519(nativeEd25519));
    try {
      await mesh.#begin();
    } catch (error) {
      await mesh.stop();
      throw error;
    }
    return mesh;
  }

  // ---- what is there -----------------------------------------------------------------------------------------

  /** Name of the overlay that its nodes run on. */
  get overlay(): 'model' | 'libp2p' {
    return this.network.overlay;
  }

  get seed(): string {
    return this.#foundation.seed;
  }

  /** All nodes, in the order in which they were made. */
  get nodes(): readonly SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  /** A node by its name. Throws `simulation.unknown-node`. */
  node(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new SedgeError('simulation.unknown-node', { node: name });
    return node;
  }

  /** Name of the node with an id; the id itself where there is none. */
  nameOf(id: string): string {
    return this.#names.get(id as NodeId) ?? id;
  }

  /** Names by id: of nodes, and of hosts that run no sedge. Two nodes that share a key are here under one name. */
  get names(): ReadonlyMap<NodeId, string> {
    return this.#names;
  }

  /** Virtual milliseconds since the mesh was ready. */
  get sinceReadyMs(): number {
    return this.clock.elapsedMs - (this.#readyAtMs ?? this.clock.elapsedMs);
  }

  /** What happened since the mesh was ready, in order. */
  get history(): readonly HistoryEvent[] {
    return this.#history.events;
  }

  /** SHA-256 over the history, hexadecimal: on the model overlay the same for the same seed and the same calls. */
  digest(): string {
    return this.#history.digest();
  }

  stats(): MeshFigures {
    const nodes = this.nodes;
    const channels = nodes.filter(({ running }) => running).flatMap(({ mesh }) => mesh.channels());
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return {
      sinceReadyMs: this.sinceReadyMs,
      nodes: nodes.length,
      running: nodes.filter(({ running }) => running).length,
      published: this.published.length,
      events: this.#history.count,
      entries: channels.reduce((sum, { entries }) => sum + entries, 0),
      messages: channels.reduce((sum, { messages }) => sum + messages, 0),
      diskBytes: nodes.reduce((sum, { disk }) => sum + disk.usedBytes, 0),
      traffic: this.network.traffic(),
      heapBytes: heapUsed,
      bufferBytes: arrayBuffers,
    };
  }

  // ---- time --------------------------------------------------------------------------------------------------

  /** Lets virtual time pass. */
  advance(duration: Duration): Promise<void> {
    return this.clock.advance(durationMs(duration), this.#drive());
  }

  /** Runs something at a time of the history, in virtual milliseconds since the mesh was ready; at once if that is past. */
  at(sinceReadyMs: number, run: () => void): void {
    const leftMs = sinceReadyMs - this.sinceReadyMs;
    // Longer than a timer's longest delay: in steps.
    const stepMs = Math.min(leftMs, 2 ** 30);
    setTimeout(() => (leftMs > stepMs ? this.at(sinceReadyMs, run) : run()), stepMs);
  }

  /** Lets time pass until a condition holds. Throws `simulation.stuck` with the sentence. */
  async until(
    condition: () => boolean,
    sentence: string,
    options: { readonly within?: Duration } = {},
  ): Promise<void> {
    const withinMs = durationMs(options.within ?? CONVERGED_WITHIN);
    const endMs = this.clock.elapsedMs + withinMs;
    for (let stepMs = LOOK_MS; !condition(); stepMs = Math.min(LOOK_MS_MAX, stepMs * 1.2)) {
      if (this.clock.elapsedMs >= endMs)
        throw new SedgeError('simulation.stuck', { waitedFor: sentence, withinMs });
      await this.clock.advance(Math.min(stepMs, endMs - this.clock.elapsedMs), this.#drive());
    }
  }

  /**
   * Lets time pass until all running nodes that can reach each other hold the same, and returns how long that took in
   * virtual milliseconds. What retention let go counts as had. Throws `simulation.not-converged`, with what differs.
   */
  async converged(options: { readonly within?: Duration } = {}): Promise<number> {
    const beganMs = this.clock.elapsedMs;
    const within = options.within ?? CONVERGED_WITHIN;
    try {
      await this.until(() => this.differences().length === 0, 'all hold the same', { within });
    } catch (error) {
      if (!(error instanceof SedgeError && error.code === 'simulation.stuck')) throw error;
      const found = this.differences();
      if (found.length === 0) throw error;
      throw new SedgeError('simulation.not-converged', {
        within: String(within),
        differences: found.join('; '),
      });
    }
    // What arrived last is on its way to the applications.
    await this.clock.advance(1, this.#drive());
    return this.clock.elapsedMs - beganMs;
  }

  /** What running nodes that can reach each other do not have in common, as sentences. */
  differences(): string[] {
    return differences(groupsOf(this.nodes, this.links), (author) => this.nameOf(author));
  }

  /** Names of running nodes, by which of them can reach each other, directly or through others. */
  groups(): string[][] {
    return groupsOf(this.nodes, this.links).map((group) => group.map(({ name }) => name));
  }

  // ---- links -------------------------------------------------------------------------------------------------

  /**
   * Separates groups of nodes; those in no group are one together. With `silent` packets vanish, and that is noticed
   * after a while; otherwise the links are cut, and that is noticed at once.
   */
  partition(groups: readonly (readonly string[])[], options: { readonly silent?: boolean } = {}): void {
    for (const name of groups.flat()) this.#host(name);
    this.links.partition(groups, options.silent === true ? 'silent' : 'down');
    this.#record('partition', '', { detail: groups.map((group) => group.join(' ')).join(' | ') });
  }

  /** Ends partitions, one-way links and black holes; links that were cut stay so. */
  heal(): void {
    this.links.heal();
    this.#record('heal', '');
  }

  /** Cuts a link; both ends notice at once. */
  cut(a: string, b: string): void {
    this.#host(a);
    this.#host(b);
    this.links.setCut(a, b, true);
    this.#record('cut', a, { peer: b });
  }

  /** Mends a link, however it was broken, or makes it. */
  mend(a: string, b: string): void {
    this.#host(a);
    this.#host(b);
    this.#want(a, b);
    this.links.setCut(a, b, false);
    this.#record('mend', a, { peer: b });
  }

  /** From now on packets pass only from `a` to `b`. */
  oneWay(a: string, b: string): void {
    this.#want(a, b);
    this.links.setSilent(b, a, true);
    this.#record('one-way', a, { peer: b });
  }

  /** From now on packets of a link vanish, both ways. */
  blackHole(a: string, b: string): void {
    this.#want(a, b);
    this.links.setSilent(a, b, true);
    this.links.setSilent(b, a, true);
    this.#record('black-hole', a, { peer: b });
  }

  /** Changes latency, jitter or rate of a link, in both directions unless `direction` is `'one'`. */
  setLink(a: string, b: string, settings: Partial<LinkSettings>, direction: 'both' | 'one' = 'both'): void {
    this.network.setLink(a, b, settings);
    if (direction === 'both') this.network.setLink(b, a, settings);
  }

  // ---- nodes -------------------------------------------------------------------------------------------------

  /** Adds a node and starts it. */
  async addNode(
    name: string,
    options: SimulatedNodeOptions & { readonly links?: readonly string[] } = {},
  ): Promise<SimulatedNode> {
    const node = this.#makeNode(name, { ...this.#options.all, ...options });
    for (const peer of options.links ?? []) this.#link(name, peer);
    await this.#start(node);
    return node;
  }

  /** Stops a node in order. */
  async shutdown(name: string): Promise<void> {
    await this.#settle(this.node(name).stop());
    this.#record('stop', name);
  }

  /** Ends a node's process without a word. */
  async crash(name: string, { disk = 'lose-unsynced' }: CrashSettings = {}): Promise<void> {
    const node = this.node(name);
    if (!node.running) throw new SedgeError('simulation.not-running', { node: name });
    const keepUnsynced = disk === 'keep' ? 'all' : disk === 'torn' ? 'random' : 'none';
    this.#record('crash', name, { detail: disk });
    await this.#settle(node.crash({ keepUnsynced }, disk === 'keep' ? 'reset' : 'silent'));
  }

  /** Starts a node again, on the disk that it has; one that runs is stopped in order first. */
  async restart(name: string): Promise<void> {
    const node = this.node(name);
    if (node.running) await this.shutdown(name);
    await this.#start(node);
  }

  /** A copy of a node's disk as it is now. */
  backup(name: string): MemoryDisk {
    return this.node(name).disk.clone();
  }

  /** A node's disk is replaced by a backup, without notice, and it starts again. */
  async restore(name: string, backup: MemoryDisk): Promise<void> {
    await this.#replaceDisk(name, backup.clone(), 'restore');
  }

  /** A node's disk is replaced by an empty one, and it starts again under its key. */
  async wipe(name: string): Promise<void> {
    await this.#replaceDisk(name, new MemoryDisk(), 'wipe');
  }

  /** A second host with the key and a copy of the disk of a node, as of a cloned SD card. Linked as the first unless said. */
  async clone(
    name: string,
    cloneName: string,
    options: { readonly links?: readonly string[] } = {},
  ): Promise<SimulatedNode> {
    const original = this.node(name);
    const disk = original.disk.clone();
    const clone = this.#makeNode(cloneName, original.options, { place: original.place, disk });
    for (const peer of options.links ?? this.links.neighbours(name)) this.#link(cloneName, peer);
    this.#record('clone', cloneName, { peer: name });
    await this.#start(clone);
    return clone;
  }

  /**
   * A host that runs no sedge: `script` gets its overlay before that starts, and does with it what it likes. It has a
   * key and grants of the realm, unless it is a stranger.
   */
  async hostile(
    name: string,
    script: (overlay: Overlay, identity: Identity, chain: readonly Uint8Array[]) => void,
    options: { readonly links?: readonly string[]; readonly stranger?: boolean } = {},
  ): Promise<HostileHost> {
    this.#requireNew(name);
    const identity = this.#foundation.identity(name);
    const { anchor } = this.#foundation;
    const random = this.#foundation.random(`node ${name}`).next;
    const overlay = this.network.make(name, {
      identity,
      anchor,
      admits: () => true,
      nowMs: () => this.clock.nowMs,
      random,
    });
    this.#names.set(identity.nodeId, name);
    script(overlay, identity, options.stranger === true ? [] : this.#foundation.grant(identity, name));
    for (const peer of options.links ?? []) {
      this.links.add(name, peer);
      overlay.want(this.#addressOf(this.node(peer)), 'given');
    }
    await this.#settle(overlay.start());
    this.#record('hostile', name, { detail: options.stranger === true ? 'stranger' : 'member' });
    return { name, overlay, identity };
  }

  /** Subscribes an application at every node; see {@link SimulatedNode.subscribe}. */
  subscribeAll(
    filters: string | readonly string[] = '#',
    options: SubscribeOptions = {},
  ): SimulatedSubscription[] {
    return this.nodes.filter(({ running }) => running).map((node) => node.subscribe(filters, options));
  }

  // ---- what must hold ----------------------------------------------------------------------------------------

  /**
   * Throws `simulation.violated` unless every acknowledged message of a topic was delivered to every subscription that
   * was there when it was published, at nodes that run.
   */
  assertDelivered(options: { readonly topic?: string; readonly to?: readonly string[] } = {}): void {
    this.#assertNone(undelivered(this, options));
  }

  /** Throws `simulation.violated` unless every acknowledged message is held by every running node and was delivered. */
  assertNothingLost(): void {
    const unheld = this.differences().map((sentence) => ({ checker: 'nothing lost', sentence }));
    this.#assertNone([...unheld, ...undelivered(this, {})]);
  }

  /** What checkers find wrong. */
  async check(checkers: readonly Checker[]): Promise<Violation[]> {
    const found: Violation[] = [];
    for (const checker of checkers) found.push(...(await checker.check(this)));
    return found;
  }

  #assertNone(violations: readonly Violation[]): void {
    if (violations.length === 0) return;
    const shown = violations.slice(0, 10).map(({ sentence }) => sentence);
    const violated = [
      ...shown,
      ...(violations.length > 10 ? [`and ${violations.length - 10} more`] : []),
    ].join('; ');
    throw new SedgeError('simulation.violated', { violated, seed: this.seed });
  }

  // ---- life cycle --------------------------------------------------------------------------------------------

  /** Stops all nodes and gives the process its timers back. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      const stopping = Promise.allSettled(this.nodes.map((node) => node.stop()));
      await this.clock.settle(stopping, { withinMs: 3_600_000 }).catch(() => {});
      await this.clock.settle(this.network.stop(), { withinMs: 60_000 }).catch(() => {});
    } finally {
      this.#undoEd25519?.();
      this.clock.uninstall();
    }
  }

  async #begin(): Promise<void> {
    const { nodes = 3, topology = ring(), settle = true } = this.#options;
    const names = this.#options.names ?? Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
    names.forEach((name, index) => {
      const options = { ...this.#options.all, ...this.#options.node?.[name] };
      this.#makeNode(name, index === 0 ? { role: 'admin', ...options } : options);
    });
    for (const [a, b] of topology(names, this.#foundation.random('topology'))) this.#link(a, b);
    await this.#settle(Promise.all(this.nodes.map((node) => node.start())));
    if (settle) await this.converged();
    this.#readyAtMs = this.clock.elapsedMs;
    for (const [a, b] of this.links.pairs()) {
      for (const [node, peer] of [
        [a, b],
        [b, a],
      ] as const) {
        const id = this.node(peer).id;
        const connected = this.node(node)
          .overlay.peers()
          .some((known) => known.node === id && known.connected);
        if (connected) this.#record('up', node, { peer });
      }
    }
  }

  async #start(node: SimulatedNode): Promise<void> {
    this.#record('start', node.name);
    await this.#settle(node.start());
  }

  async #replaceDisk(name: string, disk: MemoryDisk, event: 'wipe' | 'restore'): Promise<void> {
    const node = this.node(name);
    if (node.running) await this.crash(name);
    node.replaceDisk(disk);
    this.#record(event, name);
    await this.#start(node);
  }

  #makeNode(
    name: string,
    options: SimulatedNodeOptions,
    given: { readonly place?: SimulatedNode['place']; readonly disk?: MemoryDisk } = {},
  ): SimulatedNode {
    this.#requireNew(name);
    const role = options.role === 'admin' ? 'admin' : 'member';
    const place = given.place ?? this.#foundation.place(name, role);
    const parts = { world: this.#world, place, random: this.#foundation.random(`node ${name}`) };
    const node = new SimulatedNode(
      name,
      options,
      given.disk === undefined ? parts : { ...parts, disk: given.disk },
    );
    this.#nodes.set(name, node);
    if (!this.#names.has(node.id)) this.#names.set(node.id, name);
    return node;
  }

  #requireNew(name: string): void {
    const taken = this.#nodes.has(name) || [...this.#names.values()].includes(name);
    if (taken) throw new SedgeError('simulation.bad-option', { node: name, reason: 'the name is taken' });
  }

  /** A node, or a host that runs no sedge. */
  #host(name: string): void {
    if ([...this.#names.values()].includes(name)) return;
    this.node(name);
  }

  /** Links two nodes; the first keeps the second connected. */
  #link(a: string, b: string): void {
    this.#want(a, b);
    this.links.add(a, b);
  }

  #want(a: string, b: string): void {
    const known = this.#wants.get(a)?.has(b) === true || this.#wants.get(b)?.has(a) === true;
    if (known || !this.#nodes.has(a) || !this.#nodes.has(b)) return;
    const wants = this.#wants.get(a) ?? new Set();
    this.#wants.set(a, wants.add(b));
    const node = this.node(a);
    if (node.running) node.overlay.want(this.#addressOf(this.node(b)), 'given');
  }

  #addressOf(node: SimulatedNode): string {
    return `${this.network.addressOf(node.name)}/p2p/${node.id}`;
  }

  #settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise, { ...this.#drive(), withinMs: 3_600_000 });
  }

  #drive(): { readonly signal?: AbortSignal; readonly onProgress?: () => void } {
    const { signal, onProgress } = this.#options;
    return {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: () => onProgress(this.sinceReadyMs) }),
    };
  }

  #record(
    event: HistoryEvent['event'],
    node: string,
    facts: Omit<HistoryEvent, 't' | 'event' | 'node'> = {},
  ): void {
    if (this.#readyAtMs === null) return;
    // To the microsecond: what is finer is rounding.
    const t = Math.round(this.sinceReadyMs * 1_000) / 1e6;
    this.#history.add({ t, event, node, ...facts });
  }

  #makeWorld(): NodeWorld {
    return {
      network: this.network,
      trueMs: () => this.clock.nowMs,
      sinceReadyMs: () => this.sinceReadyMs,
      settle: (promise) => this.#settle(promise),
      wantedBy: (name) => [...(this.#wants.get(name) ?? [])].map((peer) => this.#addressOf(this.node(peer))),
      onPeer: (node, kind, peer) => this.#record(kind, node.name, { peer: this.nameOf(peer) }),
      onAttempt: (node, { topic, content }) => {
        const key = messageKey({ author: this.nameOf(node.id), topic, content });
        this.attempted.set(key, (this.attempted.get(key) ?? 0) + 1);
      },
      onPublished: (node, { author, channel, epoch, seq, topic, content, durable, duplicate }) => {
        if (duplicate) return;
        this.published.push({
          node: node.name,
          author,
          channel,
          epoch,
          seq,
          topic,
          content,
          durable,
          atMs: this.sinceReadyMs,
        });
        const at = { author: this.nameOf(author), channel, epoch, seq, topic, content };
        this.#record('publish', node.name, at);
      },
      onDelivery: (node, { index }, delivery, again) => {
        const { channel, epoch } = delivery;
        const shared = { author: this.nameOf(delivery.author), channel, epoch, subscription: index };
        const repeated = again ? { again } : {};
        if (delivery.kind === 'gap') {
          const { first, last } = delivery;
          return this.#record('gap', node.name, { ...shared, first, last, ...repeated });
        }
        const { seq, topic, late, was } = delivery;
        this.#record('delivery', node.name, {
          ...shared,
          seq,
          topic,
          content: contentOf(delivery.payload),
          late,
          ...repeated,
          ...(was === undefined ? {} : { was }),
        });
      },
    };
  }
}

function makeNetwork(
  overlay: NonNullable<SimulatedMeshOptions['overlay']>,
  context: NetworkContext,
): VirtualNetwork {
  switch (overlay) {
    case 'model':
      return new ModelNetwork(context);
    case 'libp2p':
      return new Libp2pNetwork(context);
    default:
      return overlay(context);
  }
}
