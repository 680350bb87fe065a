import {
  type Delivery,
  type Identity,
  type MemoryDisk,
  type NodeId,
  type Overlay,
  SedgeError,
} from '../../src/index.ts';
import { contentOf, messageKey } from './content.ts';
import { History, type HistoryEvent } from './history.ts';
import { Libp2pNetwork } from './libp2p-network.ts';
import { LinkBook } from './link-book.ts';
import { MeshFoundation } from './mesh-foundation.ts';
import { ModelNetwork } from './model-network.ts';
import type { PublishedMessage } from './published-message.ts';
import type { NetworkContext, SimulatedMeshOptions } from './simulated-mesh-options.ts';
import { type NodeWorld, SimulatedNode, type SimulatedNodeOptions } from './simulated-node.ts';
import type { SimulatedSubscription } from './simulated-subscription.ts';
import { type DriveOptions, VirtualClock } from './virtual-clock.ts';
import type { VirtualNetwork } from './virtual-network.ts';

/** A start, a stop, a publish end within this, or never, virtual milliseconds. */
const SETTLE_MS_MAX = 3_600_000;

/** Where a simulated mesh plays: time, network, nodes, who wants whom, and the record of what happened. */
export class MeshStage {
  readonly options: SimulatedMeshOptions;
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly links: LinkBook;
  readonly foundation: MeshFoundation;
  readonly history: History;
  readonly nodes = new Map<string, SimulatedNode>();
  readonly published: PublishedMessage[] = [];
  readonly attempted = new Map<string, number>();
  readonly #hosts = new Set<string>();
  readonly #names = new Map<NodeId, string>();
  readonly #wants = new Map<string, Set<string>>();
  readonly #world: NodeWorld;
  #readyAtMs: number | null = null;

  constructor(options: SimulatedMeshOptions) {
    this.options = options;
    const { seed = 1, channels = [], link = {}, overlay = 'model', startMs } = options;
    let mathRandom = (): number => 0;
    this.clock = new VirtualClock({
      random: () => mathRandom(),
      ...(startMs === undefined ? {} : { startMs }),
    });
    this.foundation = new MeshFoundation({ seed, channels, startMs: this.clock.startMs });
    mathRandom = this.foundation.random('Math.random').next;
    const random = this.foundation.random('network').next;
    this.network = makeNetwork(overlay, { clock: this.clock, random, link });
    this.links = new LinkBook(this.network);
    this.history = new History({ keep: options.keepHistory ?? true, onEvent: options.onEvent });
    this.#world = this.#makeWorld();
  }

  // ---- time and record ---------------------------------------------------------------------------------------

  /** Virtual milliseconds since the mesh was ready. */
  get sinceReadyMs(): number {
    return this.clock.elapsedMs - (this.#readyAtMs ?? this.clock.elapsedMs);
  }

  /** The history begins: with the links that are up. */
  ready(): void {
    this.#readyAtMs = this.clock.elapsedMs;
    for (const [a, b] of this.links.pairs()) {
      if (this.isConnected(a, b)) this.record('up', a, { peer: b });
      if (this.isConnected(b, a)) this.record('up', b, { peer: a });
    }
  }

  record(
    event: HistoryEvent['event'],
    node: string,
    facts: Omit<HistoryEvent, 't' | 'event' | 'node'> = {},
  ): void {
    if (this.#readyAtMs === null) return;
    // To the microsecond: what is finer is rounding.
    const t = Math.round(this.sinceReadyMs * 1_000) / 1e6;
    this.history.add({ t, event, node, ...facts });
  }

  /** Lets time pass until a promise is settled. */
  readonly settle = <T>(promise: Promise<T>): Promise<T> =>
    this.clock.settle(promise, { ...this.drive(), withinMs: SETTLE_MS_MAX });

  /** What every wait is told of the user's wishes. */
  drive(): DriveOptions {
    const { signal, onProgress } = this.options;
    return {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: () => onProgress(this.sinceReadyMs) }),
    };
  }

  // ---- nodes -------------------------------------------------------------------------------------------------

