/** Ranges that may wait for what is before them: far more than a window has. */
const AHEAD_MAX = 64;

/**
 * Up to where all readings of an epoch are settled: in the mesh, or reported there as lost. What is settled out of
 * order waits until the rest before it is.
 */
export class SettledReadings {
  #upTo: number;
  #ahead: (readonly [first: number, last: number])[] = [];

  constructor(upTo: number) {
    this.#upTo = upTo;
  }

  /** The highest number below which nothing is open; 0 for none. */
  get upTo(): number {
    return this.#upTo;
  }

  /** True if that moved the mark. */
  settle(first: number, last: number): boolean {
    if (last <= this.#upTo) return false;
    this.#ahead.push([first, last]);
    const before = this.#upTo;
    for (let next = this.#nextAhead(); next !== undefined; next = this.#nextAhead()) this.#upTo = next[1];
    this.#ahead = this.#ahead.filter(([, end]) => end > this.#upTo).slice(-AHEAD_MAX);
    return this.#upTo !== before;
  }

  #nextAhead(): readonly [number, number] | undefined {
    return this.#ahead.find(([first, last]) => first <= this.#upTo + 1 && last > this.#upTo);
  }
}
