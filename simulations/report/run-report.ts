/** Equal values of neighbouring columns: how many columns, and which value. */
export type Runs = readonly (readonly [columns: number, value: number])[];

/** Something that a checker found. */
export interface ReportedViolation {
  /** Name of the checker. */
  readonly checker: string;
  /** What is wrong, in a sentence. */
  readonly what: string;
  readonly node?: string;
  /** Virtual time, seconds. */
  readonly t?: number;
}

/** A line over time, at the end of each column. */
export interface ReportedSeries {
  readonly name: string;
  readonly values: readonly number[];
}

/** Distribution of the time between publishing and delivery, over deliveries at other nodes than the author's. */
export interface ReportedDelay {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Seconds at 0, 1, 2, ... 100 percent. */
  readonly percentiles: readonly number[];
}

/** What came to pass at a moment: a fault, its end, a gap. */
export interface ReportedMark {
  readonly t: number;
  readonly kind: string;
  readonly text: string;
}

/** A node over time. */
export interface ReportedLane {
  readonly name: string;
  /** Peers that it was connected with, the mean of a column, at least 1 where there was any. */
  readonly peers: Runs;
  /** When it was down, seconds. */
  readonly down: readonly (readonly [from: number, to: number])[];
}

/** A link over time. */
export interface ReportedLink {
  readonly a: number;
  readonly b: number;
  /** Share of the time that it was up, 0 to 1. */
  readonly share: number;
  /** Tenths of a column that it was up; `null` where there are too many links to draw each. */
  readonly up: Runs | null;
}

/** A fault that ended, and how long it took until every node had all that was published before. */
export interface ReportedConvergence {
  readonly t: number;
  readonly after: string;
  /** `null` if it never came to that. */
  readonly seconds: number | null;
}

/** All that the page shows of one run, small enough to be embedded. */
export interface RunReport {
  readonly title: string;
  readonly summary: string;
  readonly seed: number;
  readonly overlay: string;
  readonly ok: boolean;
  /** The command that runs it again. */
  readonly replay: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly realSeconds: number;
  readonly columns: number;
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly violations: readonly ReportedViolation[];
  readonly violationsInAll: number;
  /** Published, expected at nodes, delivered, missing: counts so far. */
  readonly messages: readonly ReportedSeries[];
  /** Bytes in each column by kind. */
  readonly bytes: readonly ReportedSeries[];
  readonly delay: ReportedDelay | null;
  readonly convergence: readonly ReportedConvergence[];
  readonly lanes: readonly ReportedLane[];
  readonly lanesInAll: number;
  readonly links: readonly ReportedLink[];
  /** Places of the nodes in a square of side 1. */
  readonly places: readonly (readonly [x: number, y: number])[];
  readonly nodes: readonly {
    readonly name: string;
    readonly published: number;
    readonly delivered: number;
    readonly missing: number;
  }[];
  readonly marks: readonly ReportedMark[];
  readonly marksInAll: number;
  /** Spans in which the network was parted, seconds. */
  readonly partitions: readonly (readonly [from: number, to: number])[];
}
