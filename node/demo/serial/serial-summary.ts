import type { NoiseTally } from './line-noise.ts';
import type { LedgerFindings, ReportedGap } from './reading-ledger.ts';

/** What a run of the serial demo found; `--json` prints it. */
export interface SerialSummary extends LedgerFindings {
  /** Whether all of it is as it has to be. */
  readonly perfect: boolean;
  /** Frames that the bridge could not use, whatever was wrong with them. */
  readonly badFrames: number;
  /** How often the bridge and the device found each other again. */
  readonly reconnects: number;
  /** Good checksums with bad tags, replays and the like; noise alone hardly ever makes one. */
  readonly alarms: number;
  /** What the line did to its bytes. */
  readonly noise: NoiseTally;
  readonly gaps: readonly ReportedGap[];
  readonly unplugged: number;
  readonly resets: number;
  /** Gateways killed with -9. */
  readonly killed: number;
  readonly seconds: number;
  /** Makes the same noise again. */
  readonly seed: number;
  /** What compiled the device. */
  readonly compiler: string;
  /** What went wrong beside the counts; empty when nothing did. */
  readonly problems: readonly string[];
  /** Kept with `--keep`. */
  readonly directory?: string;
}

/** True if each reading came once or is said to be lost. */
export function isSerialPerfect(summary: Omit<SerialSummary, 'perfect'>): boolean {
  const { sent, delivered, duplicated, unreportedLost, foreign, problems } = summary;
  return sent > 0 && delivered > 0 && duplicated + unreportedLost + foreign === 0 && problems.length === 0;
}

/** The summary for people. */
export function describeSerialSummary(summary: SerialSummary): string {
  const count = (value: number): string => value.toLocaleString('en');
  const { noise, gaps } = summary;
  const lines = [
    summary.perfect
      ? 'Every reading reached the other node exactly once, or is reported as lost.'
      : 'The run was not perfect.',
    '',
    `  sent             ${count(summary.sent)} readings that the device took`,
    `  delivered        ${count(summary.delivered)} at a subscriber of another node`,
    `  duplicated       ${count(summary.duplicated)}`,
    `  reported lost    ${count(summary.reportedLost)}${gapsText(gaps)}`,
    `  unreported lost  ${count(summary.unreportedLost)}`,
    `  line             lost ${count(noise.lost)} bytes, flipped ${count(noise.flipped)}, and a sketch printed into it ${times(noise.printed)}`,
    `  bad frames       ${count(summary.badFrames)} at the bridge, told from the good ones`,
    `  reconnects       ${count(summary.reconnects)}`,
    `  survived         unplugged ${times(summary.unplugged)}, ${summary.resets} power cut, the gateway killed with -9`,
    `  took             ${summary.seconds} s, seed ${summary.seed}`,
    ...summary.problems.map((problem) => `  problem          ${problem}`),
    ...(summary.directory === undefined ? [] : [`  kept in          ${summary.directory}`]),
  ];
  return lines.join('\n');
}

/** How often, in words. */
export function times(count: number): string {
  return count === 1 ? 'once' : `${count.toLocaleString('en')} times`;
}

/** Why the lost ones were lost, as the bridge tells it. */
function gapsText(gaps: readonly ReportedGap[]): string {
  const reasons = new Set(gaps.map(({ reason }) => reason));
  return reasons.size === 0
    ? ''
    : `, as told by ${gaps.length} ${gaps.length === 1 ? 'gap' : 'gaps'}: ${[...reasons].sort().join(', ')}`;
}
