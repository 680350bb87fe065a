/** Silence after which a peer is asked. */
const ASK_AFTER_MS = 2_500;
/** A peer is also asked this often on a busy link, for the round trip. */
const MEASURE_EVERY_MS = 5_000;
/** Silence after asking that counts as one miss. */
const MISS_MS = 2_000;
/** Misses that end a link. One alone would end a link that is merely slow. */
const MISSES_MAX = 2;
/** A gap between two looks after which this process itself slept, and nothing is known of the peer. */
const STALL_MS = 2_000;

/** What to do about a link now. */
export type LivenessVerdict = 'fine' | 'ask' | 'dead';

/**
 * Judges one connection by what arrives on it: any byte of any stream is life, so a link that is busy is never
 * ended; one that swallows packets is, {@link ASK_AFTER_MS} and two misses later: in under 7 s. Pure.
 */
export class LivenessState {
  #heardMs: number;
  #askedMs: number | null = null;
  #lastAskMs: number;
  #misses = 0;
  #lookedMs: number;

  constructor(nowMs: number) {
    this.#heardMs = nowMs;
    this.#lastAskMs = nowMs - MEASURE_EVERY_MS;
    this.#lookedMs = nowMs;
  }

  /** Bytes arrived. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#misses = 0;
  }

  /** The answer to the last ask arrived. */
  answered(nowMs: number): void {
    this.#askedMs = null;
    this.heard(nowMs);
  }

  /** To be called at least twice a second. On `ask`, one ask goes out; its answer may take as long as it takes. */
  look(nowMs: number): LivenessVerdict {
    const gapMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (gapMs > STALL_MS || gapMs < 0) {
      this.#heardMs = nowMs;
      this.#misses = 0;
      return 'fine';
    }
    const silentMs = nowMs - this.#heardMs;
    if (this.#askedMs === null) {
      if (silentMs < ASK_AFTER_MS && nowMs - this.#lastAskMs < MEASURE_EVERY_MS) return 'fine';
      this.#askedMs = nowMs;
      this.#lastAskMs = nowMs;
      return 'ask';
    }
    const sinceMs = Math.max(this.#askedMs, this.#heardMs) + this.#misses * MISS_MS;
    if (nowMs - sinceMs >= MISS_MS) this.#misses++;
    return this.#misses >= MISSES_MAX ? 'dead' : 'fine';
  }
}
