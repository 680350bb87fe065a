import { Buffer } from 'node:buffer';
import { crc32c } from '../bytes/index.ts';
import { ENTRY_BYTES_MAX } from '../entry/index.ts';

/** Bytes before the body of a record. */
export const RECORD_HEAD_BYTES = 16;
/** Largest body: an entry with its age. */
export const BODY_BYTES_MAX = ENTRY_BYTES_MAX + 1_024;
/** Starts every record, so that a reader finds the next one behind damage; f5 is never part of UTF-8. */
export const RECORD_MARK = Buffer.from([0xf5, 0x73, 0x64, 0x67]);

const LENGTH_AT = 5;
const BODY_CRC_AT = 8;
const HEAD_CRC_AT = 12;

/** What stands before the body of a record. */
export interface RecordHead {
  readonly kind: number;
  /** Bytes of the body. */
  readonly length: number;
  readonly bodyCrc: number;
}

/** A record: mark, kind, length, CRC-32C of the body, CRC-32C of the 12 bytes before it, body. */
export function encodeRecord(kind: number, body: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEAD_BYTES + body.length);
  record.set(RECORD_MARK);
  record[RECORD_MARK.length] = kind;
  record.writeUIntBE(body.length, LENGTH_AT, 3);
  record.writeUInt32BE(crc32c(body), BODY_CRC_AT);
  record.writeUInt32BE(crc32c(record.subarray(0, HEAD_CRC_AT)), HEAD_CRC_AT);
  record.set(body, RECORD_HEAD_BYTES);
  return record;
}

/** The head at the start of the bytes; `null` if there is none, or one that nothing this long follows. */
export function parseRecordHead(bytes: Buffer): RecordHead | null {
  if (bytes.length < RECORD_HEAD_BYTES || !bytes.subarray(0, RECORD_MARK.length).equals(RECORD_MARK))
    return null;
  if (bytes.readUInt32BE(HEAD_CRC_AT) !== crc32c(bytes.subarray(0, HEAD_CRC_AT))) return null;
  const length = bytes.readUIntBE(LENGTH_AT, 3);
  if (length > BODY_BYTES_MAX) return null;
  return { kind: bytes[RECORD_MARK.length]!, length, bodyCrc: bytes.readUInt32BE(BODY_CRC_AT) };
}
