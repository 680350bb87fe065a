import { SedgeError } from '../../src/errors/index.ts';
import { type NodeId, publicKeyOf } from '../../src/identity/index.ts';
import type {
  GossipHandler,
  Overlay,
  OverlayStream,
  PeerEvent,
  PeerInfo,
  PeerSource,
} from '../../src/overlay/index.ts';

/** A frame on its way from one node to another. */
export interface FrameInTransit {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly protocol: string;
  readonly frame: Uint8Array;
}

const REDIAL_MS = 20;
const IN_FLIGHT_BYTES_MAX = 1_048_576;
const FRAME_BYTES_MAX = 4 * 1_048_576;
const ADDRESS = /^(\/ip4\/[\d.]+\/tcp\/(\d+))(?:\/p2p\/(\w+))?$/;

/**
 * A network within one process: links that can be cut, gossip that can be lost, frames that can be counted and
 * streams that can be cut at any of them. No sockets, no heartbeats.
 */
export class MemoryNetwork {
  readonly #listening = new Map<string, MemoryOverlay>();
  readonly #cuts = new Set<string>();
  readonly #nodes = new Set<MemoryOverlay>();
  #port = 1;
  /** Loses a gossip message on one link where it returns `false`. */
  passGossip: (from: NodeId, to: NodeId, data: Uint8Array) => boolean = () => true;
  /** Sees every frame of every stream before it arrives; `false` cuts the stream there. */
  passFrame: (transit: FrameInTransit) => boolean = () => true;
  /** Frames that leave and never arrive, as of a peer that hangs. */
  holdFrame: (transit: FrameInTransit) => boolean = () => false;
  /** Frames and bytes of streams by protocol. */
  readonly traffic = new Map<string, { frames: number; bytes: number }>();

  make(
    self: NodeId,
    options: { listen?: string; admits?: (node: NodeId) => boolean; frameBytesMax?: number } = {},
  ): MemoryOverlay {
    const address = options.listen ?? `/ip4/127.0.0.1/tcp/${this.#port++}`;
    const node = new MemoryOverlay(this, self, {
      address,
      admits: options.admits ?? (() => true),
      frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX,
    });
    this.#nodes.add(node);
    return node;
  }

  /** Cuts the link between two nodes, and every stream on it, until `heal`. */
  cut(a: Overlay, b: Overlay): void {
    this.#cuts.add(linkOf(a.self, b.self));
    for (const node of this.#listening.values()) {
      if (node.self === a.self) node.lose(b.self);
      if (node.self === b.self) node.lose(a.self);
    }
  }

  heal(a: Overlay, b: Overlay): void {
    this.#cuts.delete(linkOf(a.self, b.self));
  }

  /** Frames of a protocol so far. */
  frames(protocol: string): number {
    return this.traffic.get(protocol)?.frames ?? 0;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.stop()));
  }

  listen(address: string, node: MemoryOverlay): void {
    this.#listening.set(address, node);
  }

  unlisten(address: string): void {
    this.#listening.delete(address);
  }

  /** Who answers at an address. */
  at(address: string): MemoryOverlay | null {
    return this.#listening.get(address) ?? null;
  }

  isCut(a: NodeId, b: NodeId): boolean {
    return this.#cuts.has(linkOf(a, b));
  }

  count(protocol: string, bytes: number): void {
    const traffic = this.traffic.get(protocol) ?? { frames: 0, bytes: 0 };
    this.traffic.set(protocol, traffic);
    traffic.frames++;
    traffic.bytes += bytes;
  }
}

interface Wish {
  readonly address: string;
  readonly source: PeerSource;
  node: NodeId | null;
  failedDials: number;
  lastError: string | null;
}

interface NodeOptions {
  readonly address: string;
  readonly admits: (node: NodeId) => boolean;
  readonly frameBytesMax: number;
}

