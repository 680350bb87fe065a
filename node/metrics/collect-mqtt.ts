import type { MqttStatus } from '../gateways/mqtt/index.ts';
import type { BridgeStatus } from '../gateways/mqtt-bridge/index.ts';
import type { LabelBudget } from './label-budget.ts';
import type { MetricName } from './metric-table.ts';
import type { MetricValues } from './metric-values.ts';

/** The series that each counter of the gateway is. */
const COUNTERS: Readonly<
  Record<keyof MqttStatus['counters'], readonly [MetricName, Readonly<Record<string, string>>]>
> = Object.freeze({
  messagesIn: ['sedge_mqtt_messages_total', { direction: 'in' }],
  messagesOut: ['sedge_mqtt_messages_total', { direction: 'out' }],
  messagesInRepeated: ['sedge_mqtt_messages_repeated_total', { direction: 'in' }],
  messagesOutRepeated: ['sedge_mqtt_messages_repeated_total', { direction: 'out' }],
  connectionsRefused: refusal('connection'),
  connectionsOverTotal: refusal('connection_over_total'),
  connectionsOverAddress: refusal('connection_over_address'),
  connectionsOverRate: refusal('connection_over_rate'),
  halfOpenCut: refusal('connection_half_open'),
  packetsRefused: refusal('packet'),
  messagesInRefused: refusal('message_in'),
  messagesInSlowed: refusal('message_in_slowed'),
  messagesOutTooLarge: refusal('message_out_too_large'),
  messagesOutQos0Skipped: refusal('message_out_qos0_skipped'),
  connections: event('connection'),
  keepAliveTimeouts: event('keep_alive_timeout'),
  stalledConnections: event('stalled'),
  takenOver: event('taken_over'),
  retainedOut: event('retained_out'),
  gapMessages: event('gap_message'),
  sessionsExpired: event('session_expired'),
  willsPublished: event('will_published'),
});

/** Why a bridge did not carry a message. */
const LEFT_OUT: Readonly<Partial<Record<keyof BridgeStatus['counters'], string>>> = Object.freeze({
  outByOthers: 'out_by_others',
  outOwn: 'out_own',
  outRefused: 'out_refused',
  outExpired: 'out_expired',
  outMissing: 'out_missing',
  inAgain: 'in_again',
  inEchoes: 'in_echo',
  inKnown: 'in_known',
  inRefused: 'in_refused',
  duplicates: 'duplicate',
  loops: 'loop',
});

/** The MQTT gateway. */
export function collectMqtt(values: MetricValues, { connections, sessions, counters }: MqttStatus): void {
  values.set('sedge_mqtt_connections', connections);
  values.set('sedge_mqtt_sessions', sessions);
  for (const [name, count] of Object.entries(counters)) {
    const series = COUNTERS[name as keyof typeof COUNTERS];
    // One that a test's gateway makes up.
    if (series !== undefined) values.set(series[0], count, series[1]);
  }
}

/** Bridges to outside brokers. */
export function collectBridges(
  values: MetricValues,
  bridges: readonly BridgeStatus[],
  budget: LabelBudget,
): void {
  const labelOf = budget.place(
    'bridge',
    bridges.map(({ name }) => name),
  );
  for (const { name, role, link, waiting, counters, alarms } of bridges) {
    const bridge = labelOf(name);
    values.set('sedge_mqtt_bridge_up', link.connected ? 1 : 0, { bridge });
    values.set('sedge_mqtt_bridge_carrier', role === 'carrier' ? 1 : 0, { bridge });
    values.set('sedge_mqtt_bridge_waiting_messages', waiting, { bridge });
    values.set('sedge_mqtt_bridge_messages_total', counters.in, { bridge, direction: 'in' });
    values.set('sedge_mqtt_bridge_messages_total', counters.out, { bridge, direction: 'out' });
    for (const [count, reason] of Object.entries(LEFT_OUT))
      values.set('sedge_mqtt_bridge_left_out_total', counters[count as keyof typeof counters], {
        bridge,
        reason,
      });
    values.set('sedge_mqtt_bridge_alarms', alarms.length, { bridge });
  }
}

function refusal(reason: string): readonly [MetricName, Readonly<Record<string, string>>] {
  return ['sedge_mqtt_refusals_total', { reason }];
}

function event(name: string): readonly [MetricName, Readonly<Record<string, string>>] {
  return ['sedge_mqtt_events_total', { event: name }];
}
