import type { FlowFindings } from './flow-ledger.ts';

/** What a run of the MQTT demo found; `--json` prints it. */
export interface MqttSummary extends FlowFindings {
  /** Whether all of it is as it has to be. */
  readonly perfect: boolean;
  /** Retained topics that new clients asked for at each node in the end. */
  readonly retained: number;
  /** Of these, over all nodes, those whose value is not the last one. */
  readonly retainedWrong: number;
  /** From the death of a node until a new client at another had a value of each of its retained topics. */
  readonly retainedAfterDeathMs: number | null;
  /** Nodes killed with -9. */
  readonly killed: number;
  readonly cuts: number;
  readonly seconds: number;
  /** What went wrong beside the counts; empty when nothing did. */
  readonly problems: readonly string[];
  /** Kept with `--keep`. */
  readonly directory?: string;
}

/** A retained value is to be served by another node so soon after the death of the one that took it. */
const AFTER_DEATH_MS_MAX = 5_000;

/** True if each message came to each subscriber once and in order, and every node knows the last values. */
export function isMqttPerfect(summary: Omit<MqttSummary, 'perfect'>): boolean {
  const { sent, acknowledged, lost, duplicated, outOfOrder, foreign, retainedWrong, problems } = summary;
  const { retained, retainedAfterDeathMs } = summary;
  return (
    sent > 0 &&
    acknowledged === sent &&
    lost + duplicated + outOfOrder + foreign + retainedWrong + problems.length === 0 &&
    retained > 0 &&
    retainedAfterDeathMs !== null &&
    retainedAfterDeathMs <= AFTER_DEATH_MS_MAX
  );
}

/** The summary for people. */
export function describeMqttSummary(summary: MqttSummary): string {
  const count = (value: number): string => value.toLocaleString('en');
  const { retainedAfterDeathMs: ms, retainedWrong: wrong } = summary;
  const lines = [
    summary.perfect
      ? 'Every message reached the subscribers at all three nodes once and in order.'
      : 'The run was not perfect.',
    '',
    `  sent           ${count(summary.sent)} messages by one MQTT client at each node, QoS 1 and 2; ${count(summary.acknowledged)} answered`,
    `  received       ${count(summary.received)} by one MQTT client at each node`,
    `  lost           ${count(summary.lost)}`,
    `  duplicated     ${count(summary.duplicated)}; ${count(summary.repeated)} more came again at the node that was killed`,
    `  out of order   ${count(summary.outOfOrder)}`,
    `  retained       ${count(summary.retained)} topics, asked for at each node: ${wrong === 0 ? 'the last value of each' : `${count(wrong)} not the last value`}`,
    `  after a death  ${ms === null ? 'retained values were not served' : `retained values were served elsewhere within ${count(ms)} ms`}`,
    `  survived       ${summary.killed} node killed with -9, ${summary.cuts} link cut`,
    `  took           ${summary.seconds} s`,
    ...summary.problems.map((problem) => `  problem        ${problem}`),
    ...(summary.directory === undefined ? [] : [`  kept in        ${summary.directory}`]),
  ];
  return lines.join('\n');
}
