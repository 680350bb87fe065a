export { DEVICES_TOPIC, isBridgeTopic } from './bridge-topic.ts';
export { DEVICES_MAX, DeviceBook, type DeviceBookDependencies, type DeviceChange } from './device-book.ts';
export {
  DEVICE_KEY_BYTES,
  type DeviceDraft,
  type DeviceRecord,
  deviceIdOf,
  KEPT_COMMANDS_MAX,
  type KeptCommand,
  type LastPort,
  newDeviceRecord,
} from './device-record.ts';
