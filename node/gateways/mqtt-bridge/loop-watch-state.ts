const WINDOW_MS = 10_000;
/** The same content on one topic so often in a window, each time sent on to another broker, is a loop. */
const ROUNDS_MAX = 50;
const KEPT_MAX = 4_096;

interface Seen {
  sinceMs: number;
  in: number;
  out: number;
}

/**
 * Finds loops that no mark shows: two bridges of one realm to brokers that are bridged to each other by something that
 * takes user properties off. Only tells: that somebody says the same very often is no crime.
 */
export class LoopWatchState {
  readonly #seen = new Map<string, Seen>();

  /** A message that came in by one bridge goes out by another. */
  noteOut(key: string, nowMs: number): void {
    this.#of(key, nowMs).out++;
  }

  /** A message came in. True when it is seen for the first time in a window that it goes round. */
  noteIn(key: string, nowMs: number): boolean {
    const seen = this.#of(key, nowMs);
    seen.in++;
    return seen.in === ROUNDS_MAX && seen.out >= ROUNDS_MAX - 1;
  }

  #of(key: string, nowMs: number): Seen {
    let seen = this.#seen.get(key);
    if (seen === undefined || nowMs - seen.sinceMs >= WINDOW_MS) {
      this.#seen.delete(key);
      seen = { sinceMs: nowMs, in: 0, out: 0 };
      this.#seen.set(key, seen);
      if (this.#seen.size > KEPT_MAX) this.#seen.delete(this.#seen.keys().next().value!);
    }
    return seen;
  }
}
