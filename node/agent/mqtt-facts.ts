import type { MqttGateway } from '../gateways/mqtt/index.ts';

/** What the agent needs of MQTT: the gateway, or the door before it. */
export type MqttService = Pick<MqttGateway, 'addresses' | 'status' | 'clients' | 'stop'>;

/** The gateway in a line; `GET /v1/mqtt` has all of it. */
export function mqttFacts(mqtt: MqttService) {
  const { listening, connections, sessions, counters } = mqtt.status();
  return { listening, connections, sessions, refused: counters.connectionsRefused };
}
