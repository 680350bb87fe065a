import {
  type ErrorCode,
  type GossipHandler,
  type NodeId,
  type Overlay,
  type OverlayStream,
  type PeerEvent,
  type PeerInfo,
  type PeerSource,
  publicKeyOf,
  SedgeError,
} from '../../src/index.ts';
import type { GossipPacket } from './gossip-packets.ts';
import { ModelConnectionEnd } from './model-connection.ts';
import type { ModelNetwork } from './model-network.ts';
import { ModelStream } from './model-stream.ts';
import { ModelWish } from './model-wish.ts';

/** Settings of a {@link ModelOverlay}. */
export interface ModelOverlayOptions {
  readonly host: string;
  /** Where it listens, without its id. */
  readonly address: string;
  /** Which of the network's overlays it is. */
  readonly number: number;
  readonly admits?: (node: NodeId) => boolean;
  readonly frameBytesMax?: number;
}

/** As the real overlay. */
const FRAME_BYTES_MAX = 2 * 1024 * 1024;
const GOSSIP_BACKLOG_BYTES = 1024 * 1024;
/** Topic, lengths and message id around a gossip message. */
const GOSSIP_OVERHEAD_BYTES = 72;
const ADDRESS = /^(\/ip4\/[\d.]+\/tcp\/\d+)(?:\/p2p\/(\w+))?$/;
/** A handshake takes so many round trips, as the real one does. */
const HANDSHAKE_ROUND_TRIPS = 3;

interface Received {
  readonly topic: string;
  readonly packet: GossipPacket;
  readonly from: NodeId;
}

/** A node's overlay on a {@link ModelNetwork}. */
export class ModelOverlay implements Overlay {
  readonly self: NodeId;
  readonly network: ModelNetwork;
  readonly host: string;
  readonly #options: ModelOverlayOptions;
  readonly #wishes = new Map<string, ModelWish>();
  readonly #ends = new Map<NodeId, ModelConnectionEnd>();
  readonly #peerListeners = new Set<(event: PeerEvent) => void>();
  readonly #skipListeners = new Set<(node: NodeId) => void>();
  readonly #topics = new Map<string, GossipHandler>();
  readonly #protocols = new Map<string, (stream: OverlayStream) => void | Promise<void>>();
  #inbox: Received[] = [];
  #handling = false;
  #running = false;

  constructor(network: ModelNetwork, self: NodeId, options: ModelOverlayOptions) {
    this.network = network;
    this.self = self;
    this.host = options.host;
    this.#options = options;
  }

