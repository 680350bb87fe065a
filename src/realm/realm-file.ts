import { randomBytes } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromBase64Url, toBase64Url } from '../bytes/index.ts';
import { SedgeError } from '../errors/index.ts';
import { anchorOf, NETWORK_SECRET_BYTES, type RealmAnchor } from './realm-anchor.ts';
import { isName } from './realm-name.ts';

/** What `realm.json` holds. */
export interface RealmFile {
  readonly anchor: RealmAnchor;
  readonly nodeName: string;
  readonly chain: readonly Uint8Array[];
  readonly addresses: readonly string[];
  readonly record: Uint8Array | null;
}

/** Names of the files that make a directory a node's. */
export const REALM_FILES = Object.freeze({ identity: 'identity.key', realm: 'realm.json', root: 'root.key' });

const VERSION = 1;
/** A record of 4,096 channels in base64 and the rest. */
const FILE_BYTES_MAX = 1_048_576;
const OTHERS = 0o077;

/** Writes the file, readable by its owner alone, in one step and durably. */
export async function writeRealmFile(path: string, file: RealmFile): Promise<void> {
  const text = JSON.stringify(
    {
      version: VERSION,
      realm: file.anchor.name,
      rootKey: toBase64Url(file.anchor.rootKey),
      networkSecret: toBase64Url(file.anchor.networkSecret),
      node: file.nodeName,
      chain: file.chain.map(toBase64Url),
      addresses: file.addresses,
      record: file.record === null ? null : toBase64Url(file.record),
    },
    null,
    2,
  );
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${text}\n`).then(() => handle.sync());
    await handle.close();
    await rename(draft, path);
  } catch (error) {
    await handle.close().catch(() => {});
    await unlink(draft).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Reads the file. Throws `realm.missing`, `realm.damaged`, and `identity.key-open` where others can read it: the
 * network's secret is in it.
 */
export async function readRealmFile(path: string): Promise<RealmFile> {
  const parsed = parseRealmFile(await readText(path));
  if (parsed === null) throw new SedgeError('realm.damaged', { path });
  return parsed;
}

/** Makes names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

async function readText(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR';
    const denied = cause.code === 'EACCES' || cause.code === 'EPERM';
    const code = missing ? 'realm.missing' : denied ? 'agent.directory' : 'realm.damaged';
    throw new SedgeError(code, { path }, { cause });
  });
  try {
    const { mode, size } = await file.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new SedgeError('identity.key-open', { path, mode: (mode & 0o777).toString(8) });
    }
    if (size > FILE_BYTES_MAX) throw new SedgeError('realm.damaged', { path });
    return await file.readFile('utf8').catch((cause: unknown) => {
      throw new SedgeError('realm.damaged', { path }, { cause });
    });
  } finally {
    await file.close();
  }
}

function parseRealmFile(text: string): RealmFile | null {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof fields !== 'object' || fields === null || fields.version !== VERSION) return null;
  const { realm: name, node: nodeName } = fields;
  const rootKey = bytesOf(fields.rootKey);
  const networkSecret = bytesOf(fields.networkSecret);
  if (!isName(name) || !isName(nodeName) || rootKey?.length !== 32) return null;
  if (networkSecret?.length !== NETWORK_SECRET_BYTES) return null;
  const anchor = anchorOf(name, rootKey, networkSecret);
  const chain = Array.isArray(fields.chain) ? fields.chain.map(bytesOf) : [null];
  const addresses: readonly unknown[] = Array.isArray(fields.addresses) ? fields.addresses : [null];
  const record = fields.record === null ? null : bytesOf(fields.record);
  if (!chain.every((grant) => grant !== null)) return null;
  if (!addresses.every((address) => typeof address === 'string')) return null;
  return record === null && fields.record !== null ? null : { anchor, nodeName, chain, addresses, record };
}

function bytesOf(value: unknown): Uint8Array | null {
  return typeof value === 'string' ? fromBase64Url(value) : null;
}
