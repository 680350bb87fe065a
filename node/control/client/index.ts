export type {
  Alert,
  AlertReport,
  AlertSeverity,
  AlertTest,
  AlertWatch,
  RemoteAlert,
  WebhookStatus,
} from '../../alerts/index.ts';
export type { TelemetrySnapshot } from '../../telemetry/index.ts';
export type {
  DeviceDraft,
  DeviceName,
  DeviceStatus,
  MonitorEvent,
  PortStatus,
  ProvisionOptions,
} from '../served-devices.ts';
export {
  AgentClient,
  type AgentClientOptions,
  type AgentFacts,
  type AgentStatus,
  type AlertWord,
  connectAgent,
  type InviteOptions,
  type MqttFacts,
} from './agent-client.ts';
export { AgentExport } from './agent-export.ts';
export { AgentPublisher, type PublisherOptions, type SendDone, type SendOptions } from './agent-publisher.ts';
export { type AgentDelivery, AgentSubscription } from './agent-subscription.ts';
export type { MonitorOptions } from './monitor-lines.ts';
export { ReceivedMessage } from './received-message.ts';
