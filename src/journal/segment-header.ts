import { Buffer } from 'node:buffer';
import { crc32c, fromUtf8, toUtf8 } from '../bytes/index.ts';
import { SedgeError } from '../errors/index.ts';

/** Own entries and carried ones lie in separate files: they are kept for different reasons. */
export type SegmentKind = 'own' | 'carried';

/** Both kinds, in the order of their numbers in the header. */
export const SEGMENT_KINDS: readonly SegmentKind[] = ['own', 'carried'];

/** Version of the segment format that this code writes, and the newest it reads. */
export const SEGMENT_VERSION = 1;

const MAGIC = Buffer.from('sedgeseg');
const FIXED_BYTES = 32;
const CRC_BYTES = 4;

/** The first bytes of a segment file. */
export interface SegmentHeader {
  readonly kind: SegmentKind;
  readonly channel: string;
  /** The store's secret that seeds the checks of records. */
  readonly salt: number;
  /** Incarnation that began the segment, 16 hexadecimal digits. Later ones may go on in it. */
  readonly incarnation: string;
  readonly firstPosition: number;
}

/** Bytes of the header of a channel's segments. */
export function segmentHeaderBytes(channel: string): number {
  return FIXED_BYTES + toUtf8(channel).length + CRC_BYTES;
}

/** The first bytes of a new segment. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const channel = toUtf8(header.channel);
  const bytes = Buffer.alloc(FIXED_BYTES + channel.length + CRC_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16BE(SEGMENT_VERSION, 8);
  bytes.writeUInt16BE(bytes.length, 10);
  bytes[12] = SEGMENT_KINDS.indexOf(header.kind) + 1;
  bytes[13] = channel.length;
  bytes.writeUInt32BE(header.salt, 14);
  bytes.write(header.incarnation, 18, 8, 'hex');
  bytes.writeUIntBE(header.firstPosition, 26, 6);
  bytes.set(channel, FIXED_BYTES);
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, -CRC_BYTES)), bytes.length - CRC_BYTES);
  return bytes;
}

/**
 * Reads a header from the first bytes of a file; `null` if it is damaged. Throws `journal.version` for an
 * undamaged header of a newer version: magic, version, length and CRC stay where they are in all versions.
 */
export function decodeSegmentHeader(bytes: Buffer, file: string): SegmentHeader | null {
  if (bytes.length < FIXED_BYTES + CRC_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  const end = bytes.readUInt16BE(10);
  if (end < FIXED_BYTES + CRC_BYTES || end > bytes.length) return null;
  if (bytes.readUInt32BE(end - CRC_BYTES) !== crc32c(bytes.subarray(0, end - CRC_BYTES))) return null;
  const version = bytes.readUInt16BE(8);
  if (version > SEGMENT_VERSION) throw new SedgeError('journal.version', { file, version });
  const kind = SEGMENT_KINDS[bytes[12]! - 1];
  const channel = fromUtf8(bytes.subarray(FIXED_BYTES, FIXED_BYTES + bytes[13]!));
  if (kind === undefined || channel === null) return null;
  return {
    kind,
    channel,
    salt: bytes.readUInt32BE(14),
    incarnation: bytes.toString('hex', 18, 26),
    firstPosition: bytes.readUIntBE(26, 6),
  };
}

const NAME = /^(own|carried)-(\d{15})\.(segment|index)$/;

/** Name of the file of a segment or its index. */
export function segmentFileName(kind: SegmentKind, firstPosition: number, what: 'segment' | 'index'): string {
  return `${kind}-${String(firstPosition).padStart(15, '0')}.${what}`;
}

/** What a name in a journal's directory stands for; `null` if it is no segment's. */
export function parseSegmentFileName(
  name: string,
): { kind: SegmentKind; firstPosition: number; what: 'segment' | 'index' } | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  return {
    kind: match[1] as SegmentKind,
    firstPosition: Number(match[2]),
    what: match[3] as 'segment' | 'index',
  };
}
