import type { DeliveryFindings } from './delivery-check.ts';

/** What a run of the demo found; `--json` prints it. */
export interface DemoSummary extends DeliveryFindings {
  /** Whether all of it is as it has to be. */
  readonly perfect: boolean;
  /** Readings that the data holds; equal to `published` unless a feeder gave up. */
  readonly readings: number;
  /** Delivered messages whose signature or chain the offline check of D's journal confirmed. */
  readonly verified: number;
  readonly seconds: number;
  /** Agents killed with -9. */
  readonly killed: number;
  readonly cuts: number;
  readonly centreRestarts: number;
  /** How often a feeder had to connect to its agent again. */
  readonly feederRetries: number;
  /** Neighbours at the end: A's must be B alone, D's C alone. */
  readonly neighbours: { readonly A: readonly string[]; readonly D: readonly string[] };
  /** What went wrong beside the counts; empty when nothing did. */
  readonly problems: readonly string[];
  /** Kept with `--keep`. */
  readonly directory?: string;
}

/** True if every published reading reached the centre once, in order and with a valid signature. */
export function isPerfect(summary: Omit<DemoSummary, 'perfect'>): boolean {
  const { lost, duplicated, outOfOrder, gaps, foreign } = summary;
  return (
    summary.published === summary.readings &&
    summary.delivered === summary.published &&
    summary.verified === summary.delivered &&
    lost + duplicated + outOfOrder + gaps + foreign === 0 &&
    summary.problems.length === 0
  );
}

/** The summary for people. */
export function describeSummary(summary: DemoSummary): string {
  const count = (value: number): string => value.toLocaleString('en');
  const lines = [
    summary.perfect
      ? `Every reading reached the operations centre exactly once, in order, with a valid signature.`
      : `The run was not perfect.`,
    '',
    `  published     ${count(summary.published)} of ${count(summary.readings)} readings at A, B and C`,
    `  delivered     ${count(summary.delivered)} at D, which never met A`,
    `  lost          ${count(summary.lost)}`,
    `  duplicated    ${count(summary.duplicated)}`,
    `  out of order  ${count(summary.outOfOrder)}`,
    `  gaps          ${count(summary.gaps)}`,
    `  verified      ${count(summary.verified)} in D's journal, offline`,
    `  survived      B killed with -9, the link C - D cut, the centre killed with -9`,
    `  repeated      ${count(summary.redelivered)} that the centre had not acknowledged when it was killed`,
    `  took          ${summary.seconds} s`,
    ...summary.problems.map((problem) => `  problem       ${problem}`),
    ...(summary.directory === undefined ? [] : [`  kept in       ${summary.directory}`]),
  ];
  return lines.join('\n');
}
