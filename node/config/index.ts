export { type AgentSettings, CONFIG_FILE, resolveSettings, SETTING_VARIABLES } from './agent-settings.ts';
export { isLoopback, type MqttAddress } from './mqtt-address.ts';
export { LOG_LEVELS, type LogLevel } from './setting-readers.ts';
