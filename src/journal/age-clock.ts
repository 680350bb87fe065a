import { cborUint } from '../bytes/index.ts';
import type { Disk } from './disk.ts';
import { readWholeFile, writeWholeFile } from './whole-file.ts';

/** Name of the file in a node's directory. */
export const CLOCK_FILE = 'clock';
/** Its format. */
export const CLOCK_FORMAT = { tag: 'clk', version: 1 } as const;

/** A node that was off for longer by its clock is taken for one with a wrong clock: nothing of that is counted. */
const DOWNTIME_MS_MAX = 31 * 86_400_000;
/** The wall clock may part from the steady one by so much between two looks before it counts as set anew. */
const TOLERANCE_MS = 1_000;
const TOLERANCE_PART = 0.005;
/** Eras remembered. What was received before them is as old as they are, at least. */
const ERAS_MAX = 16;

/** A stretch of time in which the wall clock ran evenly. */
interface ClockEra {
  /** Wall clock at its beginning and its end. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Lived time at its beginning and its end. */
  readonly livedFromMs: number;
  readonly livedToMs: number;
  /** The end is known. Not so after a restart with another clock: the last look may have been before it. */
  readonly exact: boolean;
}

/**
 * How much time has passed for certain since this node's clock showed something. Clocks start at 1970, are set,
 * step and drift: so what counts is lived time (the steady clock, and downtime that the wall clock tells credibly),
 * and stamps of the wall clock are read by the even stretch of it that they can be of. Where several fit, the one
 * that makes the answer smaller counts: expiry may be late, never early.
 */
export class AgeClock {
  readonly #nowMs: () => number;
  #closed: ClockEra[] = [];
  #fromMs: number;
  #livedFromMs = 0;
  /** At the last look: wall clock, steady clock, lived time. */
  #wallMs: number;
  #steadyMs: number;
  #livedMs = 0;
  #savedLivedMs = Number.NEGATIVE_INFINITY;
  #changed = true;

  /** `nowMs` is the wall clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#wallMs = nowMs();
    this.#fromMs = this.#wallMs;
    this.#steadyMs = performance.now();
  }

  /** Milliseconds that passed since the wall clock showed `stampMs`; never more than in truth. */
  elapsedMs(stampMs: number): number {
    this.#look();
    let elapsed = Number.POSITIVE_INFINITY;
    if (stampMs >= this.#fromMs && stampMs <= this.#wallMs + TOLERANCE_MS) {
      elapsed = Math.max(0, this.#wallMs - stampMs);
    }
    for (const { fromMs, toMs, livedToMs, exact } of this.#closed) {
      if (stampMs < fromMs || (exact && stampMs > toMs)) continue;
      elapsed = Math.min(elapsed, Math.max(0, toMs - stampMs) + this.#livedMs - livedToMs);
    }
    if (elapsed !== Number.POSITIVE_INFINITY) return elapsed;
    return this.#livedMs - (this.#closed[0]?.livedFromMs ?? this.#livedFromMs);
  }

  /** Goes on where an earlier process stopped. A file that is lost or damaged makes everything young again. */
  async load(disk: Disk, directory: string): Promise<void> {
    const content = await readWholeFile(disk, `${directory}/${CLOCK_FILE}`, CLOCK_FORMAT);
    const kept = content.kind === 'value' ? decodeClock(content.value) : null;
    if (kept === null) return;
    this.#look();
    const runMs = this.#livedMs;
    const startWallMs = this.#wallMs - runMs;
    const downMs = startWallMs - kept.wallMs;
    const credible = downMs >= 0 && downMs <= DOWNTIME_MS_MAX;
    this.#closed = [...kept.closed];
    this.#livedMs = kept.livedMs + (credible ? downMs : 0) + runMs;
    if (credible) {
      this.#fromMs = kept.fromMs;
      this.#livedFromMs = kept.livedFromMs;
      return;
    }
    const { fromMs, wallMs: toMs, livedFromMs, livedMs: livedToMs } = kept;
    this.#close({ fromMs, toMs, livedFromMs, livedToMs, exact: false });
    this.#fromMs = startWallMs;
    this.#livedFromMs = kept.livedMs;
  }

  /** Keeps the state, where it changed or an hour passed, or always if `now` is set. */
  async save(disk: Disk, directory: string, now = false): Promise<void> {
    this.#look();
    if (!now && !this.#changed && this.#livedMs - this.#savedLivedMs < 3_600_000) return;
    const value = [
      ...[this.#livedMs, this.#wallMs, this.#fromMs, this.#livedFromMs].map(wholeMs),
      this.#closed.map(({ fromMs, toMs, livedFromMs, livedToMs, exact }) => [
        ...[fromMs, toMs, livedFromMs, livedToMs].map(wholeMs),
        exact,
      ]),
    ];
    const changed = this.#changed;
    this.#changed = false;
    try {
      await writeWholeFile(disk, { directory, name: CLOCK_FILE }, { format: CLOCK_FORMAT, value });
      this.#savedLivedMs = this.#livedMs;
    } catch (error) {
      this.#changed ||= changed;
      throw error;
    }
  }

  /** Compares the wall clock with the steady one. */
  #look(): void {
    const [wallMs, steadyMs] = [this.#nowMs(), performance.now()];
    const passedMs = Math.max(0, steadyMs - this.#steadyMs);
    const expectedMs = this.#wallMs + passedMs;
    const livedMs = this.#livedMs + passedMs;
    if (Math.abs(wallMs - expectedMs) > TOLERANCE_MS + passedMs * TOLERANCE_PART) {
      const { livedFromMs, fromMs } = { livedFromMs: this.#livedFromMs, fromMs: this.#fromMs };
      this.#close({ fromMs, toMs: expectedMs, livedFromMs, livedToMs: livedMs, exact: true });
      this.#fromMs = wallMs - passedMs;
      this.#livedFromMs = this.#livedMs;
    }
    this.#wallMs = wallMs;
    this.#steadyMs = steadyMs;
    this.#livedMs = livedMs;
  }

  #close(era: ClockEra): void {
    this.#closed = [...this.#closed, era].slice(-ERAS_MAX);
    this.#changed = true;
  }
}

interface KeptClock {
  readonly livedMs: number;
  readonly wallMs: number;
  readonly fromMs: number;
  readonly livedFromMs: number;
  readonly closed: readonly ClockEra[];
}

function wholeMs(ms: number): number | bigint {
  return cborUint(Math.max(0, Math.floor(ms)));
}

function decodeClock(value: unknown): KeptClock | null {
  if (!Array.isArray(value) || value.length < 5) return null;
  const [livedMs, wallMs, fromMs, livedFromMs, eras] = value as unknown[];
  if (![livedMs, wallMs, fromMs, livedFromMs].every(Number.isFinite) || !Array.isArray(eras)) return null;
  const closed: ClockEra[] = [];
  for (const era of eras as unknown[]) {
    if (!Array.isArray(era) || era.length < 5 || !era.slice(0, 4).every(Number.isFinite)) return null;
    const [from, to, livedFrom, livedTo, exact] = era as [number, number, number, number, unknown];
    closed.push({
      fromMs: from,
      toMs: to,
      livedFromMs: livedFrom,
      livedToMs: livedTo,
      exact: exact === true,
    });
  }
  const numbers = { livedMs, wallMs, fromMs, livedFromMs } as Record<string, number>;
  return { ...(numbers as unknown as KeptClock), closed };
}
