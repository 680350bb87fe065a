import type { MqttBridges } from '../gateways/mqtt-bridge/index.ts';

/** What the control socket needs of the bridges to outside brokers. */
export type ServedBridges = Pick<MqttBridges, 'status'>;
