export {
  type AgentSettings,
  type EffectiveSetting,
  type GatheredSettings,
  gatherSettings,
  mistakesOf,
  resolveSettings,
  SETTING_KEYS,
  SETTING_OPTIONS,
  SETTING_VARIABLES,
} from './agent-settings.ts';
export { checkHttp } from './check-http.ts';
export { checkMqtt } from './check-mqtt.ts';
export {
  CONFIG_FILE,
  type ConfigFile,
  type ConfigMistake,
  OLD_CONFIG_FILE,
  readConfigFile,
} from './config-file.ts';
export { exampleText } from './example-text.ts';
export { httpListening } from './http-listening.ts';
export type { ListenAddress } from './listen-address.ts';
export { type MqttListening, mqttListening } from './mqtt-listening.ts';
export { SETTING_TEXTS, settingText } from './setting-defaults.ts';
export {
  SERIAL_ACKS,
  SETTING_READERS,
  type SerialAck,
} from './setting-readers.ts';
