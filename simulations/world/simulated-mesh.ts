import {
  type Identity,
  MemoryDisk,
  memoizedEd25519,
  type NodeId,
  nativeEd25519,
  type Overlay,
  SedgeError,
  type SubscribeOptions,
  shareEntries,
  useEd25519,
} from '../../src/index.ts';
import type { Checker, Violation } from './checker.ts';
import { differences, groupsOf } from './convergence.ts';
import { type Duration, durationMs } from './duration.ts';
import type { HistoryEvent } from './history.ts';
import type { LinkBook } from './link-book.ts';
import { figuresOf, type MeshFigures } from './mesh-figures.ts';
import { MeshStage } from './mesh-stage.ts';
import { undelivered, unheard } from './message-ledger.ts';
import type { PublishedMessage } from './published-message.ts';
import type { SimulatedMeshOptions } from './simulated-mesh-options.ts';
import type { SimulatedNode, SimulatedNodeOptions } from './simulated-node.ts';
import type { SimulatedSubscription } from './simulated-subscription.ts';
import { ring } from './topology.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { LinkSettings, VirtualNetwork } from './virtual-network.ts';

/** What a crash leaves. `keep`: the process was killed, its system lives. The others are power cuts. */
export interface CrashSettings {
  /** @defaultValue `'lose-unsynced'` */
  readonly disk?: 'keep' | 'lose-unsynced' | 'torn';
}

/** A host with a key of the realm, or of nobody, and no sedge on it: whatever is made of its overlay. */
export interface HostileHost {
  readonly name: string;
  readonly overlay: Overlay;
  readonly identity: Identity;
}

const CONVERGED_WITHIN: Duration = '10m';
/** Between two looks at what the nodes hold, virtual milliseconds: at least, at most, and of what was waited for. */
const LOOK_MS = 100;
const LOOK_MS_MAX = 5_000;
const LOOK_SHARE = 0.05;

/**
 * Real sedge nodes in one process, on virtual time, a virtual network and virtual disks. One at a time in a process:
 * while it lives the process's timers and `Date` are its own. Waiting for a node (`await node.publish()`) lets time
 * pass until it is done; otherwise time passes only by {@link SimulatedMesh.advance}.
 */
export class SimulatedMesh {
  readonly #stage: MeshStage;
  readonly #undo: (() => void)[] = [];
  #stopped = false;

  private constructor(options: SimulatedMeshOptions) {
    this.#stage = new MeshStage(options);
  }