  /** A node by its name. Throws `simulation.unknown-node`. */
  node(name: string): SimulatedNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new SedgeError('simulation.unknown-node', { node: name });
    return node;
  }

  get names(): ReadonlyMap<NodeId, string> {
    return this.#names;
  }

  nameOf(id: string): string {
    return this.#names.get(id as NodeId) ?? id;
  }

  makeNode(
    name: string,
    options: SimulatedNodeOptions,
    given: { readonly place?: SimulatedNode['place']; readonly disk?: MemoryDisk } = {},
  ): SimulatedNode {
    this.#addHost(name);
    const place = given.place ?? this.foundation.place(name, options.role === 'admin' ? 'admin' : 'member');
    const parts = { world: this.#world, place, random: this.foundation.random(`node ${name}`) };
    const disk = given.disk === undefined ? {} : { disk: given.disk };
    const node = new SimulatedNode(name, options, { ...parts, ...disk });
    this.nodes.set(name, node);
    // A clone has the id of its original, and goes by that one's name.
    if (!this.#names.has(node.id)) this.#names.set(node.id, name);
    return node;
  }

  /** A host without sedge on it, not started. */
  makeBareHost(name: string): { readonly overlay: Overlay; readonly identity: Identity } {
    this.#addHost(name);
    const identity = this.foundation.identity(name);
    this.#names.set(identity.nodeId, name);
    const overlay = this.network.make(name, {
      identity,
      anchor: this.foundation.anchor,
      admits: () => true,
      nowMs: () => this.clock.nowMs,
      random: this.foundation.random(`node ${name}`).next,
    });
    return { overlay, identity };
  }

  async start(node: SimulatedNode): Promise<void> {
    this.record('start', node.name);
    await this.settle(node.start());
  }

  /** True if a node is connected to another. */
  isConnected(a: string, b: string): boolean {
    const { id } = this.node(b);
    const node = this.node(a);
    return node.running && node.overlay.peers().some((peer) => peer.node === id && peer.connected);
  }

  #addHost(name: string): void {
    if (this.#hosts.has(name)) {
      throw new SedgeError('simulation.bad-option', { node: name, reason: 'the name is taken' });
    }
    this.#hosts.add(name);
  }

  // ---- links -------------------------------------------------------------------------------------------------

  /** Throws `simulation.unknown-node` for names that no host has. */
  requireHosts(names: readonly string[]): void {
    for (const name of names) if (!this.#hosts.has(name)) this.node(name);
  }

  /** Links two nodes; the first keeps the second connected. */
  link(a: string, b: string): void {
    this.want(a, b);
    this.links.add(a, b);
  }

  /** One of two nodes keeps the other connected. */
  want(a: string, b: string): void {
    this.requireHosts([a, b]);
    const known = this.#wants.get(a)?.has(b) === true || this.#wants.get(b)?.has(a) === true;
    if (known || !this.nodes.has(a) || !this.nodes.has(b)) return;
    const wants = this.#wants.get(a) ?? new Set();
    this.#wants.set(a, wants.add(b));
    const node = this.node(a);
    if (node.running) node.overlay.want(this.addressOf(this.node(b)), 'given');
  }

  addressOf(node: SimulatedNode): string {
    return `${this.network.addressOf(node.name)}/p2p/${node.id}`;
  }

  // ---- what nodes tell ---------------------------------------------------------------------------------------

  #makeWorld(): NodeWorld {
    return {
      network: this.network,
      trueMs: () => this.clock.nowMs,
      sinceReadyMs: () => this.sinceReadyMs,
      settle: this.settle,
      wantedBy: (name) => [...(this.#wants.get(name) ?? [])].map((peer) => this.addressOf(this.node(peer))),
      onPeer: (node, kind, peer) => this.record(kind, node.name, { peer: this.nameOf(peer) }),
      onAttempt: (node, { topic, content }) => {
        const key = messageKey({ author: this.nameOf(node.id), topic, content });
        this.attempted.set(key, (this.attempted.get(key) ?? 0) + 1);
      },
      onPublished: (node, message) => {
        if (message.duplicate) return;
        const { author, channel, epoch, seq, topic, content, durable, expires } = message;
        const facts = { author, channel, epoch, seq, topic, content, durable, expires };
        this.published.push({ node: node.name, ...facts, atMs: this.sinceReadyMs });
        const shown = { channel, epoch, seq, topic, content };
        this.record('publish', node.name, { author: this.nameOf(author), ...shown });
      },
      onDelivery: (node, subscription, delivery, again) =>
        this.#recordDelivery(node, subscription, delivery, again ? { again } : {}),
    };
  }

  #recordDelivery(
    node: SimulatedNode,
    { index }: SimulatedSubscription,
    delivery: Delivery,
    again: { readonly again?: true },
  ): void {
    const { channel, epoch } = delivery;
    const shared = { author: this.nameOf(delivery.author), channel, epoch, subscription: index };
    if (delivery.kind === 'gap') {
      const { first, last } = delivery;
      this.record('gap', node.name, { ...shared, first, last, ...again });
      return;
    }
    const { seq, topic, late, was } = delivery;
    const content = contentOf(delivery.payload);
    const replaced = was === undefined ? {} : { was };
    this.record('delivery', node.name, { ...shared, seq, topic, content, late, ...again, ...replaced });
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
