import { chmod, mkdir, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { equalBytes } from '../bytes/index.ts';
import { isSedgeError, SedgeError } from '../errors/index.ts';
import { Identity, readKeyFile, writeKeyFile } from '../identity/index.ts';
import { checkGrantChain } from './grant-chain.ts';
import { acceptInvite, readToken } from './invitation.ts';
import { grantNode } from './make-grants.ts';
import { anchorOf, createRealm, type RealmAnchor } from './realm-anchor.ts';
import { REALM_FILES, readRealmFile, syncDirectory, writeRealmFile } from './realm-file.ts';
import { requireName } from './realm-name.ts';
import { type ChannelDeclaration, makeRecord } from './realm-record.ts';

/** Such as /tmp has: many may write there, each only its own. */
const STICKY = 0o1000;

/** What a node's directory says of its realm. */
export interface RealmDirectory {
  readonly directory: string;
  readonly identity: Identity;
  readonly anchor: RealmAnchor;
  /** This node's own grants, from the root's. */
  readonly chain: readonly Uint8Array[];
  /** Multiaddrs of the invitation; empty on the machine that made the realm. */
  readonly addresses: readonly string[];
  readonly nodeName: string;
  /** The root's key while it is kept here. */
  readonly root: Identity | null;
  /** The realm's first record, on the machine that made the realm, for its first publication; else `null`. */
  readonly record: Uint8Array | null;
}

/**
 * Makes a realm and its first node, an admin, in a directory. May be repeated after a crash. Throws
 * `realm.exists`, `realm.bad-name`, `realm.bad-record`, `realm.too-many-channels` and the codes of key files.
 */
export async function initRealmDirectory(
  directory: string,
  options: {
    readonly realmName: string;
    readonly nodeName: string;
    /** @defaultValue none but `main` */
    readonly channels?: readonly ChannelDeclaration[];
    /** @defaultValue this machine's clock */
    readonly nowMs?: number;
  },
): Promise<RealmDirectory> {
  const { realmName, nodeName, channels = [] } = options;
  const issuedAtMs = options.nowMs ?? Date.now();
  requireName(nodeName);
  const draft = createRealm({ name: realmName });
  // Signed before anything is written, so that what is not allowed leaves no trace.
  makeFirstRecord(draft.anchor, draft.root, { realmName, channels, issuedAtMs });
  await refuseRealm(directory, null);
  await makePrivate(directory);
  const root = await readOrWriteKey(join(directory, REALM_FILES.root), draft.root);
  const identity = await readOrWriteKey(join(directory, REALM_FILES.identity), Identity.generate());
  const anchor = anchorOf(realmName, root.publicKey, draft.anchor.networkSecret);
  const record = makeFirstRecord(anchor, root, { realmName, channels, issuedAtMs });
  const chain = grantNode({
    anchor,
    issuer: root,
    subject: identity.publicKey,
    role: 'admin',
    name: nodeName,
    issuedAtMs,
  });
  await writeRealmFile(join(directory, REALM_FILES.realm), {
    anchor,
    nodeName,
    chain,
    addresses: [],
    record,
  });
  return { directory, identity, anchor, chain, addresses: [], nodeName, root, record };
}

/**
 * Joins the realm of a token with a new node. May be repeated after a crash. Throws `realm.token-malformed`,
 * `realm.token-expired`, `realm.exists` where the directory belongs to this realm, `realm.other-realm` where it
 * belongs to another, `realm.bad-name` and the codes of key files.
 */
export async function joinRealmDirectory(
  directory: string,
  token: string,
  options: { readonly nodeName: string; readonly nowMs: number },
): Promise<RealmDirectory> {
  const { nodeName, nowMs } = options;
  requireName(nodeName);
  const invitation = readToken(token);
  if (!invitation.ok) throw new SedgeError(invitation.code);
  await refuseRealm(directory, invitation.value.anchor.id);
  // Before anything is written: an invitation that is refused leaves no trace.
  const trial = acceptInvite(token, Identity.generate(), nodeName, nowMs);
  if (!trial.ok) throw new SedgeError(trial.code);
  await makePrivate(directory);
  const identity = await readOrWriteKey(join(directory, REALM_FILES.identity), Identity.generate());
  const accepted = acceptInvite(token, identity, nodeName, nowMs);
  if (!accepted.ok) throw new SedgeError(accepted.code);
  const { anchor, chain, addresses } = accepted.value;
  await writeRealmFile(join(directory, REALM_FILES.realm), {
    anchor,
    nodeName,
    chain,
    addresses,
    record: null,
  });
  return { directory, identity, anchor, chain, addresses, nodeName, root: null, record: null };
}

/**
 * Reads what a directory says of its realm. Throws `realm.missing`, `realm.damaged` (also where the chain is not
 * this key's), and the codes of key files.
 */
export async function readRealmDirectory(directory: string): Promise<RealmDirectory> {
  const file = await readRealmFile(join(directory, REALM_FILES.realm));
  const identity = await readKeyFile(join(directory, REALM_FILES.identity));
  const grant = checkGrantChain(file.anchor, file.chain);
  if (!grant.ok || grant.value.kind !== 'node' || !equalBytes(grant.value.subject, identity.publicKey)) {
    throw new SedgeError('realm.damaged', { path: join(directory, REALM_FILES.realm) });
  }
  const root = await readRoot(directory);
  if (root !== null && !equalBytes(root.publicKey, file.anchor.rootKey)) {
    throw new SedgeError('identity.key-unreadable', { path: join(directory, REALM_FILES.root) });
  }
  return { ...file, directory, identity, root };
}

/** True if the directory belongs to a realm, whether or not it can be read. */
export async function isRealmDirectory(directory: string): Promise<boolean> {
  try {
    await readRealmFile(join(directory, REALM_FILES.realm));
    return true;
  } catch (error) {
    return !isSedgeError(error, 'realm.missing');
  }
}

/**
 * Writes a copy of the root's key to a file elsewhere, readable by its owner alone; `readKeyFile` reads it. Throws
 * `realm.not-admin` where the root's key is not kept in the directory, and `identity.key-exists`.
 */
export async function backupRoot(directory: string, file: string): Promise<void> {
  const { root } = await readRealmDirectory(directory);
  if (root === null)
    throw new SedgeError('realm.not-admin', { reason: 'the root key is not in this directory' });
  await writeKeyFile(file, root);
}

/** Removes the root's key from the directory, for good: back it up before. No error where there is none. */
export async function removeRoot(directory: string): Promise<void> {
  try {
    await unlink(join(directory, REALM_FILES.root));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await syncDirectory(directory);
}

async function readRoot(directory: string): Promise<Identity | null> {
  try {
    return await readKeyFile(join(directory, REALM_FILES.root));
  } catch (error) {
    if (isSedgeError(error, 'identity.key-missing')) return null;
    throw error;
  }
}

/** Throws where the directory belongs to a realm; which code says whether it is the one asked for. */
async function refuseRealm(directory: string, realmId: string | null): Promise<void> {
  try {
    const { anchor } = await readRealmFile(join(directory, REALM_FILES.realm));
    const other = realmId !== null && anchor.id !== realmId;
    throw new SedgeError(other ? 'realm.other-realm' : 'realm.exists', { realm: anchor.name });
  } catch (error) {
    if (!isSedgeError(error, 'realm.missing')) throw error;
  }
}

/** Makes the directory its owner's alone, unless it is clearly not sedge's: shared, another's, or a home. */
async function makePrivate(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(directory);
  const shared = (mode & STICKY) !== 0 || (process.getuid !== undefined && uid !== process.getuid());
  if (!shared && resolve(directory) !== homedir()) await chmod(directory, 0o700);
}

/** The key that a crash left behind, or else the new one, written. */
async function readOrWriteKey(path: string, fresh: Identity): Promise<Identity> {
  try {
    return await readKeyFile(path);
  } catch (error) {
    if (!isSedgeError(error, 'identity.key-missing')) throw error;
  }
  await writeKeyFile(path, fresh);
  return fresh;
}

function makeFirstRecord(
  anchor: RealmAnchor,
  root: Identity,
  fields: {
    readonly realmName: string;
    readonly channels: readonly ChannelDeclaration[];
    readonly issuedAtMs: number;
  },
): Uint8Array {
  const { realmName, channels, issuedAtMs } = fields;
  return makeRecord({ anchor, issuer: root, version: 1, name: realmName, channels, shards: 1, issuedAtMs });
}
