/** A node's own idea of the time: it may be off, run fast or slow, and jump. Nothing in sedge may depend on it. */
export class NodeClock {
  readonly #trueMs: () => number;
  #setAtMs: number;
  #shownMs: number;
  #driftPpm: number;

  /**
   * `trueMs` is the true time, milliseconds since 1970; `startMs` what the clock shows at first (default: the truth);
   * `driftPpm` by how many millionths it runs fast.
   */
  constructor(trueMs: () => number, options: { readonly startMs?: number; readonly driftPpm?: number } = {}) {
    this.#trueMs = trueMs;
    this.#setAtMs = trueMs();
    this.#shownMs = options.startMs ?? this.#setAtMs;
    this.#driftPpm = options.driftPpm ?? 0;
  }

  /** What the clock shows, milliseconds since 1970, whole. */
  readonly nowMs = (): number => {
    const passedMs = this.#trueMs() - this.#setAtMs;
    return Math.floor(this.#shownMs + passedMs * (1 + this.#driftPpm / 1e6));
  };

  /** Sets the clock. */
  set(ms: number): void {
    this.#setAtMs = this.#trueMs();
    this.#shownMs = ms;
  }

  /** Moves the clock forward, or back. */
  jump(byMs: number): void {
    this.set(this.nowMs() + byMs);
  }

  /** By how many millionths it runs fast from now on. */
  drift(ppm: number): void {
    this.set(this.nowMs());
    this.#driftPpm = ppm;
  }
}
