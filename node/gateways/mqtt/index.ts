export type { CertificateFiles } from '../listening/certificate-files.ts';
export type { ListenerOptions } from './listeners/listener.ts';
export {
  type MqttClientStatus,
  MqttGateway,
  type MqttGatewayDependencies,
  type MqttStatus,
} from './mqtt-gateway.ts';
export type { MqttMesh } from './mqtt-mesh.ts';
export type { MqttOptions } from './mqtt-options.ts';
export { hashPassword } from './users/password.ts';
export { isPattern, type PermissionPatterns } from './users/permissions.ts';
export { checkUserName, type MqttUser, type MqttUsers, readUsers, writeUsers } from './users/user-file.ts';