/** A node of a {@link MemoryNetwork}. */
export class MemoryOverlay implements Overlay {
  readonly self: NodeId;
  readonly #network: MemoryNetwork;
  readonly #options: NodeOptions;
  readonly #wishes = new Map<string, Wish>();
  readonly #links = new Map<NodeId, { peer: MemoryOverlay; sinceMs: number; source: PeerSource }>();
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  readonly #topics = new Map<string, GossipHandler>();
  readonly #protocols = new Map<string, (stream: OverlayStream) => void | Promise<void>>();
  readonly #streams = new Set<MemoryStream>();
  readonly #seen = new Set<string>();
  #inbox: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  constructor(network: MemoryNetwork, self: NodeId, options: NodeOptions) {
    this.#network = network;
    this.self = self;
    this.#options = options;
  }

  get frameBytesMax(): number {
    return this.#options.frameBytesMax;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#network.listen(this.#options.address, this);
    this.#dial();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#network.unlisten(this.#options.address);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [node, { peer }] of [...this.#links]) {
      this.lose(node);
      peer.lose(this.self);
    }
  }

  addresses(): readonly string[] {
    return [`${this.#options.address}/p2p/${this.self}`];
  }

  want(address: string, source: PeerSource): void {
    const parsed = ADDRESS.exec(address);
    if (parsed === null || (parsed[3] !== undefined && publicKeyOrNull(parsed[3]) === null)) {
      throw new SedgeError('overlay.bad-address', { address });
    }
    const node = (parsed[3] ?? null) as NodeId | null;
    if (node === this.self || parsed[1] === this.#options.address) return;
    this.#wishes.set(parsed[1]!, { address: parsed[1]!, source, node, failedDials: 0, lastError: null });
    if (this.#running) this.#dial();
  }

  unwant(node: NodeId): void {
    for (const [key, wish] of this.#wishes) if (wish.node === node) this.#wishes.delete(key);
    const link = this.#links.get(node);
    this.lose(node);
    link?.peer.lose(this.self);
  }

  peers(): readonly PeerInfo[] {
    const rows = [...this.#wishes.values()].map(({ address, source, node, failedDials, lastError }) => {
      const link = node === null ? undefined : this.#links.get(node);
      return {
        node,
        addresses: [address],
        source,
        connected: link !== undefined,
        latencyMs: null,
        sinceMs: link?.sinceMs ?? null,
        failedDials,
        lastError,
      };
    });
    const wanted = new Set(rows.map(({ node }) => node));
    for (const [node, { peer, sinceMs, source }] of this.#links) {
      if (wanted.has(node)) continue;
      const shared = { latencyMs: null, sinceMs, failedDials: 0, lastError: null };
      rows.push({ node, addresses: [...peer.addresses()], source, connected: true, ...shared });
    }
    return rows;
  }

  onPeer(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  join(topic: string, handler: GossipHandler): void {
    this.#topics.set(topic, handler);
  }

  publish(topic: string, data: Uint8Array): boolean {
    if (!this.#running) return false;
    this.#seen.add(keyOf(topic, data));
    this.#flood(topic, data.slice(), null);
    return true;
  }

  /** In memory every peer keeps up. */
  onSkipped(): () => void {
    return () => {};
  }

  handle(protocol: string, handler: (stream: OverlayStream) => void | Promise<void>): void {
    this.#protocols.set(protocol, handler);
  }

  async open(node: NodeId, protocol: string, options: { signal?: AbortSignal } = {}): Promise<OverlayStream> {
    await Promise.resolve();
    const link = this.#links.get(node);
    if (link === undefined || options.signal?.aborted) throw new SedgeError('overlay.no-route');
    const handler = link.peer.#protocols.get(protocol);
    if (handler === undefined) throw new SedgeError('overlay.stream-closed', { protocol });
    const near = new MemoryStream(this.#network, { owner: this, peer: node, protocol });
    const far = new MemoryStream(this.#network, { owner: link.peer, peer: this.self, protocol });
    near.far = far;
    far.far = near;
    this.#streams.add(near);
    link.peer.#streams.add(far);
    setImmediate(() => void handler(far));
    return near;
  }

  /** A gossip message arrives from nowhere. */
  inject(topic: string, data: Uint8Array, from: NodeId): void {
    this.#receive(topic, data, from);
  }

  /** The link to a node went away. */
  lose(node: NodeId): void {
    if (!this.#links.delete(node)) return;
    for (const stream of [...this.#streams]) if (stream.peer === node) stream.abort();
    for (const listener of this.#listeners) listener({ kind: 'down', node });
    this.#redialSoon();
  }

  forget(stream: MemoryStream): void {
    this.#streams.delete(stream);
  }

  #redialSoon(): void {
    if (!this.#running || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#dial();
    }, REDIAL_MS);
  }

  #dial(): void {
    for (const wish of [...this.#wishes.values()]) {
      if (wish.node !== null && this.#links.has(wish.node)) continue;
      const peer = this.#network.at(wish.address);
      const reached = peer !== null && !this.#network.isCut(this.self, peer.self);
      if (!reached || (wish.node !== null && wish.node !== peer.self)) {
        wish.failedDials++;
        wish.lastError = reached ? 'overlay.wrong-peer' : 'overlay.no-route';
      } else if (!this.#options.admits(peer.self) || !peer.#options.admits(this.self)) {
        wish.failedDials++;
        wish.lastError = 'overlay.denied';
      } else {
        wish.node = peer.self;
        wish.failedDials = 0;
        wish.lastError = null;
        this.#link(peer, wish.source);
        peer.#link(this, 'inbound');
        continue;
      }
      this.#redialSoon();
    }
  }

  #link(peer: MemoryOverlay, source: PeerSource): void {
    if (this.#links.has(peer.self)) return;
    this.#links.set(peer.self, { peer, sinceMs: Date.now(), source });
    setImmediate(() => {
      if (!this.#links.has(peer.self)) return;
      for (const listener of this.#listeners) listener({ kind: 'up', node: peer.self });
    });
  }

  #flood(topic: string, data: Uint8Array, except: NodeId | null): void {
    for (const [node, { peer }] of this.#links) {
      if (node === except || !this.#network.passGossip(this.self, node, data)) continue;
      setImmediate(() => peer.#receive(topic, data, this.self));
    }
  }

  #receive(topic: string, data: Uint8Array, from: NodeId): void {
    const handler = this.#topics.get(topic);
    const key = keyOf(topic, data);
    if (!this.#running || handler === undefined || this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#inbox = this.#inbox.then(async () => {
      try {
        if ((await handler(data, from)) === 'accept') this.#flood(topic, data, from);
      } catch {
        // A handler that throws is taken for one that ignores.
      }
    });
  }
}

/** One end of a stream. */
class MemoryStream implements OverlayStream {
  readonly peer: NodeId;
  readonly protocol: string;
  readonly #network: MemoryNetwork;
  readonly #owner: MemoryOverlay;
  readonly #frames: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #failure: SedgeError | null = null;
  #wakes: (() => void)[] = [];
  far!: MemoryStream;

  constructor(network: MemoryNetwork, ends: { owner: MemoryOverlay; peer: NodeId; protocol: string }) {
    this.#network = network;
    this.#owner = ends.owner;
    this.peer = ends.peer;
    this.protocol = ends.protocol;
  }

  async send(frame: Uint8Array): Promise<void> {
    const data = frame.slice();
    if (this.#failure !== null) throw this.#failure;
    const { peer: to, protocol } = this;
    this.#network.count(protocol, data.length);
    const transit = { from: this.#owner.self, to, protocol, frame: data };
    if (!this.#network.passFrame(transit)) this.abort();
    if (!this.#network.holdFrame(transit)) this.far.#announce(data);
    while (this.far.#bytes > IN_FLIGHT_BYTES_MAX && this.#failure === null) await this.far.#changed();
    if (this.#failure !== null) throw this.#failure;
  }

  get frames(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  }

  async close(): Promise<void> {
    // Behind the frames that are under way.
    setImmediate(() => {
      this.far.#ended = true;
      this.far.#wake();
    });
  }

  abort(): void {
    const failure = new SedgeError('overlay.stream-closed');
    this.#fail(failure);
    this.far.#fail(failure);
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    while (this.#frames.length === 0 && !this.#ended && this.#failure === null) await this.#changed();
    if (this.#failure !== null) throw this.#failure;
    const frame = this.#frames.shift();
    if (frame === undefined) return { done: true, value: undefined };
    if (frame.length > this.#owner.frameBytesMax) {
      this.abort();
      throw new SedgeError('overlay.frame-too-large');
    }
    this.#bytes -= frame.length;
    this.#wake();
    return { done: false, value: frame };
  }

  /** Frames take a turn of the event loop, so that two ends that answer at once leave room for the rest. */
  #announce(frame: Uint8Array): void {
    this.#bytes += frame.length;
    setImmediate(() => {
      if (this.#failure !== null || this.#ended) return;
      this.#frames.push(frame);
      this.#wake();
    });
  }

  #fail(failure: SedgeError): void {
    this.#failure ??= failure;
    this.#owner.forget(this);
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wakes.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}

function linkOf(a: NodeId, b: NodeId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function keyOf(topic: string, data: Uint8Array): string {
  return `${topic} ${Buffer.from(data).toString('latin1')}`;
}

function publicKeyOrNull(text: string): Uint8Array | null {
  try {
    return publicKeyOf(text as NodeId);
  } catch {
    return null;
  }
}
