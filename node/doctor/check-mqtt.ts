import { formatCount, plural } from '../cli/human-figures.ts';
import type { MqttFacts } from '../control/client/index.ts';
import { type Finding, ok, warn } from './finding.ts';

/** Where MQTT clients connect, and whether any was turned away; nothing where MQTT is off. */
export function checkMqtt(mqtt: MqttFacts | null | undefined): Finding[] {
  if (mqtt == null) return [];
  const { listening, connections, refused } = mqtt;
  if (listening.length === 0) {
    const next =
      'See which with "sudo ss -ltnp sport = :1883"; or name another port with "sedge start --mqtt PORT", or --mqtt off.';
    return [warn('mqtt', 'another program has port 1883, so no MQTT client can connect to this node', next)];
  }
  const where = `${listening.join(', ')}: ${plural(connections, 'client')} connected`;
  if (refused === 0) return [ok('mqtt', where)];
  const next = 'The log says whom and why; "sedge mqtt user ls" who may come in.';
  return [warn('mqtt', `${where}, ${formatCount(refused)} refused since the start`, next)];
}
