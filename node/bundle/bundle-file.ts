import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSedgeError, SedgeError } from '../../src/errors/index.ts';

/** Ending of a bundle that is still being written. */
const PART_ENDING = '.part';
const READ_BYTES = 262_144;
/** First bytes of every bundle: mark and kind of the header. */
const FIRST_BYTES = Buffer.from([0xf5, 0x73, 0x64, 0x67, 0x00]);

/**
 * Writes a file in one step: under another name, synced, renamed, the directory synced. A stick that is pulled out
 * meanwhile holds what it held before. Throws `cli.output`.
 */
export async function writeFileWhole(
  file: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const part = file + PART_ENDING;
  try {
    await writePart(part, chunks);
    await rename(part, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw isSedgeError(error) ? error : cannotWrite(file, error);
  }
}

async function writePart(
  part: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const handle = await open(part, 'w', 0o600);
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What lies under a name: nothing, a bundle, another file, or what is no file and must never be replaced. */
export async function whatLiesAt(file: string): Promise<'nothing' | 'bundle' | 'other' | 'no-file'> {
  let handle: FileHandle;
  try {
    // First, as opening a pipe waits for its other end.
    if (!(await stat(file)).isFile()) return 'no-file';
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return 'nothing';
    throw cannotWrite(file, error);
  }
  try {
    const first = Buffer.alloc(FIRST_BYTES.length);
    const { bytesRead } = await handle.read(first, 0, first.length, 0);
    return bytesRead === first.length && first.equals(FIRST_BYTES) ? 'bundle' : 'other';
  } catch {
    return 'other';
  } finally {
    await handle.close();
  }
}

/** A file of a bundle, opened. Throws `cli.input`. */
export class BundleSource implements AsyncIterable<Uint8Array> {
  readonly bytes: number;
  readonly #handle: FileHandle;
  /** Bytes handed out. */
  read = 0;
  /** Why reading ended early: a bad sector, a stick that was pulled out. What came before counts. */
  failure: string | null = null;

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.bytes = bytes;
  }

  static async open(file: string): Promise<BundleSource> {
    try {
      const about = await stat(file);
      if (about.isDirectory()) throw new Error('it is a directory; name the bundle in it');
      return new BundleSource(await open(file, 'r'), about.size);
    } catch (error) {
      throw new SedgeError('cli.input', { file, reason: reasonOf(error) }, { cause: error });
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(READ_BYTES);
        const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, null);
        if (bytesRead === 0) return;
        this.read += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } catch (error) {
      this.failure = reasonOf(error);
    } finally {
      await this.#handle.close().catch(() => {});
    }
  }
}

/** A small text file; `null` where there is none. */
export async function readSmallText(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}

/** Some file systems of sticks have no way to sync a directory; the file itself is synced in any case. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function cannotWrite(file: string, error: unknown): SedgeError {
  return new SedgeError('cli.output', { file, reason: reasonOf(error) }, { cause: error });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
