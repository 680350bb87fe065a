import type { MqttGateway } from '../gateways/mqtt/index.ts';

/** What the control socket needs of the MQTT gateway. */
export type ServedMqtt = Pick<MqttGateway, 'status' | 'clients'>;
