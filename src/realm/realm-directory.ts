import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes, fromBase64Url, toBase64Url } from '../bytes/index.ts';
import { isSedgeError, SedgeError } from '../errors/index.ts';
import { Identity, readKeyFile, writeKeyFile } from '../identity/index.ts';
import { checkGrantChain } from './grant-chain.ts';
import { acceptInvite } from './invitation.ts';
import { grantNode } from './make-grants.ts';
import { anchorOf, createRealm, NETWORK_SECRET_BYTES, type RealmAnchor } from './realm-anchor.ts';
import { isName, requireName } from './realm-name.ts';
import { type ChannelDeclaration, makeRecord } from './realm-record.ts';

/** Names of the files that make a directory a node's. */
export const REALM_FILES = Object.freeze({ identity: 'identity.key', realm: 'realm.json', root: 'root.key' });

const VERSION = 1;
const NO_ROOT = 'the root key is not in this directory';

/** What a directory says of its node and realm. */
export interface RealmDirectory {
  readonly directory: string;
  readonly identity: Identity;
  readonly anchor: RealmAnchor;
  /** The node's own grants, root's first. */
  readonly chain: readonly Uint8Array[];
  /** Multiaddrs from the invitation. */
  readonly addresses: readonly string[];
  readonly nodeName: string;
  /** The realm's root key; `null` where it is not here (most nodes) or kept offline. */
  readonly root: Identity | null;
  /** First realm record, made with the realm; `null` elsewhere. */
  readonly record: Uint8Array | null;
}

/** `realm.json`. */
interface RealmFile {
  readonly version: number;
  readonly realm: string;
  readonly rootKey: string;
  readonly networkSecret: string;
  readonly node: string;
  readonly chain: readonly string[];
  readonly addresses: readonly string[];
  readonly record: string | null;
}

/**
 * Makes a realm and its first node, an admin, in a directory (made 0700 if needed). Throws `realm.exists`,
 * `realm.bad-name`, `realm.bad-record`.
 */
export async function initRealmDirectory(
  directory: string,
  options: {
    readonly realmName: string;
    readonly nodeName: string;
    readonly channels?: readonly ChannelDeclaration[];
    /** @defaultValue this machine's clock */
    readonly nowMs?: number;
  },
): Promise<RealmDirectory> {
  requireName(options.nodeName);
  const issuedAtMs = options.nowMs ?? Date.now();
  const channels = options.channels ?? [];
  const fields = { version: 1, name: options.realmName, channels, shards: 1 };
  const draft = createRealm({ name: options.realmName });
  // Judged before anything is written, so that a bad name or channel leaves nothing behind.
  makeRecord({ anchor: draft.anchor, issuer: draft.root, issuedAtMs, ...fields });
  await prepareDirectory(directory);
  const identity = await ownKey(directory, REALM_FILES.identity, Identity.generate(randomBytes));
  const root = await ownKey(directory, REALM_FILES.root, draft.root);
  const anchor = anchorOf(options.realmName, root.publicKey, draft.anchor.networkSecret);
  const record = makeRecord({ anchor, issuer: root, issuedAtMs, ...fields });
  const chain = grantNode({
    anchor,
    issuer: root,
    subject: identity.publicKey,
    name: options.nodeName,
    role: 'admin',
    issuedAtMs,
  });
  return writeRealm({
    directory,
    identity,
    anchor,
    chain,
    addresses: [],
    nodeName: options.nodeName,
    root,
    record,
  });
}

/**
 * Joins a realm with a token: makes the node's key and grant. Throws `realm.token-malformed`,
 * `realm.token-expired`, `realm.bad-name`, `realm.exists` (the directory is of this realm), `realm.other-realm` (of another one).
 */
export async function joinRealmDirectory(
  directory: string,
  token: string,
  options: { readonly nodeName: string; readonly nowMs: number },
): Promise<RealmDirectory> {
  // Judged with a key of no consequence before anything is written, so that a bad token leaves nothing behind.
  const fresh = Identity.generate(randomBytes);
  const judged = joinAs(fresh, token, options);
  await prepareDirectory(directory, judged.anchor.id);
  const node = await ownKey(directory, REALM_FILES.identity, fresh);
  const { anchor, chain, addresses } = node === fresh ? judged : joinAs(node, token, options);
  return writeRealm({
    directory,
    identity: node,
    anchor,
    chain,
    addresses,
    nodeName: options.nodeName,
    root: null,
    record: null,
  });
}

function joinAs(node: Identity, token: string, options: { nodeName: string; nowMs: number }) {
  const joined = acceptInvite(token, node, options.nodeName, options.nowMs);
  if (!joined.ok) throw new SedgeError(joined.code);
  return joined.value;
}

