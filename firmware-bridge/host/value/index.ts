export { type DeviceValue, decodeDeviceValue, VALUE_DEPTH_MAX } from './device-value.ts';
export { encodeDeviceValue, type HostValue } from './encode-value.ts';
export { payloadOf, type ReadingPayload } from './payload.ts';
export { toJson } from './value-json.ts';
