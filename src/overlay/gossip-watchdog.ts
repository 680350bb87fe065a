import type { Connection, PeerId } from '@libp2p/interface';
import type { NodeId } from '../identity/index.ts';
import type { GossipInternals } from './gossip-internals.ts';
import type { Links } from './links.ts';

/** Time that a new connection has to get its gossip streams before it is suspected. */
const SETTLE_MS = 3_000;
/** Looks, a second apart, that mending has before the connections are ended. */
const LOOKS_TO_MEND = 3;

/** What {@link GossipWatchdog} works with. */
export interface WatchdogParts {
  readonly links: Links;
  readonly gossip: () => GossipInternals;
  /** Ended a peer's connections because gossip with it did not come back. */
  readonly onHopeless: (node: NodeId) => void;
}

/**
 * Gossipsub opens one stream to a peer and never again while any connection to that peer lives: after a half-open
 * restart, crossed dials, or an overflow it is deaf or mute for ever, and reports recipients all the same. This
 * looks once a second for a stream in both directions, has missing ones opened, and ends the connections of a
 * peer with which that does not work: the redial starts clean.
 */
export class GossipWatchdog {
  readonly #parts: WatchdogParts;
  readonly #looksBroken = new Map<NodeId, number>();

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  /** To be called once a second. */
  look(): void {
    const nodes = new Set(this.#parts.links.nodes());
    for (const node of this.#looksBroken.keys()) if (!nodes.has(node)) this.#looksBroken.delete(node);
    for (const node of nodes) this.#lookAt(node);
  }

  #lookAt(node: NodeId): void {
    const { links, gossip } = this.#parts;
    const connections = links.connections(node).filter((connection) => connection.status === 'open');
    const newest = connections[0];
    if (newest === undefined) return;
    const isMute = !gossip().streamsOutbound.has(node) || !hasStream(connections, 'outbound');
    const isDeaf = !hasStream(connections, 'inbound');
    if (!isMute && !isDeaf) {
      this.#looksBroken.delete(node);
      return;
    }
    if (isMute) this.#openStream(newest.remotePeer, newest);
    if (links.ageMs(node) < SETTLE_MS) return;
    const looks = (this.#looksBroken.get(node) ?? 0) + 1;
    this.#looksBroken.set(node, looks);
    if (looks <= LOOKS_TO_MEND) return;
    this.#looksBroken.delete(node);
    this.#parts.onHopeless(node);
    links.abort(node, 'gossip with the peer is broken');
  }

  /** gossipsub does nothing here where it has a stream already. */
  #openStream(peer: PeerId, connection: Connection): void {
    this.#parts.gossip().onPeerConnected(peer, connection);
  }
}

function hasStream(connections: readonly Connection[], direction: 'inbound' | 'outbound'): boolean {
  return connections.some((connection) =>
    connection.streams.some(
      (stream) =>
        stream.direction === direction && stream.protocol.startsWith('/meshsub/') && stream.status === 'open',
    ),
  );
}
