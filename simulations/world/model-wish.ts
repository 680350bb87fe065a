import type { ErrorCode, NodeId, PeerSource } from '../../src/index.ts';
import type { ModelNetwork } from './model-network.ts';

/**
 * Failures in a row after which dials wait for the network to change. A real node goes on dialing once a second; in
 * a model that would be a million events a link and week, and none of them could succeed.
 */
const BLIND_DIALS = 12;

/**
 * A connection that lived for less than this was of no use, and the next is waited for ever longer: as on the real overlay, two
 * hosts with one key take turns at a third and do not throw each other out all the time.
 */
const SHORT_LIFE_MS = 5_000;
const SHORT_LIFE_WAIT_MS_MAX = 10_000;

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
  #sinceMs = 0;
  /** Connections in a row that lived for a short time only. */
  #shortLives = 0;

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
    this.#sinceMs = Date.now();
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
    this.#shortLives = Date.now() - this.#sinceMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    if (!this.ended) this.#retry();
  }

  /** The peer may have come into reach: the dial is due when a node that never stopped dialing would have the next one. */
  wake(): void {
    if (this.ended || this.#dialing) return;
    const { most } = this.#network.redialMs;
    this.#shortLives = 0;
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
    // What is lost once may be had again at once.
    const afterShortLives = this.#shortLives < 2 ? 0 : first * 2 ** Math.min(this.#shortLives, 20);
    const afterFailures = Math.min(most, first * 2 ** Math.min(this.failedDials, 20));
    return Math.max(afterFailures, Math.min(SHORT_LIFE_WAIT_MS_MAX, afterShortLives));
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
