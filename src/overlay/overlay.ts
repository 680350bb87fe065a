import type { NodeId } from '../identity/index.ts';

/** What a gossip validator decides: keep and relay, drop in silence, or drop and count against the sender. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject';

/** Sees every gossip message of a topic once, before it is relayed. Called in order of arrival. */
export type GossipHandler = (data: Uint8Array, from: NodeId) => GossipVerdict | Promise<GossipVerdict>;

/** How a peer came to be wanted. */
export type PeerSource = 'given' | 'invitation' | 'discovered' | 'inbound';

/** A peer that this node knows. */
export interface PeerInfo {
  /** `null` while only an address is known. */
  readonly node: NodeId | null;
  readonly addresses: readonly string[];
  readonly source: PeerSource;
  readonly connected: boolean;
  /** Round trip of the last ping, if one was answered. */
  readonly latencyMs: number | null;
  /** When the connection came up, or when the last one went down; milliseconds since 1970, `null` if never. */
  readonly sinceMs: number | null;
  /** Dials that failed since the last connection. */
  readonly failedDials: number;
  /** Code of the last failure, for people. */
  readonly lastError: string | null;
}

/** A peer came or went. Several connections to one peer are one peer. */
export interface PeerEvent {
  readonly kind: 'up' | 'down';
  readonly node: NodeId;
}

/** A stream of length-prefixed frames to one peer, with backpressure both ways. */
export interface OverlayStream {
  readonly peer: NodeId;
  readonly protocol: string;
  /** Sends one frame; resolves when there is room for the next. Throws `overlay.stream-closed`. */
  send(frame: Uint8Array): Promise<void>;
  /**
   * Frames in order; ends when the peer closed, throws `overlay.stream-closed` on a cut and
   * `overlay.frame-too-large` where a length is over the limit. While nobody reads, the peer is held back.
   */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Ends the writing side after what was sent; resolves when it is handed to the transport. */
  close(): Promise<void>;
  /** Ends both sides at once. */
  abort(): void;
}

/**
 * The network as all layers above see it: peers, flooded topics, streams. Nothing above knows libp2p. Every
 * implementation passes `test/contract/overlay-contract.ts`.
 */
export interface Overlay {
  readonly self: NodeId;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Multiaddrs that others can dial, ending in `/p2p/<self>`. */
  addresses(): readonly string[];

  /** Keeps a peer connected for ever, across restarts of it and outages of any length. */
  want(address: string, source: PeerSource): void;
  /** Ends the wish and the connection. */
  unwant(node: NodeId): void;
  peers(): readonly PeerInfo[];
  /**
   * Tells of peers coming and going; returns how to end that. A peer is up once gossip with it flows, at most a
   * second after its connection: what is published from then on reaches it, what was published before is known
   * to a sync that starts then. Streams that it opens are handed out after that.
   */
  onPeer(listener: (event: PeerEvent) => void): () => void;

  /** Joins a topic for the life of the overlay (leaving and joining again costs minutes of silence). */
  join(topic: string, handler: GossipHandler): void;
  /**
   * Floods to the topic's members. A peer whose stream is over its mark is skipped: what it misses is left to
   * sync. Returns `false`, with nothing sent, where every member is over its mark; the same data may then be
   * published again. (Data that was published once is not sent again for two minutes, on whatever topic.)
   */
  publish(topic: string, data: Uint8Array): boolean;
  /** Tells of peers that a message skipped, own or relayed, as they do not keep up; returns how to end that. */
  onSkipped(listener: (node: NodeId) => void): () => void;

  /** Answers a protocol, with at most `maxInboundStreams` at once from a peer. */
  handle(protocol: string, handler: (stream: OverlayStream) => void | Promise<void>): void;
  /** Opens a stream to a connected peer. Throws `overlay.no-route` or `overlay.stream-closed`. */
  open(node: NodeId, protocol: string, options?: { readonly signal?: AbortSignal }): Promise<OverlayStream>;
}
