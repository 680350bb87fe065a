import type { Identity, NodeId, Overlay, RealmAnchor } from '../../src/index.ts';

/** What a link does in one direction. */
export interface LinkSettings {
  /** From leaving one host to arriving at the other, milliseconds. */
  readonly latencyMs: number;
  /** Up to that much is added to each packet's latency; packets never overtake each other. */
  readonly jitterMs: number;
  /** What does not fit waits. `Infinity` for no limit. */
  readonly bytesPerSecond: number;
}

/**
 * What becomes of packets: `up`: they arrive; `silent`: they vanish, which both ends notice only after a while; `down`: there
 * is no link, or it was cut: noticed at once. A link that is down is so in both directions.
 */
export type LinkState = 'up' | 'silent' | 'down';

/** Settings of a host's overlay. */
export interface HostOverlayOptions {
  readonly identity: Identity;
  readonly anchor: RealmAnchor;
  /** Who may connect. */
  readonly admits: (node: NodeId) => boolean;
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** Packets and bytes of one kind. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** A packet's kind: `gossip`, or the protocol of its stream. */
export type TrafficByKind = Readonly<Record<string, Traffic>>;

/**
 * A network of hosts in one process, on virtual time. A host has a name and one address for life; what runs on it
 * may end and start again, under the same key or another: two hosts may have one key. Hosts that were never linked
 * are `down` to each other.
 */
export interface VirtualNetwork {
  /** Which overlay its hosts run. */
  readonly overlay: 'model' | 'libp2p';
  /** Makes the overlay of a host, not started. The one before on that host has ended. */
  make(host: string, options: HostOverlayOptions): Overlay;
  /** Where the host listens: a multiaddr without a peer id. */
  addressOf(host: string): string;
  /** Settings of a link in one direction, from now on. */
  setLink(from: string, to: string, settings: Partial<LinkSettings>): void;
  /** State of a link in one direction; `down` goes for both. */
  setState(from: string, to: string, state: LinkState): void;
  stateOf(from: string, to: string): LinkState;
  /** The host's process is gone: `reset`: its system tells the peers; `silent`: the power is gone, nobody is told. */
  kill(host: string, manner: 'reset' | 'silent'): void;
  /** What was sent from one host to another so far. */
  trafficOf(from: string, to: string): TrafficByKind;
  /** What all hosts sent so far. */
  traffic(): TrafficByKind;
  /** Ends what is left. */
  stop(): Promise<void>;
}

/** Settings of a link that nobody set. */
export const LINK_DEFAULTS: LinkSettings = Object.freeze({
  latencyMs: 5,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
});
