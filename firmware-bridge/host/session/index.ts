export type {
  CommandStatus,
  DeviceCommand,
  DeviceFacts,
  DeviceId,
  DeviceStats,
  DeviceTopic,
  KnownDevice,
  ResetCause,
} from './device-facts.ts';
export { DeviceSessionState } from './device-session-state.ts';
export type {
  AlarmCause,
  DeviceRefusedEffect,
  GapEffect,
  GreetingEffect,
  LogLevel,
  OfflineCause,
  ProvisionOffer,
  ReadingEffect,
  ResultEffect,
  SessionEffect,
  SessionEvent,
  SessionView,
  Ticket,
} from './session-events.ts';
export { SESSION_DEFAULTS, type SessionOptions } from './session-options.ts';