  get running(): boolean {
    return this.#running;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.network.listens(this.host);
    for (const wish of this.#wishes.values()) this.#dial(wish);
  }

  async stop(): Promise<void> {
    this.#end(true);
  }

  addresses(): readonly string[] {
    return [`${this.#options.address}/p2p/${this.self}`];
  }

  // ---- peers -------------------------------------------------------------------------------------------------

  want(address: string, source: PeerSource): void {
    const [, place, id] = ADDRESS.exec(address) ?? [];
    if (place === undefined || (id !== undefined && publicKeyOf(id) === null)) {
      throw new SedgeError('overlay.bad-address', { address });
    }
    if (id === this.self || place === this.#options.address) return;
    const wish = new ModelWish({
      address: place,
      source,
      node: (id ?? null) as NodeId | null,
      redial: (again) => this.#dial(again),
      network: this.network,
    });
    this.#wishes.get(place)?.end();
    this.#wishes.set(place, wish);
    this.network.noteWish(place, this);
    if (this.#running) this.#dial(wish);
  }

  unwant(node: NodeId): void {
    for (const [place, wish] of this.#wishes) {
      if (wish.node !== node) continue;
      wish.end();
      this.#wishes.delete(place);
    }
    const end = this.#ends.get(node);
    if (end !== undefined) this.drop(end, { tell: true });
  }

  peers(): readonly PeerInfo[] {
    const rows: PeerInfo[] = [];
    const listed = new Set<NodeId>();
    for (const wish of this.#wishes.values()) {
      const end = wish.node === null ? undefined : this.#ends.get(wish.node);
      if (wish.node !== null) listed.add(wish.node);
      rows.push({
        node: wish.node,
        addresses: [wish.address],
        source: wish.source,
        ...this.#linkFacts(end),
        failedDials: wish.failedDials,
        lastError: wish.lastError,
      });
    }
    for (const [node, end] of this.#ends) {
      if (listed.has(node)) continue;
      const shared = { failedDials: 0, lastError: null };
      rows.push({
        node,
        addresses: end.far.overlay.addresses(),
        source: end.source,
        ...this.#linkFacts(end),
        ...shared,
      });
    }
    return rows;
  }

  onPeer(listener: (event: PeerEvent) => void): () => void {
    this.#peerListeners.add(listener);
    return () => this.#peerListeners.delete(listener);
  }

  #linkFacts(end: ModelConnectionEnd | undefined): Pick<PeerInfo, 'connected' | 'latencyMs' | 'sinceMs'> {
    if (end === undefined) return { connected: false, latencyMs: null, sinceMs: null };
    const latencyMs = end.link.settings.latencyMs + end.far.link.settings.latencyMs;
    return { connected: true, latencyMs, sinceMs: end.sinceMs };
  }

  // ---- gossip ------------------------------------------------------------------------------------------------

  join(topic: string, handler: GossipHandler): void {
    this.#topics.set(topic, handler);
  }

  publish(topic: string, data: Uint8Array): boolean {
    if (!this.#running) return false;
    const packet = this.network.packets.of(data, Date.now());
    if (this.network.packets.hasSeen(packet, this.#options.number)) return true;
    const { sent, skipped } = this.#flood(topic, packet, null);
    if (sent === 0 && skipped > 0) return false;
    this.network.packets.see(packet, this.#options.number);
    return true;
  }

  onSkipped(listener: (node: NodeId) => void): () => void {
    this.#skipListeners.add(listener);
    return () => this.#skipListeners.delete(listener);
  }

  /** A gossip message arrives from somebody. */
  inject(topic: string, data: Uint8Array, from: NodeId): void {
    this.#receive({ topic, packet: this.network.packets.of(data, Date.now()), from });
  }

  #flood(topic: string, packet: GossipPacket, except: NodeId | null): { sent: number; skipped: number } {
    let sent = 0;
    let skipped = 0;
    const { onGossip } = this.network.tap;
    for (const [node, end] of this.#ends) {
      const peer = end.far.overlay;
      if (node === except || !peer.#topics.has(topic)) continue;
      if (end.gossip.queuedBytes > GOSSIP_BACKLOG_BYTES) {
        skipped++;
        for (const listener of this.#skipListeners) listener(node);
        continue;
      }
      sent++;
      if (onGossip?.(this.self, node, packet.data) === false) continue;
      const bytes = packet.data.length + GOSSIP_OVERHEAD_BYTES;
      const arrive = () => {
        if (end.far.isOpen) peer.#receive({ topic, packet, from: this.self });
      };
      end.link.send(end.gossip, { kind: 'gossip', bytes, arrive });
    }
    return { sent, skipped };
  }

  /** Handlers see messages one at a time, in order of arrival. */
  #receive(received: Received): void {
    if (!this.#running || !this.#topics.has(received.topic)) return;
    if (!this.network.packets.see(received.packet, this.#options.number)) return;
    if (this.#handling) this.#inbox.push(received);
    else void this.#handle(received);
  }

  async #handle(first: Received): Promise<void> {
    this.#handling = true;
    for (let next: Received | undefined = first; next !== undefined; next = this.#inbox.shift()) {
      const { topic, packet, from } = next;
      try {
        const verdict = await this.#topics.get(topic)!(packet.data, from);
        if (verdict === 'accept' && this.#running) this.#flood(topic, packet, from);
      } catch {
        // A handler that throws is taken for one that ignores.
      }
    }
    this.#handling = false;
  }

  // ---- streams -----------------------------------------------------------------------------------------------

  handle(protocol: string, handler: (stream: OverlayStream) => void | Promise<void>): void {
    this.#protocols.set(protocol, handler);
  }

  async open(node: NodeId, protocol: string, options: { signal?: AbortSignal } = {}): Promise<OverlayStream> {
    await Promise.resolve();
    const end = this.#ends.get(node);
    if (end === undefined || options.signal?.aborted) throw new SedgeError('overlay.no-route');
    const peer = end.far.overlay;
    const handler = peer.#protocols.get(protocol);
    if (handler === undefined) throw new SedgeError('overlay.stream-closed', { protocol });
    return ModelStream.open(end, {
      protocol,
      near: this,
      far: peer,
      accept: (far) => void handler(far),
    });
  }

  get frameBytesMax(): number {
    return this.#options.frameBytesMax ?? FRAME_BYTES_MAX;
  }

  // ---- what the network tells --------------------------------------------------------------------------------

  /** The link to a host was cut; that is noticed at once. */
  cutOff(host: string): void {
    for (const end of this.#endsTo(host)) this.drop(end);
  }

  /** The link to a host went silent, in one direction at least. */
  suspect(host: string): void {
    for (const end of this.#endsTo(host)) end.suspect();
  }

  /** Packets pass to a host and back: it may be dialed, and what is connected lives on. */
  reachable(host: string): void {
    if (!this.#running) return;
    for (const end of this.#endsTo(host)) if (end.far.isOpen && end.far.overlay.running) end.trust();
    const wish = this.#wishes.get(this.network.addressOf(host));
    if (wish !== undefined && !this.#isFulfilled(wish)) wish.wake();
  }

  /** The process is gone. */
  die(manner: 'reset' | 'silent'): void {
    this.#end(manner === 'reset');
  }

  /** An end of a connection is over, here. */
  drop(end: ModelConnectionEnd, options: { readonly tell: boolean } = { tell: true }): void {
    if (this.#ends.get(end.peer) !== end) return;
    this.#ends.delete(end.peer);
    end.close(options);
    if (end.announced) this.#emit({ kind: 'down', node: end.peer });
    for (const wish of this.#wishes.values()) if (wish.node === end.peer) wish.lost();
  }

  #end(tell: boolean): void {
    if (!this.#running) return;
    this.#running = false;
    this.network.forget(this);
    for (const wish of this.#wishes.values()) wish.end();
    for (const end of [...this.#ends.values()]) {
      this.drop(end, { tell });
      if (!tell) end.far.suspect();
    }
  }

  #endsTo(host: string): ModelConnectionEnd[] {
    return [...this.#ends.values()].filter((end) => end.far.overlay.host === host);
  }

  // ---- dialing -----------------------------------------------------------------------------------------------

  #isFulfilled(wish: ModelWish): boolean {
    return wish.node !== null && this.#ends.has(wish.node);
  }

  #dial(wish: ModelWish): void {
    if (!this.#running || wish.ended || this.#isFulfilled(wish)) return;
    const peer = this.network.at(wish.address);
    if (peer === null || !this.network.isOpen(this.host, peer.host)) {
      wish.failed('overlay.no-route');
      return;
    }
    const there = this.network.linkOf(this.host, peer.host).settings.latencyMs;
    const back = this.network.linkOf(peer.host, this.host).settings.latencyMs;
    const ms = HANDSHAKE_ROUND_TRIPS * (there + back);
    if (ms === 0) this.#connect(wish, peer);
    else wish.after(ms, () => this.#connect(wish, peer));
  }

  #connect(wish: ModelWish, peer: ModelOverlay): void {
    if (!this.#running || wish.ended) return;
    const refusal = this.#refusalOf(wish, peer);
    if (refusal !== null) {
      wish.failed(refusal);
      return;
    }
    wish.succeeded(peer.self);
    const known = this.#ends.get(peer.self);
    // Both dialed at once: one connection is enough.
    if (known?.far.overlay === peer && known.far.isOpen) return;
    const [near, far] = ModelConnectionEnd.pair(this, peer, wish.source);
    this.#accept(near);
    peer.#accept(far);
    this.#announceSoon(near);
    peer.#announceSoon(far);
  }

  /** Why a dial fails; `null` if it does not. */
  #refusalOf(wish: ModelWish, peer: ModelOverlay): ErrorCode | null {
    if (!peer.running || !this.network.isOpen(this.host, peer.host)) return 'overlay.no-route';
    if (wish.node !== null && wish.node !== peer.self) return 'overlay.wrong-peer';
    return this.#admits(peer.self) && peer.#admits(this.self) ? null : 'overlay.denied';
  }

  #admits(node: NodeId): boolean {
    return this.#options.admits?.(node) ?? true;
  }

  /** A newer connection to a node takes the place of one that is dead, or of another host under its key. */
  #accept(end: ModelConnectionEnd): void {
    const before = this.#ends.get(end.peer);
    if (before !== undefined) this.drop(before, { tell: true });
    this.#ends.set(end.peer, end);
  }

  #announceSoon(end: ModelConnectionEnd): void {
    setImmediate(() => {
      if (this.#ends.get(end.peer) !== end) return;
      end.announced = true;
      this.#emit({ kind: 'up', node: end.peer });
    });
  }

  #emit(event: PeerEvent): void {
    for (const listener of [...this.#peerListeners]) listener(event);
  }
}
