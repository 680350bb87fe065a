import type { NodeId } from '../identity/index.ts';

/** Longest that a new peer waits for its gossip. */
const READY_MS_MAX = 1_000;

interface Waiting {
  readonly promise: Promise<boolean>;
  readonly resolve: (isReady: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Holds a new peer back until gossip with it flows, so that what is published after it came up reaches it and
 * what was published before is known to the first sync. A peer with which gossip does not come about is let
 * through after a second.
 */
export class PeerReadiness {
  readonly #isReady: (node: NodeId) => boolean;
  readonly #onReady: (node: NodeId) => void;
  readonly #waiting = new Map<NodeId, Waiting>();
  readonly #ready = new Set<NodeId>();

  constructor(isReady: (node: NodeId) => boolean, onReady: (node: NodeId) => void) {
    this.#isReady = isReady;
    this.#onReady = onReady;
  }

  /** A peer got its first connection. */
  connected(node: NodeId): void {
    if (this.#ready.has(node) || this.#waiting.has(node)) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => this.#finish(node), READY_MS_MAX);
    this.#waiting.set(node, { promise, resolve, timer });
    this.check(node);
  }

  /** Something about the peer's gossip changed. */
  check(node: NodeId): void {
    if (this.#waiting.has(node) && this.#isReady(node)) this.#finish(node);
  }

  /** A peer lost its last connection; true if it had been ready. */
  disconnected(node: NodeId): boolean {
    this.#settle(node, false);
    return this.#ready.delete(node);
  }

  isReady(node: NodeId): boolean {
    return this.#ready.has(node);
  }

  /** Resolves when the peer is ready, or with `false` when it is gone. */
  async wait(node: NodeId): Promise<boolean> {
    return this.#ready.has(node) || ((await this.#waiting.get(node)?.promise) ?? false);
  }

  /** Peers that are ready. */
  nodes(): NodeId[] {
    return [...this.#ready];
  }

  /** Nobody is waited for any more. */
  clear(): void {
    for (const node of [...this.#waiting.keys()]) this.#settle(node, false);
    this.#ready.clear();
  }

  #finish(node: NodeId): void {
    this.#ready.add(node);
    // Told first, so that a stream that waited is handled after everybody knows its peer.
    this.#onReady(node);
    this.#settle(node, true);
  }

  #settle(node: NodeId, isReady: boolean): void {
    const waiting = this.#waiting.get(node);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(node);
    waiting.resolve(isReady);
  }
}