/** Reads a node's directory. Throws `realm.missing`, `realm.damaged` and the codes of `readKeyFile`. */
export async function readRealmDirectory(directory: string): Promise<RealmDirectory> {
  const file = await readRealmFile(directory);
  if (file === null) throw new SedgeError('realm.missing', { directory });
  const identity = await readKeyFile(join(directory, REALM_FILES.identity));
  const root = await readKeyFile(join(directory, REALM_FILES.root)).catch((error: unknown) => {
    if (isSedgeError(error, 'identity.key-missing')) return null;
    throw error;
  });
  const read = parseRealmFile(file);
  if (read === null) throw new SedgeError('realm.damaged', { directory });
  const grant = checkGrantChain(read.anchor, read.chain);
  if (!grant.ok) throw new SedgeError('realm.damaged', { directory, reason: grant.code });
  if (grant.value.kind !== 'node' || !equalBytes(grant.value.subject, identity.publicKey)) {
    throw new SedgeError('realm.damaged', { directory, reason: `not the grant of ${REALM_FILES.identity}` });
  }
  if (root !== null && !equalBytes(root.publicKey, read.anchor.rootKey)) {
    throw new SedgeError('realm.damaged', { directory, reason: `${REALM_FILES.root} is of another realm` });
  }
  return { directory, identity, root, ...read };
}

/** True if the directory belongs to a realm. */
export async function isRealmDirectory(directory: string): Promise<boolean> {
  return (await readRealmFile(directory)) !== null;
}

/** Copies the root key to a file that only its owner can read. Throws `realm.not-admin` where it is not here. */
export async function backupRoot(directory: string, file: string): Promise<void> {
  const { root } = await readRealmDirectory(directory);
  if (root === null) throw new SedgeError('realm.not-admin', { reason: NO_ROOT });
  await writeKeyFile(file, root);
}

/** Takes the root key out of the directory; back it up first. Throws `realm.not-admin` where it is not here. */
export async function removeRoot(directory: string): Promise<void> {
  await unlink(join(directory, REALM_FILES.root)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    throw new SedgeError('realm.not-admin', { reason: NO_ROOT }, { cause });
  });
}

async function prepareDirectory(directory: string, joining: string | null = null): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (((await stat(directory)).mode & 0o077) !== 0) await chmod(directory, 0o700);
  const file = await readRealmFile(directory);
  if (file === null) return;
  const other = joining !== null && parseRealmFile(file)?.anchor.id !== joining;
  throw new SedgeError(other ? 'realm.other-realm' : 'realm.exists', { directory });
}

/** The key of a file, made from `fresh` if there is none. A key from an attempt that was cut off is used again. */
async function ownKey(directory: string, name: string, fresh: Identity): Promise<Identity> {
  const path = join(directory, name);
  try {
    return await readKeyFile(path);
  } catch (error) {
    if (!isSedgeError(error, 'identity.key-missing')) throw error;
  }
  await writeKeyFile(path, fresh);
  return fresh;
}

/** Written last: a directory without this file is not a node's yet. */
async function writeRealm(realm: RealmDirectory): Promise<RealmDirectory> {
  const { directory, anchor, chain, addresses, nodeName, record } = realm;
  const file: RealmFile = {
    version: VERSION,
    realm: anchor.name,
    rootKey: toBase64Url(anchor.rootKey),
    networkSecret: toBase64Url(anchor.networkSecret),
    node: nodeName,
    chain: chain.map(toBase64Url),
    addresses,
    record: record === null ? null : toBase64Url(record),
  };
  await writeWhole(join(directory, REALM_FILES.realm), `${JSON.stringify(file, null, 2)}\n`);
  return realm;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
  try {
    const file = await open(draft, 'wx', 0o600);
    await file
      .writeFile(text)
      .then(() => file.sync())
      .finally(() => file.close());
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}

async function readRealmFile(directory: string): Promise<unknown> {
  const path = join(directory, REALM_FILES.realm);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw new SedgeError('realm.damaged', { directory }, { cause: error });
  });
  if (text === null) return null;
  try {
    const file: unknown = JSON.parse(text);
    if (file !== null) return file;
  } catch {
    // The parser's text may quote the secret: it does not go on.
  }
  throw new SedgeError('realm.damaged', { directory });
}

function parseRealmFile(
  value: unknown,
): Pick<RealmDirectory, 'anchor' | 'chain' | 'addresses' | 'nodeName' | 'record'> | null {
  const file = value as Partial<RealmFile> | null;
  if (typeof file !== 'object' || file === null || file.version !== VERSION) return null;
  if (!isName(file.realm) || !isName(file.node)) return null;
  const rootKey = bytesOf(file.rootKey, 32);
  const networkSecret = bytesOf(file.networkSecret, NETWORK_SECRET_BYTES);
  const record = file.record === null || file.record === undefined ? null : bytesOf(file.record);
  if (rootKey === null || networkSecret === null) return null;
  if (!Array.isArray(file.chain) || !Array.isArray(file.addresses)) return null;
  const chain = file.chain.map((link) => bytesOf(link));
  if (!chain.every((link) => link !== null)) return null;
  const addresses = file.addresses.filter((address): address is string => typeof address === 'string');
  return {
    anchor: anchorOf(file.realm, rootKey, networkSecret),
    chain,
    addresses,
    nodeName: file.node,
    record,
  };
}

function bytesOf(text: unknown, length?: number): Uint8Array | null {
  const bytes = typeof text === 'string' ? fromBase64Url(text) : null;
  return bytes !== null && (length === undefined || bytes.length === length) ? bytes : null;
}
