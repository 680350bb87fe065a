import { percentile } from './statistics.ts';

/** What arrived of one phase. */
export interface DeliveryReport {
  readonly expected: number;
  /** Different messages that arrived. */
  readonly delivered: number;
  readonly lost: number;
  /** Arrivals beyond the first of a message. */
  readonly duplicated: number;
  /** First arrivals that came behind one with a higher number. */
  readonly outOfOrder: number;
  /** Monotonic time of the last first arrival. */
  readonly lastMs: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Counts the arrivals of one phase: each message once, in order, how late. */
export class DeliveryLedger {
  readonly #expected: number;
  readonly #seen: Uint8Array;
  readonly #latenciesMs: number[] = [];
  #delivered = 0;
  #duplicated = 0;
  #outOfOrder = 0;
  #highest = -1;
  #lastMs = 0;

  /** Expects the numbers 0 to `expected` - 1. */
  constructor(expected: number) {
    this.#expected = expected;
    this.#seen = new Uint8Array(expected);
  }

  get isComplete(): boolean {
    return this.#delivered === this.#expected;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Notes an arrival; numbers outside the expected ones count as duplicates, as nobody published them. */
  record(index: number, sentMs: number, nowMs: number): void {
    if (index >= this.#expected || this.#seen[index] === 1) {
      this.#duplicated++;
      return;
    }
    this.#seen[index] = 1;
    this.#delivered++;
    if (index < this.#highest) this.#outOfOrder++;
    else this.#highest = index;
    this.#lastMs = nowMs;
    this.#latenciesMs.push(nowMs - sentMs);
  }

  report(): DeliveryReport {
    return {
      expected: this.#expected,
      delivered: this.#delivered,
      lost: this.#expected - this.#delivered,
      duplicated: this.#duplicated,
      outOfOrder: this.#outOfOrder,
      lastMs: this.#lastMs,
      p50Ms: percentile(this.#latenciesMs, 50),
      p99Ms: percentile(this.#latenciesMs, 99),
    };
  }
}
