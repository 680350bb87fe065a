import { Buffer } from 'node:buffer';
import { crc32c } from '../bytes/index.ts';
import { ENTRY_BYTES_MAX } from '../entry/index.ts';
import type { EntrySource, LocalFacts } from './journal-face.ts';

/** Bytes before the entry in a record. */
export const RECORD_HEADER_BYTES = 28;

const SOURCES: readonly EntrySource[] = ['own', 'gossip', 'sync', 'import'];
const CHAIN_FLAG = 0x08;
const MS_MAX = 2 ** 48 - 1;
const AGE_MS_MAX = 2 ** 40 - 1;
/** Check, length, flags, position, receivedAt, age: all that the check and the CRC cover. */
const CHECKED_FROM = 2;
const CRC_AT = 24;

/** What stands before the entry in a record. */
export interface RecordHeader {
  /** Bytes of the entry. */
  readonly length: number;
  readonly position: number;
  readonly facts: LocalFacts;
}

/**
 * Makes the 28 bytes before an entry. `salt` is the store's secret: an author who writes the image of a record
 * into a payload cannot give it a valid check, so a search for records never finds a forged one.
 */
export function encodeRecordHeader(
  entry: Uint8Array,
  position: number,
  facts: LocalFacts,
  salt: number,
): Buffer {
  const header = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
  header.writeUInt32BE(entry.length, 2);
  header[6] = SOURCES.indexOf(facts.source) | (facts.verifiedBy === 'chain' ? CHAIN_FLAG : 0);
  header.writeUIntBE(position, 7, 6);
  header.writeUIntBE(clamp(facts.receivedAtMs, MS_MAX), 13, 6);
  header.writeUIntBE(clamp(facts.ageMs, AGE_MS_MAX), 19, 5);
  header.writeUInt16BE(checkOf(header, 0, salt), 0);
  header.writeUInt32BE(crc32c(entry, crc32c(header.subarray(0, CRC_AT), salt)), CRC_AT);
  return header;
}

/** The header at `at`, or `null` if there is none: its check guards against most accidents, the CRC all. */
export function parseRecordHeader(bytes: Buffer, at: number, salt: number): RecordHeader | null {
  if (at + RECORD_HEADER_BYTES > bytes.length) return null;
  const length = bytes.readUInt32BE(at + 2);
  const flags = bytes[at + 6]!;
  if (length === 0 || length > ENTRY_BYTES_MAX || flags > 15) return null;
  if (bytes.readUInt16BE(at) !== checkOf(bytes, at, salt)) return null;
  const source = SOURCES[flags & 7];
  if (source === undefined) return null;
  return {
    length,
    position: bytes.readUIntBE(at + 7, 6),
    facts: {
      receivedAtMs: bytes.readUIntBE(at + 13, 6),
      ageMs: bytes.readUIntBE(at + 19, 5),
      source,
      verifiedBy: (flags & CHAIN_FLAG) === 0 ? 'signature' : 'chain',
    },
  };
}

/** True if the record at `at`, whose header says `length`, lies in `bytes` wholly and as it was written. */
export function isRecordWhole(bytes: Buffer, at: number, length: number, salt: number): boolean {
  const entryAt = at + RECORD_HEADER_BYTES;
  if (entryAt + length > bytes.length) return false;
  const head = crc32c(bytes.subarray(at, at + CRC_AT), salt);
  return bytes.readUInt32BE(at + CRC_AT) === crc32c(bytes.subarray(entryAt, entryAt + length), head);
}

function checkOf(bytes: Buffer, at: number, salt: number): number {
  return crc32c(bytes.subarray(at + CHECKED_FROM, at + CRC_AT), salt) & 0xffff;
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(Math.trunc(value), 0), max);
}
