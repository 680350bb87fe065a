import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromBase64Url, toBase64Url } from '../bytes/index.ts';
import { isSedgeError, SedgeError } from '../errors/index.ts';
import { Identity, readKeyFile, writeKeyFile } from '../identity/index.ts';
import { checkGrantChain } from './grant-chain.ts';
import { acceptInvite, readToken } from './invitation.ts';
import { grantNode } from './make-grants.ts';
import { anchorOf, createRealm, NETWORK_SECRET_BYTES, type RealmAnchor } from './realm-anchor.ts';
import { isName, requireName } from './realm-name.ts';
import { type ChannelDeclaration, makeRecord } from './realm-record.ts';

/** Names of the files that make a directory a node's. */
export const REALM_FILES = Object.freeze({ identity: 'identity.key', realm: 'realm.json', root: 'root.key' });

const VERSION = 1;

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
  const { anchor, root } = createRealm({ name: options.realmName });
  const channels = options.channels ?? [];
  const fields = { version: 1, name: options.realmName, channels, shards: 1 };
  const record = makeRecord({ anchor, issuer: root, issuedAtMs, ...fields });
  await prepareDirectory(directory);
  const identity = await ownIdentity(directory);
  const chain = grantNode({
    anchor,
    issuer: root,
    subject: identity.publicKey,
    name: options.nodeName,
    role: 'admin',
    issuedAtMs,
  });
  await writeKeyFile(join(directory, REALM_FILES.root), root);
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
 * `realm.token-expired`, `realm.exists` (the directory is of this realm), `realm.other-realm` (of another one).
 */
export async function joinRealmDirectory(
  directory: string,
  token: string,
  options: { readonly nodeName: string; readonly nowMs: number },
): Promise<RealmDirectory> {
  const invitation = readToken(token);
  if (!invitation.ok) throw new SedgeError(invitation.code);
  await prepareDirectory(directory, invitation.value.anchor.id);
  // Judged before a key is made, so that a bad token leaves nothing behind.
  const identity = await existingIdentity(directory);
  const node = identity ?? Identity.generate(randomBytes);
  const joined = acceptInvite(token, node, options.nodeName, options.nowMs);
  if (!joined.ok) throw new SedgeError(joined.code);
  if (identity === null) await writeKeyFile(join(directory, REALM_FILES.identity), node);
  const { anchor, chain, addresses } = joined.value;
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
  return { directory, identity, root, ...read };
}

/** True if the directory belongs to a realm. */
export async function isRealmDirectory(directory: string): Promise<boolean> {
  return (await readRealmFile(directory)) !== null;
}

/** Copies the root key to a file that only its owner can read. Throws `realm.not-admin` where it is not here. */
export async function backupRoot(directory: string, file: string): Promise<void> {
  const { root } = await readRealmDirectory(directory);
  if (root === null)
    throw new SedgeError('realm.not-admin', { reason: 'the root key is not in this directory' });
  await writeKeyFile(file, root);
}

/** Takes the root key out of the directory; back it up first. */
export async function removeRoot(directory: string): Promise<void> {
  await unlink(join(directory, REALM_FILES.root));
}

async function prepareDirectory(directory: string, joining: string | null = null): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (((await stat(directory)).mode & 0o077) !== 0) await chmod(directory, 0o700);
  const file = await readRealmFile(directory);
  if (file === null) return;
  const other = joining !== null && parseRealmFile(file)?.anchor.id !== joining;
  throw new SedgeError(other ? 'realm.other-realm' : 'realm.exists', { directory });
}

/** A key from an attempt that was cut off is used again. */
async function ownIdentity(directory: string): Promise<Identity> {
  const existing = await existingIdentity(directory);
  if (existing !== null) return existing;
  const identity = Identity.generate(randomBytes);
  await writeKeyFile(join(directory, REALM_FILES.identity), identity);
  return identity;
}

async function existingIdentity(directory: string): Promise<Identity | null> {
  try {
    return await readKeyFile(join(directory, REALM_FILES.identity));
  } catch (error) {
    if (isSedgeError(error, 'identity.key-missing')) return null;
    throw error;
  }
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
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
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
    return JSON.parse(text);
  } catch {
    // The parser's text may quote the secret.
    throw new SedgeError('realm.damaged', { directory });
  }
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
