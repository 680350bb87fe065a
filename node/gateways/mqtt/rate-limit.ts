/** Lets so many things a second through, and at once as many as `burst`. Pure. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #atMs: number;

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  /** Whether one more may pass now. */
  allows(nowMs: number): boolean {
    const passedMs = nowMs - this.#atMs;
    if (passedMs > 0) this.#left = Math.min(this.#burst, this.#left + (passedMs / 1_000) * this.#perSecond);
    // A clock that was set back starts to count anew.
    this.#atMs = nowMs;
    return this.#left >= 1;
  }

  /** One passed. */
  take(): void {
    this.#left -= 1;
  }
}
