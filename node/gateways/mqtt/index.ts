export {
  type MqttClientStatus,
  MqttGateway,
  type MqttGatewayDependencies,
  type MqttStatus,
} from './mqtt-gateway.ts';
export type { MqttMesh } from './mqtt-mesh.ts';
export type { MqttOptions } from './mqtt-options.ts';
