import type { MeshStatus } from '../../src/index.ts';
import type { TelemetrySnapshot } from '../telemetry/index.ts';
import type { LabelBudget } from './label-budget.ts';
import type { MetricValues } from './metric-values.ts';

/** What the node is, what went through it, and what it holds. */
export function collectMesh(
  values: MetricValues,
  { status, telemetry, facts }: { status: MeshStatus; telemetry: TelemetrySnapshot; facts: NodeFacts },
  { budget, channelOf }: { budget: LabelBudget; channelOf: (name: string) => string },
): void {
  const { node, name, realmName: realm } = status;
  values.set('sedge_node_info', 1, { node, name, realm, version: facts.version, nodejs: facts.nodeVersion });
  values.set('sedge_parked_entries', status.parked);
  for (const severity of ['alarm', 'warning'] as const) {
    const problems = status.problems.filter((problem) => problem.severity === severity);
    values.set('sedge_problems', problems.length, { severity });
  }
  const codeOf = budget.place('code', Object.keys(status.counters));
  for (const [code, count] of Object.entries(status.counters))
    values.set('sedge_refusals_total', count, { code: codeOf(code) });
  collectTraffic(values, telemetry, channelOf);
  collectJournals(values, status, channelOf);
}

/** The agent's part of `GET /v1/status`, as far as it is used. */
export interface NodeFacts {
  readonly version: string;
  readonly nodeVersion: string;
  /** Ports of the settings. */
  readonly serial: readonly string[];
}

function collectTraffic(
  values: MetricValues,
  { channels }: TelemetrySnapshot,
  channelOf: (name: string) => string,
): void {
  for (const { channel: name, published, received, delivered, stored } of channels) {
    const channel = channelOf(name);
    values.set('sedge_messages_published_total', published.total, { channel });
    values.set('sedge_messages_received_total', received.total, { channel });
    values.set('sedge_messages_delivered_total', delivered.total, { channel });
    values.set('sedge_journal_stored_bytes_total', stored.total, { channel });
  }
}

function collectJournals(
  values: MetricValues,
  status: MeshStatus,
  channelOf: (name: string) => string,
): void {
  let bytes = 0;
  for (const held of status.channels) {
    const channel = channelOf(held.channel);
    bytes += held.bytes;
    values.set('sedge_journal_messages', held.messages, { channel });
    values.set('sedge_journal_logs', held.logs, { channel });
    values.set('sedge_journal_bytes', held.bytes, { channel });
    values.set('sedge_journal_limit_bytes', held.policy.retentionBytes || null, { channel });
    values.set('sedge_journal_gaps', held.gaps, { channel });
    const age = held.oldestAgeMs === null ? null : held.oldestAgeMs / 1_000;
    values.set('sedge_journal_oldest_age_seconds', age, { channel }, 'max');
    // What never happened needs no series; a channel has nine of these.
    for (const { why, messages } of held.losses)
      values.set('sedge_journal_lost_messages', messages, { channel, why });
    for (const [reason, messages] of Object.entries(held.dropped))
      if (messages > 0) values.set('sedge_journal_dropped_messages_total', messages, { channel, reason });
  }
  values.set('sedge_storage_bytes', bytes);
  values.set('sedge_storage_limit_bytes', status.storageBytesMax);
}
