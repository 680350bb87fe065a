import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';

/** Bytes of a device's key. */
const KEY_BYTES = 16;
/** More than any way of writing a key takes. */
const FILE_BYTES_MAX = 256;
const OTHERS = 0o077;

/**
 * A device's key from a file or, with `-`, from stdin: 32 hexadecimal digits, base64, or 16 bytes as they are. Never
 * from the command line, which every user of the machine can read. Throws `cli.input`.
 */
export async function readDeviceKey(context: CommandContext, file: string): Promise<Uint8Array> {
  const bytes = file === '-' ? await readStdin(context) : await readFile(context, file);
  const key = keyIn(bytes);
  if (key !== null) return key;
  const reason = 'it holds no key: 32 hexadecimal digits, base64 of 16 bytes, or 16 bytes';
  throw new SedgeError('cli.input', { file, reason });
}

function keyIn(bytes: Buffer): Uint8Array | null {
  if (bytes.length === KEY_BYTES) return Uint8Array.from(bytes);
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{32}$/i.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  if (/^[A-Za-z0-9+/]{22}(==)?$/.test(text)) return Uint8Array.from(Buffer.from(text, 'base64'));
  return null;
}

async function readFile(context: CommandContext, path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const stats = await file.stat();
      if (stats.isDirectory()) throw new Error('it is no file');
      const { mode } = stats;
      if ((mode & OTHERS) !== 0) context.note(`others can read ${path}: "chmod 600 ${path}"`);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('cli.input', { file: path, reason }, { cause: error });
  }
}

async function readStdin(context: CommandContext): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of context.io.stdin as AsyncIterable<Buffer>) {
    parts.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > FILE_BYTES_MAX) break;
  }
  return Buffer.concat(parts).subarray(0, FILE_BYTES_MAX);
}
