import { median, spread } from './statistics.ts';

/** Names of the workloads, as FACTS and README call them. */
export const WORKLOADS = ['W1', 'W2', 'W2-crash', 'W3', 'W4'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** Figures of one run, or their medians over all runs. README.md says what each means. */
export interface Figures {
  readonly messages?: number;
  readonly payloadBytes?: number;
  readonly messagesPerSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly seconds?: number;
  readonly lost?: number;
  readonly duplicated?: number;
  readonly outOfOrder?: number;
  readonly bytesWrittenPerMessage?: number;
  readonly bytesWrittenPerMessagePublisher?: number;
  readonly bytesWrittenPerMessageSubscriber?: number;
  readonly fileBytesPerMessage?: number;
  readonly residentMB?: number;
  readonly readyMs?: number;
}

/** One line of the output. */
export interface WorkloadResult extends Figures {
  readonly workload: WorkloadName;
  readonly variant: string;
  readonly runs: number;
  /** (largest - smallest) / median of the variant's leading figure over the runs. */
  readonly spread: number | null;
  readonly ratioToGossipsub?: number;
}

/** A failure of one run must not vanish in a median: of these the worst run counts. */
const WORST_COUNTS: ReadonlySet<string> = new Set(['lost', 'duplicated', 'outOfOrder']);

/** Sums up the runs of one variant; `leading` is the figure whose spread is reported. */
export function summarise(
  identity: { readonly workload: WorkloadName; readonly variant: string },
  runs: readonly Figures[],
  leading: keyof Figures,
): WorkloadResult {
  const keys = new Set(runs.flatMap((run) => Object.keys(run) as (keyof Figures)[]));
  const figures: Record<string, number> = {};
  for (const key of keys) {
    const values = valuesOf(runs, key);
    const value = WORST_COUNTS.has(key) ? Math.max(...values) : median(values);
    if (value !== null) figures[key] = rounded(value);
  }
  const ratio = spread(valuesOf(runs, leading));
  return {
    ...identity,
    ...figures,
    runs: runs.length,
    spread: ratio === null ? null : rounded(ratio),
  };
}

function valuesOf(runs: readonly Figures[], key: keyof Figures): number[] {
  return runs.flatMap((run) => run[key] ?? []);
}

/** Four digits say all that a run can repeat; whole numbers above stay whole. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}
