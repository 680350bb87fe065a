import { randomBytes } from 'node:crypto';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SedgeError } from '../../../src/errors/index.ts';

/** Far more than a record takes; a larger file is damaged. */
const FILE_BYTES_MAX = 1_048_576;
/** Bits that let the group or others read, write or run a file. */
const OTHERS = 0o077;
/** Files under this ending are leftovers of a crash. */
export const DRAFT_ENDING = '.draft';

/**
 * Replaces a file in one step: only its owner can read it, and when this resolves it is durable. A crash leaves the
 * old one or the new one. Rejects with `device.book-failed`.
 */
export async function replacePrivateFile(directory: string, name: string, text: string): Promise<void> {
  const draft = join(directory, `${name}.${randomBytes(6).toString('hex')}${DRAFT_ENDING}`);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, join(directory, name));
    await syncDirectory(directory);
  } catch (cause) {
    await unlink(draft).catch(() => {});
    throw bookFailure(cause, directory);
  }
}

/** Removes a file durably; in peace if there is none. Rejects with `device.book-failed`. */
export async function removeFile(directory: string, name: string): Promise<void> {
  try {
    await unlink(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await syncDirectory(directory);
  } catch (cause) {
    throw bookFailure(cause, directory);
  }
}

/** Reads a file that only its owner may read. Throws `device.book-open` and `device.book-damaged`. */
export async function readPrivateFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw bookFailure(cause, path);
  });
  try {
    const { mode, size } = await file.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new SedgeError('device.book-open', { path, mode: (mode & 0o777).toString(8) });
    }
    if (size > FILE_BYTES_MAX) throw new SedgeError('device.book-damaged', { path });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Removes what a crash left half written. */
export async function removeDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(DRAFT_ENDING)) await unlink(join(directory, name)).catch(() => {});
  }
}

/** A failure of the system as one of the book. */
export function bookFailure(cause: unknown, path: string): SedgeError {
  if (cause instanceof SedgeError) return cause;
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new SedgeError('device.book-failed', { path, reason }, { cause });
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}
