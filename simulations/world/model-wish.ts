import type { ErrorCode, NodeId, PeerSource } from '../../src/index.ts';
import type { ModelNetwork } from './model-network.ts';

/**
 * Failures in a row after which dials wait for the network to change. A real node goes on dialing once a second; in
 * a model that would be a million events a link and week, and none of them could succeed.
 */
const BLIND_DIALS = 12;

/** A peer that a node wants to be connected to. */
export class ModelWish {
  readonly address: string;
  readonly source: PeerSource;
  /** Who answers there; `null` while that is not known. */
  node: NodeId | null;
  failedDials = 0;
  lastError: ErrorCode | null = null;
  ended = false;
  readonly #network: ModelNetwork;
  readonly #redial: (wish: ModelWish) => void;
  #timer: NodeJS.Timeout | null = null;
  #dialing = false;

  constructor(options: {
    readonly address: string;
    readonly source: PeerSource;
    readonly node: NodeId | null;
    readonly redial: (wish: ModelWish) => void;
    readonly network: ModelNetwork;
  }) {
    this.address = options.address;
    this.source = options.source;
    this.node = options.node;
    this.#redial = options.redial;
    this.#network = options.network;
  }

  /** A dial is under way and ends after a while. */
  after(ms: number, run: () => void): void {
    this.#clear();
    this.#dialing = true;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#dialing = false;
      run();
    }, ms);
  }

  succeeded(node: NodeId): void {
    this.#clear();
    this.node = node;
    this.failedDials = 0;
    this.lastError = null;
  }

  failed(code: ErrorCode): void {
    this.failedDials++;
    this.lastError = code;
    if (this.failedDials < BLIND_DIALS || code !== 'overlay.no-route') this.#retry();
  }

  /** The connection was lost. */
  lost(): void {
    if (!this.ended) this.#retry();
  }

  /** The peer may have come into reach: the dial is due when a node that never stopped dialing would have the next one. */
  wake(): void {
    if (this.ended || this.#dialing) return;
    const { most } = this.#network.redialMs;
    this.#arm(Math.min(most, this.#backoffMs()) * this.#network.random());
  }

  /** Nobody wants the peer any more. */
  end(): void {
    this.ended = true;
    this.#clear();
  }

  #retry(): void {
    this.#arm(this.#backoffMs() * (0.75 + 0.5 * this.#network.random()));
  }

  #backoffMs(): number {
    const { first, most } = this.#network.redialMs;
    return Math.min(most, first * 2 ** Math.min(this.failedDials, 20));
  }

  #arm(ms: number): void {
    this.#clear();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#redial(this);
    }, ms);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dialing = false;
  }
}
