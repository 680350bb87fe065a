import type { ErrorCode } from './error-table.ts';

/** Counts refusals and drops by code, so that nothing is dropped in silence. */
export class Counters {
  readonly #counts = new Map<ErrorCode, number>();

  /** Adds `by` (1) to the code's count. */
  count(code: ErrorCode, by = 1): void {
    this.#counts.set(code, this.get(code) + by);
  }

  /** How often the code was counted since the start. */
  get(code: ErrorCode): number {
    return this.#counts.get(code) ?? 0;
  }

  /** All counts that are not zero, by code. */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }
}
