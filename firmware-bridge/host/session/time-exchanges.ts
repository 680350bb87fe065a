import type { ClockSample } from './device-clock.ts';

/** After the session began; then as often as the options say. */
const FIRST_MS = [1_000, 2_000, 4_000] as const;

/** Asks the device for its time, one question at a time. */
export class TimeExchanges {
  readonly #intervalMs: number;
  #count = 0;
  #nextAtMs: number | null = null;
  /** The question that has no answer, and when it went out first: the answer is from after that in any case. */
  #open: { readonly n: number; sentAtMs: number | null } | null = null;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get wakeAtMs(): number | null {
    return this.#open === null ? this.#nextAtMs : null;
  }

  /** The WELCOME, which the device answers with its time, goes out. */
  begin(nowMs: number): void {
    this.#open ??= { n: 0, sentAtMs: nowMs };
    this.#nextAtMs ??= nowMs + FIRST_MS[0];
  }

  /** The number of a question to be asked now. */
  due(nowMs: number): number | null {
    if (this.#nextAtMs === null || nowMs < this.#nextAtMs) return null;
    // A device that answers no WELCOME with its time is asked like this.
    if (this.#open !== null && this.#open.n > 0) return null;
    this.#count++;
    this.#open = { n: this.#count, sentAtMs: null };
    this.#nextAtMs = nowMs + (FIRST_MS[this.#count] ?? this.#intervalMs);
    return this.#count;
  }

  sent(n: number, nowMs: number): void {
    if (this.#open?.n === n) this.#open.sentAtMs ??= nowMs;
  }

  /** The device answered; `null` to a question that is not open. */
  answered(n: number, uptimeMs: number, heardAtMs: number): ClockSample | null {
    if (this.#open?.n !== n || this.#open.sentAtMs === null) return null;
    const { sentAtMs } = this.#open;
    this.#open = null;
    return { sentAtMs, heardAtMs, uptimeMs };
  }
}
