import type { ApiParts } from '../control/index.ts';
import { type AlertFigures, collectAlerts } from './collect-alerts.ts';
import { collectHttp } from './collect-http.ts';
import { collectMachine } from './collect-machine.ts';
import { collectMesh, type NodeFacts } from './collect-mesh.ts';
import { collectBridges, collectMqtt } from './collect-mqtt.ts';
import { collectPeers } from './collect-peers.ts';
import { collectSerial } from './collect-serial.ts';
import type { LabelBudget } from './label-budget.ts';
import { MetricValues } from './metric-values.ts';

/** What metrics are gathered from: all that the API has. */
export type MetricParts = Pick<
  ApiParts,
  'devices' | 'mqtt' | 'bridges' | 'http' | 'telemetry' | 'agentFacts'
> & {
  readonly alerts?: { report(): AlertFigures } | null;
};

/** All values of this moment. Parts that are off have none, and nothing is loaded for them. */
export async function gatherMetrics(parts: MetricParts, budget: LabelBudget): Promise<MetricValues> {
  const { mqtt, bridges, http } = parts;
  const values = new MetricValues();
  const { snapshot: telemetry, status, peers } = await parts.telemetry!.look();
  const facts = parts.agentFacts() as unknown as NodeFacts;
  const channels = status.channels.map(({ channel }) => channel);
  const places = { budget, channelOf: budget.place('channel', channels) };
  collectMesh(values, { status, telemetry, facts }, places);
  collectPeers(values, { peers, telemetry }, places);
  collectMachine(values, telemetry);
  if (mqtt) collectMqtt(values, mqtt.status());
  if (bridges) collectBridges(values, bridges.status(), budget);
  if (facts.serial.length > 0) await collectDevices(values, parts, budget);
  const served = http?.();
  if (served) collectHttp(values, served.status(), budget);
  if (parts.alerts) collectAlerts(values, parts.alerts.report(), budget);
  for (const [label, count] of budget.overflow()) values.set('sedge_metrics_overflow', count, { label });
  return values;
}

/** A bridge that could not start has no figures, and the rest has all the same. */
async function collectDevices(
  values: MetricValues,
  { devices }: MetricParts,
  budget: LabelBudget,
): Promise<void> {
  try {
    const [known, ports] = await Promise.all([devices.devices(), devices.ports()]);
    collectSerial(values, { devices: known, ports }, budget);
  } catch {
    // Said where it could not start, in the log.
  }
}
