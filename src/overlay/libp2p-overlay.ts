import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { assert, SedgeError } from '../errors/index.ts';
import { type NodeId, nodeIdOf } from '../identity/index.ts';
import { FrameStream } from './frame-stream.ts';
import { Gossip } from './gossip.ts';
import { GossipWatchdog } from './gossip-watchdog.ts';
import { endLeftovers } from './libp2p-internals.ts';
import { createNode, type OverlayNode, type VirtualPlace } from './libp2p-node.ts';
import { Links } from './links.ts';
import { networkFingerprint } from './network-watch.ts';
import type { GossipHandler, Overlay, OverlayStream, PeerEvent, PeerInfo, PeerSource } from './overlay.ts';
import {
  type OverlayDependencies,
  type OverlayOptions,
  type ResolvedOverlayOptions,
  resolveOverlayOptions,
} from './overlay-options.ts';
import { PeerReadiness } from './peer-readiness.ts';
import { nodeOfAddress, Supervisor } from './supervisor.ts';

/** How often links are looked after. */
const LOOK_MS = 500;
/** Looks between two looks at gossip and at the machine's addresses. */
const SLOW_LOOKS = 2;
/** Opening a stream: negotiation with a peer that is alive takes one round trip. */
const OPEN_MS_MAX = 5_000;

/** libp2p's names for addresses that it could not listen on. */
const LISTEN_ERRORS = new Set(['UnsupportedListenAddressesError', 'UnsupportedListenAddressError']);

type StreamHandler = (stream: OverlayStream) => void | Promise<void>;

/**
 * {@link Overlay} on libp2p and gossipsub: TCP under the realm's private-network key, Noise, Yamux, mDNS. What of
 * libp2p does not hold for months on end is handled here; the folder's README lists each trap. With a
 * {@link VirtualPlace} it is the same on a network in memory.
 */
export class Libp2pOverlay implements Overlay {
  readonly self: NodeId;
  readonly #options: ResolvedOverlayOptions;
  readonly #deps: OverlayDependencies;
  readonly #virtual: VirtualPlace | undefined;
  readonly #gossip: Gossip;
  readonly #links: Links;
  readonly #watchdog: GossipWatchdog;
  readonly #readiness: PeerReadiness;
  readonly #supervisor: Supervisor;
  readonly #handlers = new Map<string, StreamHandler>();
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  readonly #skipListeners = new Set<(node: NodeId) => void>();
  #node: OverlayNode | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looks = 0;
  #network = '';

