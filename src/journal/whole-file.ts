import { Buffer } from 'node:buffer';
import { crc32c, decodeCbor, encodeCbor } from '../bytes/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { Disk } from './disk.ts';
import { systemCodeOf } from './journal-failure.ts';

/** Files that are written under this ending first are leftovers of a crash. */
export const NEW_FILE_ENDING = '.new';

const MAGIC = Buffer.from('sedge');
const HEADER_BYTES = 16;
/** Far more than any of these files needs; a larger one is damaged. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;

/** What was found under a name. */
export type WholeFileContent =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged' };

/** Which small file this is: three letters in its magic, and its version. */
export interface WholeFileFormat {
  readonly tag: string;
  readonly version: number;
}

/**
 * Replaces a small file in one step: written under another name, synced, renamed, the directory synced. When it
 * resolves the new content is durable; a crash before leaves the old or the new one, never a mixture.
 */
export async function writeWholeFile(
  disk: Disk,
  place: { readonly directory: string; readonly name: string },
  content: { readonly format: WholeFileFormat; readonly value: unknown },
): Promise<void> {
  const path = `${place.directory}/${place.name}`;
  const bytes = encodeWholeFile(content.format, content.value);
  const file = await disk.open(path + NEW_FILE_ENDING, { create: true });
  try {
    await file.truncate(0);
    await file.write(bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(path + NEW_FILE_ENDING, path);
  await disk.syncDirectory(place.directory);
}

/**
 * Reads a small file. Throws `journal.version` if a newer version wrote it, and the disk's error if it cannot
 * be read.
 */
export async function readWholeFile(
  disk: Disk,
  path: string,
  format: WholeFileFormat,
): Promise<WholeFileContent> {
  const bytes = await readAll(disk, path);
  if (bytes === null) return { kind: 'missing' };
  return decodeWholeFile(bytes, format, path);
}

/** Magic `sedge` + tag (8 bytes), version (2), length (2 + 4: zero, length), then CRC-32C at the end. */
export function encodeWholeFile(format: WholeFileFormat, value: unknown): Buffer {
  const body = encodeCbor(value);
  const bytes = Buffer.alloc(HEADER_BYTES + body.length + 4);
  MAGIC.copy(bytes);
  bytes.write(format.tag, 5, 3, 'latin1');
  bytes.writeUInt16BE(format.version, 8);
  bytes.writeUInt32BE(body.length, 12);
  bytes.set(body, HEADER_BYTES);
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

/** Reads what {@link encodeWholeFile} made. Throws `journal.version` for an undamaged newer one. */
export function decodeWholeFile(bytes: Buffer, format: WholeFileFormat, file: string): WholeFileContent {
  const damaged: WholeFileContent = { kind: 'damaged' };
  if (bytes.length < HEADER_BYTES + 4 || !bytes.subarray(0, 5).equals(MAGIC)) return damaged;
  if (bytes.toString('latin1', 5, 8) !== format.tag) return damaged;
  const end = bytes.length - 4;
  if (bytes.readUInt32BE(end) !== crc32c(bytes.subarray(0, end))) return damaged;
  const version = bytes.readUInt16BE(8);
  if (version > format.version) throw new SedgeError('journal.version', { file, version });
  if (bytes.readUInt32BE(12) !== end - HEADER_BYTES) return damaged;
  const value = decodeCbor(bytes.subarray(HEADER_BYTES, end));
  return value.ok ? { kind: 'value', value: value.value } : damaged;
}

async function readAll(disk: Disk, path: string): Promise<Buffer | null> {
  let file: Awaited<ReturnType<Disk['open']>>;
  try {
    file = await disk.open(path, { create: false });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(Math.min(await file.size(), FILE_BYTES_MAX));
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}
