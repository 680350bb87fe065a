import { assert, type Counters, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { PeerSource } from './overlay.ts';

/** One remembered peer: what {@link AddressBook} keeps between runs. */
export interface AddressBookRow {
  /** `null` while only an address is known. */
  readonly node: NodeId | null;
  /** Multiaddrs, the one that worked last first; at most 8. */
  readonly addresses: readonly string[];
  readonly source: PeerSource;
  /** Milliseconds since 1970 of the last connection; `null` if there never was one. */
  readonly lastConnectedMs: number | null;
}

/** Where wanted peers are remembered. `save` gets all rows each time and has to replace them atomically. */
export interface AddressBook {
  load(): Promise<readonly AddressBookRow[]>;
  save(rows: readonly AddressBookRow[]): Promise<void>;
}

/** Settings of the overlay. */
export interface OverlayOptions {
  /** 32-byte Ed25519 seed of the node's key; the peer id follows from it. */
  readonly seed: Uint8Array;
  /** 32 bytes that all nodes of the realm share; keys the private network. */
  readonly networkSecret: Uint8Array;
  /** Hexadecimal realm id; realms do not find each other by mDNS. */
  readonly realmId: string;
  /**
   * Multiaddrs to listen on; empty for none.
   * @defaultValue any port on all addresses, IPv4 and IPv6
   */
  readonly listen?: readonly string[];
  /**
   * Announce to and listen for the local network by mDNS.
   * @defaultValue true
   */
  readonly mdns?: boolean;
  /**
   * Connect to peers that nobody named: those found by mDNS, remembered ones, those that called. Without it
   * only given and invitation peers are dialed; inbound connections are taken either way.
   * @defaultValue true
   */
  readonly discovery?: boolean;
  /**
   * Discovered peers kept connected, 0 to 64. Past it, one that has failed for long makes room.
   * @defaultValue 8
   */
  readonly maxDiscoveredPeers?: number;
  /**
   * Connections in all, 1 to 10,000; further inbound ones are refused.
   * @defaultValue 256
   */
  readonly maxConnections?: number;
  /**
   * Longest frame of a stream in bytes, to 16 MiB. A longer one ends the stream.
   * @defaultValue 2,097,152
   */
  readonly frameBytesMax?: number;
  /**
   * Streams of one protocol that a peer may have open at once.
   * @defaultValue 64
   */
  readonly maxInboundStreams?: number;
  /**
   * Longest gossip message in bytes; publishing a longer one is a bug. Room for a 64 KiB entry and its frame.
   * @defaultValue 81,920
   */
  readonly gossipBytesMax?: number;
  /**
   * Bytes waiting in a peer's gossip stream over which messages skip that peer: sync is cheaper than a
   * queue that the peer does not keep up with.
   * @defaultValue 1,048,576
   */
  readonly gossipBacklogBytes?: number;
}

/** What the overlay needs from outside. */
export interface OverlayDependencies {
  readonly log: Log;
  readonly counters: Counters;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  readonly addressBook: AddressBook;
  /** Denies nodes (revoked ones), both directions, after their key is proven. Default: all are admitted. */
  readonly admits?: (node: NodeId) => boolean;
}

/** {@link OverlayOptions} with every default filled in. */
export type ResolvedOverlayOptions = Required<OverlayOptions>;

const DEFAULTS = Object.freeze({
  listen: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'] as readonly string[],
  mdns: true,
  discovery: true,
  maxDiscoveredPeers: 8,
  maxConnections: 256,
  frameBytesMax: 2 * 1024 * 1024,
  maxInboundStreams: 64,
  gossipBytesMax: 80 * 1024,
  gossipBacklogBytes: 1024 * 1024,
});

/** Fills in defaults and checks bounds once. */
export function resolveOverlayOptions(options: OverlayOptions): ResolvedOverlayOptions {
  const resolved = { ...DEFAULTS, ...options };
  assert(resolved.seed.length === 32, 'the seed has 32 bytes');
  assert(resolved.networkSecret.length === 32, 'the network secret has 32 bytes');
  assert(/^[0-9a-f]{12,64}$/.test(resolved.realmId), 'the realm id is hexadecimal');
  checkRange('maxDiscoveredPeers', resolved.maxDiscoveredPeers, 0, 64);
  checkRange('maxConnections', resolved.maxConnections, 1, 10_000);
  checkRange('frameBytesMax', resolved.frameBytesMax, 1024, 16 * 1024 * 1024);
  checkRange('maxInboundStreams', resolved.maxInboundStreams, 1, 1_000);
  checkRange('gossipBytesMax', resolved.gossipBytesMax, 1024, 1024 * 1024);
  checkRange('gossipBacklogBytes', resolved.gossipBacklogBytes, 16 * 1024, 64 * 1024 * 1024);
  return Object.freeze(resolved);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  assert(Number.isInteger(value) && value >= least && value <= most, `${name} is ${least} to ${most}`);
}
