export type { DeviceStatus, PortStatus } from './bridge-status.ts';
export type { BridgeMesh } from './mesh-intake.ts';
export type { MonitorEvent } from './monitor-hub.ts';
export { SerialBridge, type SerialBridgeDependencies, type SerialBridgeOptions } from './serial-bridge.ts';
