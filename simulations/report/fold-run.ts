import type { HistoryEvent } from '../world/history.ts';
import { Columns, CountOverTime } from './columns.ts';
import { type ExpectedDeliveries, MessageFold } from './fold-messages.ts';
import { NetworkFold } from './fold-network.ts';
import { layOut } from './layout.ts';
import type { ReportedConvergence, ReportedSeries, ReportedViolation, RunReport } from './run-report.ts';

/** Bytes sent so far by kind (`gossip`, `sync`, ...), at a moment. What the first sample counts was sent before the run. */
export interface TrafficSample {
  readonly t: number;
  readonly bytes: Readonly<Record<string, number>>;
}

/** A run as it was. */
export interface ReportedRun {
  readonly title: string;
  readonly summary: string;
  readonly seed: number;
  readonly overlay: string;
  readonly ok: boolean;
  readonly replay: string;
  readonly endSeconds: number;
  /** @defaultValue 0 */
  readonly startSeconds?: number;
  readonly realSeconds: number;
  readonly nodes: readonly string[];
  readonly history: Iterable<HistoryEvent>;
  readonly traffic: readonly TrafficSample[];
  readonly violations: readonly ReportedViolation[];
  /** Nodes that subscribe to everything. @defaultValue all */
  readonly readers?: readonly string[];
  /** @defaultValue every message at every reader */
  readonly expected?: ExpectedDeliveries;
  /** Figures of this kind of run, shown after the common ones. */
  readonly figures?: readonly (readonly [name: string, value: string])[];
}

/** Columns of a report of a single run; reports of many runs make do with fewer. */
const COLUMNS_MAX = 480;
const COLUMNS_MIN = 120;
/** Most violations that are listed. */
const VIOLATIONS_MAX = 200;

/** How many columns each of so many runs has, so that the file stays small. */
export function columnsFor(runs: number): number {
  return Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, Math.floor(2_400 / Math.max(1, runs))));
}

/** Boils a run down to what the page draws: a week of 50 nodes takes no more room than a minute. */
export function foldRun(run: ReportedRun, columnCount = COLUMNS_MAX): RunReport {
  const columns = new Columns(run.startSeconds ?? 0, run.endSeconds, columnCount);
  const messages = new MessageFold(new Set(run.readers ?? run.nodes), columns, run.expected ?? null);
  const network = new NetworkFold(run.nodes, columns);
  for (const event of run.history) {
    messages.add(event);
    network.add(event);
  }
  const links = network.links();
  const pairs = links.map(({ a, b }) => [a, b] as const);
  return {
    title: run.title,
    summary: run.summary,
    seed: run.seed,
    overlay: run.overlay,
    ok: run.ok,
    replay: run.replay,
    startSeconds: columns.startSeconds,
    endSeconds: columns.endSeconds,
    realSeconds: run.realSeconds,
    columns: columns.count,
    figures: [...figuresOf(messages), ...(run.figures ?? [])],
    violations: run.violations.slice(0, VIOLATIONS_MAX),
    violationsInAll: run.violations.length,
    messages: messages.series(),
    bytes: bytesOf(run.traffic, columns),
    delay: messages.delay(),
    convergence: run.expected === undefined ? convergenceOf(messages, network) : [],
    lanes: network.lanes(),
    lanesInAll: run.nodes.length,
    links,
    places: layOut(run.nodes.length, pairs),
    nodes: run.nodes.map((name) => ({
      name,
      published: messages.counts.get(name)?.published ?? 0,
      delivered: messages.counts.get(name)?.delivered ?? 0,
      missing: messages.missingAt(name),
    })),
    marks: network.marks,
    marksInAll: network.marksInAll,
    partitions: network.partitions(),
  };
}

function figuresOf(messages: MessageFold): [string, string][] {
  const { published, expected, delivered, duplicates, gaps, late } = messages;
  const missing = Math.max(0, expected - delivered);
  const figures = { published, deliverable: expected, delivered, missing, duplicates, gaps, late };
  return Object.entries(figures).map(([name, count]) => [name, String(count)]);
}

function convergenceOf(messages: MessageFold, network: NetworkFold): ReportedConvergence[] {
  return network.faultEnds.map(({ t, after }) => ({ t, after, seconds: messages.convergedAfter(t) }));
}

/** What was sent in each column, by kind: the difference between two samples, spread over the time between. */
function bytesOf(samples: readonly TrafficSample[], columns: Columns): ReportedSeries[] {
  const kinds = [...new Set(samples.flatMap(({ bytes }) => Object.keys(bytes)))];
  const series = kinds.map((name) => {
    const sent = new CountOverTime(columns);
    let before = samples[0]?.bytes[name] ?? 0;
    let since = columns.startSeconds;
    for (const { t, bytes } of samples.slice(1)) {
      const total = bytes[name] ?? before;
      // What was sent up to the seam of two columns belongs to the one before it.
      const [first, last] = [columns.at(since), columns.at(t - columns.widthSeconds / 1_000)];
      const share = (total - before) / Math.max(1, last - first + 1);
      for (let column = Math.min(first, last); column <= last; column++) {
        sent.add(columns.startSeconds + (column + 0.5) * columns.widthSeconds, share);
      }
      before = total;
      since = t;
    }
    return { name, values: wholeAmounts(sent.totals()) };
  });
  return series.filter(({ values }) => values.some((value) => value > 0));
}

/** Whole amounts of which the sums stay right. */
function wholeAmounts(totals: readonly number[]): number[] {
  return totals.map((total, column) => Math.round(total) - Math.round(totals[column - 1] ?? 0));
}
