export { type AgentSettings, CONFIG_FILE, resolveSettings, SETTING_VARIABLES } from './agent-settings.ts';
export { LOG_LEVELS, type LogLevel, SERIAL_ACKS, type SerialAck } from './setting-readers.ts';
