export type { BridgeOptions } from './bridge-options.ts';
export type { BridgeStatus, BridgeTiming } from './mqtt-bridge.ts';
export { MqttBridges } from './mqtt-bridges.ts';
