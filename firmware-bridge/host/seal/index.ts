export { AsconAead, wordsOf } from './ascon-aead.ts';
export { readU16, readU32, writeUint } from './little-endian.ts';
export { isProvisioned, type Provision, provisionedPayload, provisionPayload } from './provision-seal.ts';
export {
  type DeviceRecord,
  DIRECTIONS,
  deviceDirection,
  isReadingPayload,
  openRecord,
  RECORD_HEADER_BYTES,
  type RecordSeal,
  type RecordToSeal,
  type RecordType,
  SIGNATURE_BYTES,
  sealRecord,
  TAG_BYTES,
} from './record.ts';
export {
  deriveSessionKey,
  helloTag,
  isHelloTag,
  type SessionName,
  sessionAead,
} from './session-key.ts';
