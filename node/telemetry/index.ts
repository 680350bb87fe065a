export { Telemetry, type TelemetryLook, type TelemetryParts } from './telemetry.ts';
export type {
  BacklogTelemetry,
  CardTelemetry,
  ChannelTelemetry,
  DiskTelemetry,
  Flow,
  MessageFlows,
  PeerTelemetry,
  ProcessTelemetry,
  TelemetrySnapshot,
} from './telemetry-snapshot.ts';
