import { randomBytes } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SedgeError } from '../errors/index.ts';
import { Identity } from './identity.ts';

/** A PEM of an Ed25519 key has 119 bytes; what is much larger is no key file. */
const KEY_FILE_BYTES_MAX = 4_096;

/** Bits that let the group or others read, write or run a file. */
const OTHERS = 0o077;

/**
 * Reads a key file (PKCS#8 PEM). Throws `identity.key-missing`, `identity.key-open` where the group or others
 * have any right to the file, and `identity.key-unreadable`.
 */
export async function readKeyFile(path: string): Promise<Identity> {
  const pem = await readPrivateFile(path);
  try {
    return Identity.fromPem(pem);
  } catch {
    // No cause: OpenSSL's texts say nothing more, and nothing of the file may reach an error.
    throw new SedgeError('identity.key-unreadable', { path });
  }
}

async function readPrivateFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    throw new SedgeError(missing ? 'identity.key-missing' : 'identity.key-unreadable', { path }, { cause });
  });
  try {
    // Of the open file, not of the path: nobody can change one for the other in between.
    const { mode, size } = await file.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new SedgeError('identity.key-open', { path, mode: (mode & 0o777).toString(8) });
    }
    if (size > KEY_FILE_BYTES_MAX) throw new SedgeError('identity.key-unreadable', { path });
    return await file.readFile('utf8').catch((cause: unknown) => {
      throw new SedgeError('identity.key-unreadable', { path }, { cause });
    });
  } finally {
    await file.close();
  }
}

/**
 * Writes a key file that only its owner can read and makes it durable. The file appears whole or not at all,
 * and never in place of another: throws `identity.key-exists`.
 */
export async function writeKeyFile(path: string, identity: Identity): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
  try {
    await writeDurably(draft, identity.toPem());
    // A hard link, unlike a rename, fails where the name is taken.
    await link(draft, path);
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw taken ? new SedgeError('identity.key-exists', { path }, { cause }) : cause;
  } finally {
    // Also of a draft that a full disk cut short.
    await unlink(draft).catch(() => {});
  }
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
