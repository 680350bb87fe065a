import type { Observation } from './alerts-state.ts';

/** Before the first version of sedge: the clock was never set. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);

/** Whether the wall clock went another way than the one that only counts. A machine that slept looks the same. */
export class ClockWatch {
  #before: { readonly nowMs: number; readonly atMs: number } | null = null;

  /** The jump since the last look in seconds, either way. */
  look(nowMs: number, atMs: number): Observation {
    const before = this.#before;
    this.#before = { nowMs, atMs };
    if (atMs < EARLIEST_MS) {
      const detail = `The clock of this node says ${new Date(atMs).toISOString().slice(0, 10)}: it was never set.`;
      return { subject: '', value: null, active: true, detail };
    }
    const jumpMs = before === null ? 0 : Math.abs(atMs - before.atMs - (nowMs - before.nowMs));
    return { subject: '', value: Math.round(jumpMs / 1_000) };
  }
}
