import { partLog } from '../../src/errors/index.ts';
import type { Mesh } from '../../src/index.ts';
import { checkMqtt, mqttListening } from '../config/index.ts';
import { MqttDoor } from '../gateways/mqtt/mqtt-door.ts';
import type { MqttBridges } from '../gateways/mqtt-bridge/index.ts';
import type { AgentParts } from './agent-parts.ts';
import type { MqttService } from './mqtt-facts.ts';

/** Starts the MQTT gateway; `null` where MQTT is off. */
export async function startMqtt(parts: AgentParts, mesh: Mesh): Promise<MqttService | null> {
  const { directory, nowMs, settings, version } = parts;
  const log = partLog(parts.log, 'mqtt');
  const { listeners, unasked, local, anonymous, ack } = mqttListening(settings);
  if (listeners.length === 0 && unasked === null) return null;
  const openGateway = async () => {
    // Who has no client of MQTT does not pay for it.
    const { MqttGateway } = await import('../gateways/mqtt/index.ts');
    await checkMqtt(directory, settings);
    if (!local && anonymous)
      parts.log.warn({}, 'anybody who reaches its addresses may publish and subscribe over MQTT');
    const options = { listeners, local, anonymous, ack };
    const gateway = new MqttGateway(options, { mesh, directory, log, nowMs, version });
    await gateway.start();
    return gateway;
  };
  if (unasked === null) return openGateway();
  const door = new MqttDoor(unasked, { directory, log, openGateway });
  await door.start({ atOnce: listeners.length > 0 });
  return door;
}

/** The bridges to outside MQTT brokers; `null` where there are none. */
export async function makeBridges(
  { log, nowMs, settings }: AgentParts,
  mesh: Mesh,
): Promise<MqttBridges | null> {
  const { bridges = [] } = settings;
  if (bridges.length === 0) return null;
  const { MqttBridges } = await import('../gateways/mqtt-bridge/index.ts');
  return new MqttBridges(bridges, { mesh, log: partLog(log, 'mqtt-bridge'), nowMs });
}
