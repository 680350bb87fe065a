import { median, spread } from './statistics.ts';

/** Workloads that run where none is named, as FACTS and README call them. */
export const DEFAULT_WORKLOADS = ['W1', 'W2', 'W2-crash', 'W3', 'W4'] as const;
/** All: the further ones take minutes each, and are run by their names. */
export const WORKLOADS = [
  ...DEFAULT_WORKLOADS,
  'replicas',
  'sync-single',
  'live-during-sync',
  'stored-1gb',
  'sync-bytes',
  'serial',
  'mqtt',
  'http',
  'bundle',
  'metrics',
] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** What the workload `mqtt` can be narrowed to: clients of a broker, one node, or from node to node. */
export const MQTT_VARIANTS = [
  'mosquitto-js',
  'one-node-js',
  'two-nodes-js',
  'mosquitto-c',
  'one-node-c',
  'two-nodes-c',
  'one-node-1000',
  'bridge-out',
  'bridge-in',
] as const;
export type MqttVariant = (typeof MQTT_VARIANTS)[number];

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
  /** Processor seconds of the node that sends, and of the one that receives. */
  readonly cpuSecondsNear?: number;
  readonly cpuSecondsFar?: number;
  /** Messages that were published and delivered while the old ones came. */
  readonly liveMessages?: number;
  readonly emptyMB?: number;
  readonly addedMB?: number;
  readonly storedMB?: number;
  readonly readyUncleanMs?: number;
  /** Bytes of sync each way, without the grant and the entries. */
  readonly bytesOut?: number;
  readonly bytesIn?: number;
  readonly entries?: number;
  readonly entryBytes?: number;
  /** Bytes of sync beside the entries, in parts of the entries. */
  readonly overhead?: number;
  /** Processor time of the agent in parts of the time that passed: 1 is a whole core. */
  readonly coreShare?: number;
  /** Series and size of a page of metrics. */
  readonly series?: number;
  /** Processor time that a scrape costs. */
  readonly cpuMsPerScrape?: number;
  readonly pageBytes?: number;
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
