import type { Connection } from '@libp2p/interface';
import type { NodeId } from '../identity/index.ts';
import { onBytesReceived, pingMuxer } from './libp2p-internals.ts';
import { LivenessState } from './liveness-state.ts';

/** What {@link Links} tells. */
export interface LinkEvents {
  /** The first connection to a peer is there. */
  readonly onFirst: (node: NodeId, connection: Connection) => void;
  /** The last connection to a peer is gone. */
  readonly onLast: (node: NodeId) => void;
  readonly onLatency: (node: NodeId, latencyMs: number) => void;
  /** A connection swallowed what was sent, and was ended. */
  readonly onSilent: (node: NodeId) => void;
}

interface Link {
  readonly connection: Connection;
  readonly openedMs: number;
  readonly liveness: LivenessState;
}

/** All connections by peer, and whether each of them is alive. Several connections to one peer are one peer. */
export class Links {
  readonly #nowMs: () => number;
  readonly #events: LinkEvents;
  readonly #links = new Map<NodeId, Link[]>();

  constructor(nowMs: () => number, events: LinkEvents) {
    this.#nowMs = nowMs;
    this.#events = events;
  }

  /** Peers with a connection. */
  nodes(): NodeId[] {
    return [...this.#links.keys()];
  }

  /** Connections to a peer, the newest first. */
  connections(node: NodeId): Connection[] {
    return this.#of(node)
      .map((link) => link.connection)
      .reverse();
  }

  /** Milliseconds since the newest connection to a peer was made. */
  ageMs(node: NodeId): number {
    const newest = this.#of(node).at(-1);
    return newest === undefined ? 0 : this.#nowMs() - newest.openedMs;
  }

  /** Takes a connection that was just made. */
  opened(connection: Connection): void {
    if (connection.status !== 'open') return;
    const node = connection.remotePeer.toString() as NodeId;
    const link: Link = {
      connection,
      openedMs: this.#nowMs(),
      liveness: new LivenessState(this.#nowMs()),
    };
    onBytesReceived(connection, () => link.liveness.heard(this.#nowMs()));
    connection.addEventListener('close', () => this.#closed(node, link));
    const others = this.#of(node);
    this.#links.set(node, [...others, link]);
    if (others.length === 0) this.#events.onFirst(node, connection);
    else this.#endOlder(others, connection);
  }

  /** Ends all connections to a peer at once. */
  abort(node: NodeId, reason: string): void {
    for (const connection of this.connections(node)) connection.abort(new Error(reason));
  }

  /** Looks after all links; to be called twice a second. */
  look(): void {
    for (const [node, links] of this.#links) for (const link of links) this.#lookAfter(node, link);
  }

  #lookAfter(node: NodeId, link: Link): void {
    const verdict = link.liveness.look(this.#nowMs());
    if (verdict === 'ask') this.#ask(node, link);
    if (verdict !== 'dead') return;
    this.#events.onSilent(node);
    link.connection.abort(new Error('the peer is silent'));
  }

  #ask(node: NodeId, link: Link): void {
    const askedMs = performance.now();
    pingMuxer(link.connection).then(
      () => {
        link.liveness.answered(this.#nowMs());
        this.#events.onLatency(node, performance.now() - askedMs);
      },
      // The connection is being closed: its `close` event tells.
      () => {},
    );
  }

  /**
   * A peer that dials again has lost its old connection, whether this side noticed or not: gossip would stay on
   * the dead one. Only those of the same direction: both sides may have dialed at once, and each keeps its own.
   */
  #endOlder(others: readonly Link[], newest: Connection): void {
    for (const { connection } of others) {
      if (connection.direction === newest.direction) {
        connection.abort(new Error('the peer has a newer connection'));
      }
    }
  }

  #closed(node: NodeId, link: Link): void {
    const left = this.#of(node).filter((other) => other !== link);
    if (left.length > 0) {
      this.#links.set(node, left);
      return;
    }
    if (this.#links.delete(node)) this.#events.onLast(node);
  }

  #of(node: NodeId): readonly Link[] {
    return this.#links.get(node) ?? [];
  }
}