  /** Makes a mesh and starts its nodes. Throws `simulation.clock-taken` where another one lives. */
  static async create(options: SimulatedMeshOptions = {}): Promise<SimulatedMesh> {
    const mesh = new SimulatedMesh(options);
    mesh.clock.install();
    // What one node checked and decoded, another need not: the bytes are the same.
    mesh.#undo.push(useEd25519(memoizedEd25519(nativeEd25519)), shareEntries());
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

  get network(): VirtualNetwork {
    return this.#stage.network;
  }

  get clock(): VirtualClock {
    return this.#stage.clock;
  }

  /** Which links there are, and what was done to them. */
  get links(): LinkBook {
    return this.#stage.links;
  }

  get seed(): string {
    return this.#stage.foundation.seed;
  }

  /** All nodes, in the order in which they were made. */
  get nodes(): readonly SimulatedNode[] {
    return [...this.#stage.nodes.values()];
  }

  /** A node by its name. Throws `simulation.unknown-node`. */
  node(name: string): SimulatedNode {
    return this.#stage.node(name);
  }

  /** Name of the node with an id; the id itself where there is none. */
  nameOf(id: string): string {
    return this.#stage.nameOf(id);
  }

  /** Names by id: of nodes, and of hosts that run no sedge. Two nodes that share a key are here under one name. */
  get names(): ReadonlyMap<NodeId, string> {
    return this.#stage.names;
  }

  /** Virtual milliseconds since the mesh was ready. */
  get sinceReadyMs(): number {
    return this.#stage.sinceReadyMs;
  }

  /** Messages that were acknowledged, in order. */
  get published(): readonly PublishedMessage[] {
    return this.#stage.published;
  }

  /** How often applications tried to publish each message, acknowledged or not, by `messageKey`. */
  get attempted(): ReadonlyMap<string, number> {
    return this.#stage.attempted;
  }

  /** What happened since the mesh was ready, in order. */
  get history(): readonly HistoryEvent[] {
    return this.#stage.history.events;
  }

  /** SHA-256 over the history, hexadecimal: on the model overlay the same for the same seed and the same calls. */
  digest(): string {
    return this.#stage.history.digest();
  }

  stats(): MeshFigures {
    return figuresOf(this, this.#stage.history.count);
  }

  // ---- time --------------------------------------------------------------------------------------------------

  /** Lets virtual time pass. */
  advance(duration: Duration): Promise<void> {
    return this.clock.advance(durationMs(duration), this.#stage.drive());
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
    const { clock } = this;
    const beganMs = clock.elapsedMs;
    while (!condition()) {
      const waitedMs = clock.elapsedMs - beganMs;
      if (waitedMs >= withinMs) throw new SedgeError('simulation.stuck', { waitedFor: sentence, withinMs });
      const stepMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS, waitedMs * LOOK_SHARE), withinMs - waitedMs);
      await clock.advance(stepMs, this.#stage.drive());
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
    await this.clock.advance(1, this.#stage.drive());
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
    this.#stage.requireHosts(groups.flat());
    this.#stage.record('partition', '', { detail: groups.map((group) => group.join(' ')).join(' | ') });
    this.links.partition(groups, options.silent === true ? 'silent' : 'down');
  }

  /** Ends partitions, one-way links and black holes; links that were cut stay so. */
  heal(): void {
    this.#stage.record('heal', '');
    this.links.heal();
  }

  /** Cuts a link; both ends notice at once. */
  cut(a: string, b: string): void {
    this.#stage.requireHosts([a, b]);
    this.#stage.record('cut', a, { peer: b });
    this.links.setCut(a, b, true);
  }

  /** Mends a link, however it was broken, or makes it. */
  mend(a: string, b: string): void {
    this.#stage.want(a, b);
    this.#stage.record('mend', a, { peer: b });
    this.links.setCut(a, b, false);
  }

  /** From now on packets pass only from `a` to `b`. */
  oneWay(a: string, b: string): void {
    this.#stage.want(a, b);
    this.#stage.record('one-way', a, { peer: b });
    this.links.setSilent(b, a, true);
  }

  /** From now on packets of a link vanish, both ways. */
  blackHole(a: string, b: string): void {
    this.#stage.want(a, b);
    this.#stage.record('black-hole', a, { peer: b });
    this.links.setSilent(a, b, true);
    this.links.setSilent(b, a, true);
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
    const node = this.#stage.makeNode(name, { ...this.#stage.options.all, ...options });
    for (const peer of options.links ?? []) this.#stage.link(name, peer);
    await this.#stage.start(node);
    return node;
  }

  /** Stops a node in order. */
  async shutdown(name: string): Promise<void> {
    await this.#stage.settle(this.node(name).stop());
    this.#stage.record('stop', name);
  }

  /** Ends a node's process without a word. */
  async crash(name: string, { disk = 'lose-unsynced' }: CrashSettings = {}): Promise<void> {
    const node = this.node(name);
    if (!node.running) throw new SedgeError('simulation.not-running', { node: name });
    const keepUnsynced = disk === 'keep' ? 'all' : disk === 'torn' ? 'random' : 'none';
    this.#stage.record('crash', name, { detail: disk });
    await this.#stage.settle(node.crash({ keepUnsynced }, disk === 'keep' ? 'reset' : 'silent'));
  }

  /** Starts a node again, on the disk that it has; one that runs is stopped in order first. */
  async restart(name: string): Promise<void> {
    const node = this.node(name);
    if (node.running) await this.shutdown(name);
    await this.#stage.start(node);
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
    const clone = this.#stage.makeNode(cloneName, original.options, { place: original.place, disk });
    for (const peer of options.links ?? this.links.neighbours(name)) this.#stage.link(cloneName, peer);
    this.#stage.record('clone', cloneName, { peer: name });
    await this.#stage.start(clone);
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
    const { overlay, identity } = this.#stage.makeBareHost(name);
    script(overlay, identity, options.stranger === true ? [] : this.#stage.foundation.grant(identity, name));
    for (const peer of options.links ?? []) {
      this.links.add(name, peer);
      overlay.want(this.#stage.addressOf(this.node(peer)), 'given');
    }
    await this.#stage.settle(overlay.start());
    this.#stage.record('hostile', name, { detail: options.stranger === true ? 'stranger' : 'member' });
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

  /**
   * Throws `simulation.violated` unless running nodes that reach each other hold the same, somebody has every message
   * that was acknowledged as durable, and every subscription was delivered what it should have been.
   */
  assertNothingLost(): void {
    const unheld = this.differences().map((sentence) => ({ checker: 'nothing lost', sentence }));
    this.#assertNone([...unheld, ...unheard(this), ...undelivered(this, {})]);
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
      for (const undo of this.#undo) undo();
      this.clock.uninstall();
    }
  }

  async #begin(): Promise<void> {
    const { nodes = 3, topology = ring(), settle = true } = this.#stage.options;
    const names = this.#stage.options.names ?? Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
    names.forEach((name, index) => {
      const options = { ...this.#stage.options.all, ...this.#stage.options.node?.[name] };
      this.#stage.makeNode(name, index === 0 ? { role: 'admin', ...options } : options);
    });
    for (const [a, b] of topology(names, this.#stage.foundation.random('topology'))) this.#stage.link(a, b);
    await this.#stage.settle(Promise.all(this.nodes.map((node) => node.start())));
    if (settle) {
      await this.until(() => this.#allConnected(), 'linked nodes are connected');
      await this.converged();
    }
    this.#stage.ready();
  }

  #allConnected(): boolean {
    const { links } = this.#stage;
    return [...links.pairs()].every(([a, b]) => !links.isOpen(a, b) || this.#stage.isConnected(a, b));
  }

  async #replaceDisk(name: string, disk: MemoryDisk, event: 'wipe' | 'restore'): Promise<void> {
    const node = this.node(name);
    if (node.running) await this.crash(name);
    node.replaceDisk(disk);
    this.#stage.record(event, name);
    await this.#stage.start(node);
  }
}
