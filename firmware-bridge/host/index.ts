export {
  type BridgeMesh,
  type DeviceStatus,
  type MonitorEvent,
  type PortStatus,
  SerialBridge,
  type SerialBridgeDependencies,
  type SerialBridgeOptions,
} from './bridge/index.ts';
export { DeviceBook, type DeviceDraft, type DeviceRecord } from './devices/index.ts';
export { listSerialPorts, type SerialPortInfo } from './discovery/index.ts';
export type { ProvisionOptions } from './provision/index.ts';
export {
  formatPortAddress,
  MemoryTransport,
  makeTransport,
  PORT_RULE,
  type PortAddress,
  parsePortAddress,
  type Transport,
  type TransportListener,
} from './transport/index.ts';
