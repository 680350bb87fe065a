/** How fast a new sample replaces the mean and the deviation (RFC 6298, section 2). */
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;

/** Bounds of a time-out, ms. */
export interface TimeoutBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** A time-out that follows the round trips seen: their smoothed time plus four deviations. */
export class RoundTrip {
  readonly #bounds: TimeoutBounds;
  #meanMs: number | null = null;
  #deviationMs = 0;

  constructor(bounds: TimeoutBounds) {
    this.#bounds = bounds;
  }

  /** Takes the round trip of a frame that was sent once. */
  sample(ms: number): void {
    if (this.#meanMs === null) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += DEVIATION_GAIN * (Math.abs(this.#meanMs - ms) - this.#deviationMs);
    this.#meanMs += MEAN_GAIN * (ms - this.#meanMs);
  }

  /** The longest before the first sample. */
  get timeoutMs(): number {
    const { minMs, maxMs } = this.#bounds;
    if (this.#meanMs === null) return maxMs;
    return Math.min(Math.max(this.#meanMs + 4 * this.#deviationMs, minMs), maxMs);
  }
}