  constructor(options: OverlayOptions, deps: OverlayDependencies, virtual?: VirtualPlace) {
    this.#options = resolveOverlayOptions(options);
    this.#deps = deps;
    this.#virtual = virtual;
    this.self = nodeIdOf(publicKeyOfSeed(options.seed));
    this.#gossip = new Gossip({
      ...this.#options,
      log: deps.log,
      counters: deps.counters,
      onSkipped: (node) => {
        for (const listener of this.#skipListeners) listener(node);
      },
      onSent: virtual?.onSent && ((to, bytes) => virtual.onSent?.(to, 'gossip', bytes)),
    });
    this.#readiness = new PeerReadiness(
      (node) => this.#gossip.reaches(node),
      (node) => this.#ready(node),
    );
    this.#links = this.#makeLinks();
    this.#watchdog = new GossipWatchdog({
      links: this.#links,
      gossip: () => this.#gossip.internals,
      onHopeless: (peer) =>
        deps.log.warn({ peer }, 'gossip with a peer was broken; its connections were ended'),
    });
    this.#supervisor = this.#makeSupervisor();
  }

  start(): Promise<void> {
    assert(this.#stopping === null, 'a stopped overlay is not started again');
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  addresses(): readonly string[] {
    return this.#node?.getMultiaddrs().map((address) => address.toString()) ?? [];
  }

  want(address: string, source: PeerSource): void {
    this.#supervisor.want(address, source);
  }

  unwant(node: NodeId): void {
    this.#supervisor.tell({ kind: 'unwant', node });
  }

  peers(): readonly PeerInfo[] {
    return this.#supervisor.peers();
  }

  onPeer(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onSkipped(listener: (node: NodeId) => void): () => void {
    this.#skipListeners.add(listener);
    return () => this.#skipListeners.delete(listener);
  }

  join(topic: string, handler: GossipHandler): void {
    this.#gossip.join(topic, handler);
  }

  publish(topic: string, data: Uint8Array): boolean {
    return this.#gossip.publish(topic, data);
  }

  handle(protocol: string, handler: StreamHandler): void {
    assert(!this.#handlers.has(protocol), 'a protocol is handled once');
    this.#handlers.set(protocol, handler);
    if (this.#node !== null) void this.#register(this.#node, protocol, handler);
  }

  async open(
    node: NodeId,
    protocol: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<OverlayStream> {
    const connection = this.#links.connections(node).find((candidate) => candidate.status === 'open');
    if (connection === undefined) throw new SedgeError('overlay.no-route', { peer: node });
    const limit = AbortSignal.timeout(OPEN_MS_MAX);
    const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
    try {
      const stream = await connection.newStream(protocol, {
        signal,
        maxOutboundStreams: this.#options.maxInboundStreams,
      });
      return this.#frameStream(stream, node);
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw new SedgeError('overlay.stream-closed', { peer: node, protocol }, { cause });
    }
  }

  async #start(): Promise<void> {
    const node = await createNode(this.#options, {
      gossip: this.#gossip,
      admits: (peer) => this.#admits(peer),
      onStranger: () => this.#deps.counters.count('overlay.wrong-network'),
      onDiscovered: (peer, addresses) => this.#discovered(peer, addresses),
      virtual: this.#virtual,
    });
    assert(node.peerId.toString() === this.self, 'the peer id follows from the key');
    node.addEventListener('connection:open', (event) => this.#opened(event.detail));
    node.addEventListener('peer:identify', (event) => {
      const { peerId, listenAddrs } = event.detail;
      this.#identified(peerId, listenAddrs);
    });
    this.#gossip.onChange((peer) => this.#readiness.check(peer));
    this.#node = node;
    for (const [protocol, handler] of this.#handlers) void this.#register(node, protocol, handler);
    try {
      await node.start();
    } catch (cause) {
      this.#node = null;
      endLeftovers(node);
      // libp2p has stopped what it had started. Other failures than this one are bugs.
      if (!(cause instanceof Error) || !LISTEN_ERRORS.has(cause.name)) throw cause;
      throw new SedgeError('overlay.listen-failed', { listen: this.#options.listen.join(' ') }, { cause });
    }
    this.#gossip.start();
    this.#network = this.#fingerprint();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    await this.#supervisor.start();
  }

  async #stop(): Promise<void> {
    // A start that failed has cleaned up after itself, and was reported there.
    await this.#starting?.catch(() => {});
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#supervisor.stop();
    const node = this.#node;
    this.#node = null;
    this.#gossip.stop();
    if (node !== null) {
      await node.stop();
      endLeftovers(node);
    }
    this.#readiness.clear();
    this.#listeners.clear();
  }

  #makeLinks(): Links {
    return new Links(this.#deps.nowMs, {
      onFirst: (node) => {
        this.#supervisor.tell({ kind: 'connected', node });
        this.#readiness.connected(node);
      },
      onLast: (node) => {
        const wasUp = this.#readiness.disconnected(node);
        this.#supervisor.tell({ kind: 'disconnected', node });
        if (wasUp) this.#emit({ kind: 'down', node });
      },
      onLatency: (node, latencyMs) => this.#supervisor.tell({ kind: 'latency', node, latencyMs }),
      onSilent: (peer) => this.#deps.log.info({ peer }, 'a link went silent and was ended'),
    });
  }

  #makeSupervisor(): Supervisor {
    const { log, nowMs, random, addressBook } = this.#deps;
    const { discovery, maxDiscoveredPeers } = this.#options;
    return new Supervisor({
      limits: { self: this.self, discovery, maxDiscoveredPeers, random },
      log,
      nowMs,
      addressBook,
      dial: (address, timeoutMs) => this.#dial(address, timeoutMs),
      hangUp: (node) => this.#links.abort(node, 'the peer is not wanted'),
    });
  }

  async #dial(address: Multiaddr, timeoutMs: number): Promise<NodeId> {
    if (this.#node === null) throw new SedgeError('overlay.not-started');
    const connection = await this.#node.dial(address, { signal: AbortSignal.timeout(timeoutMs) });
    return connection.remotePeer.toString() as NodeId;
  }

  #opened(connection: Connection): void {
    this.#links.opened(connection);
    // Asked for at once: by itself gossipsub waits until identify has told the peer's protocols.
    if (this.#node !== null && connection.status === 'open') {
      this.#gossip.internals.onPeerConnected(connection.remotePeer, connection);
    }
  }

  #ready(node: NodeId): void {
    this.#supervisor.tell({ kind: 'ready', node });
    this.#emit({ kind: 'up', node });
  }

  #emit(event: PeerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#deps.log.error({ error: String(error) }, 'a peer listener threw');
      }
    }
  }

  #discovered(peer: PeerId, addresses: readonly string[]): void {
    if (!this.#options.discovery || !this.#admits(peer)) return;
    const node = peer.toString() as NodeId;
    for (const address of addresses) {
      const full = address.includes('/p2p/') ? address : `${address}/p2p/${node}`;
      if (isDialable(full)) this.#supervisor.want(full, 'discovered');
    }
  }

  /** Where a peer that called can be called back, if its link is ever lost. */
  #identified(peer: PeerId, listenAddrs: readonly Multiaddr[]): void {
    this.#discovered(
      peer,
      listenAddrs.map((address) => address.toString()).filter((address) => !isLoopback(address)),
    );
  }

  #admits(peer: PeerId): boolean {
    return this.#deps.admits?.(peer.toString() as NodeId) ?? true;
  }

  #look(): void {
    this.#links.look();
    this.#looks++;
    if (this.#looks % SLOW_LOOKS !== 0) return;
    this.#watchdog.look();
    const network = this.#fingerprint();
    if (network === this.#network) return;
    this.#network = network;
    this.#deps.log.info({}, 'the local network changed');
    this.#supervisor.tell({ kind: 'network-changed' });
  }

  /** The machine's addresses are nothing to a network in memory. */
  #fingerprint(): string {
    return this.#virtual === undefined ? networkFingerprint() : '';
  }

  async #register(node: OverlayNode, protocol: string, handler: StreamHandler): Promise<void> {
    const { maxInboundStreams } = this.#options;
    await node.handle(protocol, (stream, connection) => this.#serve(stream, connection, handler), {
      maxInboundStreams,
      maxOutboundStreams: maxInboundStreams,
    });
  }

  async #serve(raw: Stream, connection: Connection, handler: StreamHandler): Promise<void> {
    const node = connection.remotePeer.toString() as NodeId;
    const stream = this.#frameStream(raw, node);
    if (!(await this.#readiness.wait(node))) return stream.abort();
    try {
      await handler(stream);
    } catch (error) {
      const isCut = error instanceof SedgeError;
      const write = isCut ? this.#deps.log.debug : this.#deps.log.error;
      write.call(
        this.#deps.log,
        { protocol: stream.protocol, error: String(error) },
        'a stream handler threw',
      );
      stream.abort();
    }
  }

  #frameStream(stream: Stream, peer: NodeId): FrameStream {
    const { frameBytesMax } = this.#options;
    const { counters } = this.#deps;
    const tell = this.#virtual?.onSent;
    const onSent = tell && ((bytes: number) => tell(peer, stream.protocol, bytes));
    return new FrameStream(stream, { peer, frameBytesMax, counters, onSent });
  }
}

function isDialable(address: string): boolean {
  try {
    nodeOfAddress(address);
    return true;
  } catch {
    return false;
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/');
}

/** DER of an Ed25519 private key (RFC 8410), up to the 32 bytes of the seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function publicKeyOfSeed(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}
