import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity, readKeyFile, writeKeyFile } from '../../../src/identity/index.ts';
import {
  backupRoot,
  checkGrantChain,
  initRealmDirectory,
  isRealmDirectory,
  joinRealmDirectory,
  makeInvite,
  Realm,
  type RealmDirectory,
  readRealmDirectory,
  removeRoot,
} from '../../../src/realm/index.ts';
import { HOUR_MS, NOW_MS } from './sample-realm.ts';

let base = '';
let directory = '';
let other = '';

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'sedge-realm-'));
  directory = join(base, 'first');
  other = join(base, 'second');
});
afterEach(() => rm(base, { recursive: true, force: true }));

const init = (path = directory): Promise<RealmDirectory> =>
  initRealmDirectory(path, { realmName: 'yard', nodeName: 'gate', nowMs: NOW_MS });
const join_ = (path: string, token: string, nowMs = NOW_MS): Promise<RealmDirectory> =>
  joinRealmDirectory(path, token, { nodeName: 'barn', nowMs });

function tokenOf({ anchor, root }: RealmDirectory): string {
  const addresses = ['/ip4/10.0.0.1/tcp/7600'];
  return makeInvite({
    anchor,
    issuer: root!,
    addresses,
    expiresAtMs: NOW_MS + HOUR_MS,
    uses: 1,
    issuedAtMs: NOW_MS,
  }).token;
}

const withCode = (code: string) => expect.objectContaining({ code });

async function modesOf(path: string): Promise<Record<string, string>> {
  const modes: Record<string, string> = {};
  for (const name of await readdir(path))
    modes[name] = ((await stat(join(path, name))).mode & 0o777).toString(8);
  return modes;
}

/** One form for comparing. */
function plain({ identity, root, chain, record, ...rest }: RealmDirectory): unknown {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const keys = { identity: identity.nodeId, root: root?.nodeId ?? null };
  return { ...rest, ...keys, chain: chain.map(hex), record: record === null ? null : hex(record) };
}

describe('a new realm', () => {
  it('is read back as it was made, with its first node as admin', async () => {
    const made = await init();
    const read = await readRealmDirectory(directory);
    expect(plain(read)).toEqual(plain(made));
    const realm = new Realm(read.anchor);
    expect(realm.offerGrantChain(read.chain).ok).toBe(true);
    expect(realm.offerRecord(read.record!).ok).toBe(true);
    expect(realm.standing(read.identity.nodeId)).toMatchObject({
      status: 'granted',
      role: 'admin',
      name: 'gate',
    });
    expect([realm.name, realm.recordVersion]).toEqual(['yard', 1]);
    expect(await isRealmDirectory(directory)).toBe(true);
  });

  it("is its owner's alone, and nothing else is in the directory", async () => {
    await init();
    expect(((await stat(directory)).mode & 0o777).toString(8)).toBe('700');
    expect(await modesOf(directory)).toEqual({
      'identity.key': '600',
      'realm.json': '600',
      'root.key': '600',
    });
  });

  it('closes a directory that was open', async () => {
    await mkdir(directory, { mode: 0o755 });
    await init();
    expect(((await stat(directory)).mode & 0o777).toString(8)).toBe('700');
  });

  it('differs from every other', async () => {
    const [a, b] = [await init(), await init(other)];
    expect(a.anchor.id).not.toBe(b.anchor.id);
    expect(a.anchor.networkSecret).not.toEqual(b.anchor.networkSecret);
  });

  it('is not made over another', async () => {
    const { anchor } = await init();
    await expect(init()).rejects.toEqual(withCode('realm.exists'));
    expect((await readRealmDirectory(directory)).anchor.id).toBe(anchor.id);
  });

  it('is made in the directory of an attempt that was cut off at any point', async () => {
    for (const left of [[], ['identity.key'], ['identity.key', 'root.key'], ['root.key']]) {
      const path = join(base, left.join('-') || 'empty');
      await init(path);
      for (const name of await readdir(path)) if (!left.includes(name)) await rm(join(path, name));
      expect(await isRealmDirectory(path)).toBe(false);
      const again = await init(path);
      expect((await readRealmDirectory(path)).anchor.id).toBe(again.anchor.id);
    }
  });

  it.each([
    ['a bad realm name', { realmName: '', nodeName: 'gate' }, 'realm.bad-name'],
    ['a bad node name', { realmName: 'yard', nodeName: 'a\nb' }, 'realm.bad-name'],
    [
      'a bad channel',
      { realmName: 'yard', nodeName: 'gate', channels: [{ name: 'main', filter: 'a/#' }] },
      'realm.bad-record',
    ],
  ])('of %s leaves nothing behind', async (_what, options, code) => {
    await expect(initRealmDirectory(directory, options)).rejects.toEqual(withCode(code));
    expect(await readdir(base)).toEqual([]);
  });
});

describe('joining', () => {
  it('makes a node of the realm with a key of its own', async () => {
    const made = await init();
    const joined = await join_(other, tokenOf(made));
    const read = await readRealmDirectory(other);
    expect(read.anchor).toEqual(made.anchor);
    expect(read.identity.nodeId).toBe(joined.identity.nodeId);
    expect(read).toMatchObject({
      root: null,
      record: null,
      nodeName: 'barn',
      addresses: ['/ip4/10.0.0.1/tcp/7600'],
    });
    const grant = checkGrantChain(made.anchor, read.chain);
    expect(grant.ok && grant.value).toMatchObject({ name: 'barn', role: 'member', issuedAtMs: NOW_MS });
    expect(await modesOf(other)).toEqual({ 'identity.key': '600', 'realm.json': '600' });
  });

  it.each<[string, (token: string) => [string, number], string]>([
    ['a token that is cut', (token) => [token.slice(0, -3), NOW_MS], 'realm.token-malformed'],
    ['a token that has expired', (token) => [token, NOW_MS + HOUR_MS], 'realm.token-expired'],
  ])('with %s leaves nothing behind', async (_what, attempt, code) => {
    const token = tokenOf(await init());
    await expect(join_(other, ...attempt(token))).rejects.toEqual(withCode(code));
    expect(await readdir(base)).toEqual(['first']);
  });

  it('the realm of the directory again, or another one, is refused', async () => {
    const made = await init();
    const foreign = await init(other);
    await expect(join_(directory, tokenOf(made))).rejects.toEqual(withCode('realm.exists'));
    await expect(join_(directory, tokenOf(foreign))).rejects.toEqual(withCode('realm.other-realm'));
    expect((await readRealmDirectory(directory)).anchor.id).toBe(made.anchor.id);
  });

  it('uses the key of an attempt that was cut off', async () => {
    const made = await init();
    await mkdir(other, { mode: 0o700 });
    const identity = Identity.generate();
    await writeKeyFile(join(other, 'identity.key'), identity);
    const joined = await join_(other, tokenOf(made));
    expect(joined.identity.nodeId).toBe(identity.nodeId);
    expect((await readRealmDirectory(other)).identity.nodeId).toBe(identity.nodeId);
  });

  it('does not pass over a damaged key', async () => {
    const made = await init();
    await mkdir(other, { mode: 0o700 });
    await writeFile(join(other, 'identity.key'), 'damaged', { mode: 0o600 });
    await expect(join_(other, tokenOf(made))).rejects.toEqual(withCode('identity.key-unreadable'));
    expect(await readFile(join(other, 'identity.key'), 'utf8')).toBe('damaged');
  });
});

describe('reading', () => {
  it('a directory that is empty, or not there, says that it has no realm', async () => {
    await expect(readRealmDirectory(directory)).rejects.toEqual(withCode('realm.missing'));
    expect(await isRealmDirectory(directory)).toBe(false);
    await mkdir(directory);
    await expect(readRealmDirectory(directory)).rejects.toEqual(withCode('realm.missing'));
  });

  it.each<[string, (file: Record<string, unknown>) => unknown]>([
    ['null', () => null],
    ['a list', () => []],
    ['a number', () => 5],
    ['another version', (file) => ({ ...file, version: 2 })],
    ['no realm name', (file) => ({ ...file, realm: '' })],
    ['no node name', (file) => ({ ...file, node: 7 })],
    ['a short root key', (file) => ({ ...file, rootKey: 'AAAA' })],
    ['no network secret', (file) => ({ ...file, networkSecret: undefined })],
    ['no chain', (file) => ({ ...file, chain: [] })],
    ['a chain that is text', (file) => ({ ...file, chain: 'x' })],
    ['a chain of something else', (file) => ({ ...file, chain: [1] })],
    [
      'a chain that is damaged',
      (file) => ({ ...file, chain: (file.chain as string[]).map((link) => link.slice(0, -4)) }),
    ],
    ['no addresses', (file) => ({ ...file, addresses: null })],
  ])('a realm file that holds %s says that it is damaged', async (_what, change) => {
    await init();
    const path = join(directory, 'realm.json');
    const file = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(change(file)));
    await expect(readRealmDirectory(directory)).rejects.toEqual(withCode('realm.damaged'));
    await expect(init()).rejects.toEqual(
      expect.objectContaining({ code: expect.stringMatching(/^realm\.(exists|damaged)$/) }),
    );
  });

  it('a realm file cut at any length says that it is damaged and shows nothing of it', async () => {
    const { anchor } = await init();
    const path = join(directory, 'realm.json');
    const whole = (await readFile(path, 'utf8')).trimEnd();
    for (let length = 0; length < whole.length; length += 3) {
      await writeFile(path, whole.slice(0, length));
      const error = await readRealmDirectory(directory).catch((reason: Error) => reason);
      expect(error).toEqual(withCode('realm.damaged'));
      const secret = Buffer.from(anchor.networkSecret).toString('base64url').slice(0, 12);
      expect(`${error} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain(secret);
    }
  });

  it.each([
    ['identity.key', 'is missing', (path: string) => rm(path), 'identity.key-missing'],
    ['identity.key', 'can be read by others', (path: string) => chmod(path, 0o640), 'identity.key-open'],
    ['identity.key', 'is damaged', (path: string) => writeFile(path, 'x'), 'identity.key-unreadable'],
    ['root.key', 'can be read by others', (path: string) => chmod(path, 0o644), 'identity.key-open'],
    ['root.key', 'is damaged', (path: string) => writeFile(path, 'x'), 'identity.key-unreadable'],
    [
      'identity.key',
      'is of another node',
      (path: string) => writeFile(path, Identity.generate().toPem()),
      'realm.damaged',
    ],
    [
      'root.key',
      'is of another realm',
      (path: string) => writeFile(path, Identity.generate().toPem()),
      'identity.key-unreadable',
    ],
  ])('a directory whose %s %s says so', async (name, _what, harm, code) => {
    await init();
    await harm(join(directory, name));
    await expect(readRealmDirectory(directory)).rejects.toEqual(withCode(code));
  });
});

describe('the root key', () => {
  it('can be backed up to a file of its own and taken away', async () => {
    const { root, anchor } = await init();
    const backup = join(base, 'root-backup.key');
    await backupRoot(directory, backup);
    expect((await readKeyFile(backup)).nodeId).toBe(root!.nodeId);
    expect(((await stat(backup)).mode & 0o777).toString(8)).toBe('600');
    await removeRoot(directory);
    const read = await readRealmDirectory(directory);
    expect(read.root).toBeNull();
    expect(read.anchor.id).toBe(anchor.id);
  });

  it('is not backed up over a file', async () => {
    await init();
    const backup = join(base, 'taken');
    await writeFile(backup, 'precious');
    await expect(backupRoot(directory, backup)).rejects.toEqual(withCode('identity.key-exists'));
    expect(await readFile(backup, 'utf8')).toBe('precious');
  });

  it('that is not here cannot be backed up, and may be taken away again', async () => {
    await init();
    await removeRoot(directory);
    await expect(backupRoot(directory, join(base, 'backup'))).rejects.toEqual(withCode('realm.not-admin'));
    await removeRoot(directory);
    expect(await readdir(base)).toEqual(['first']);
  });

  it('of a directory without a realm cannot be backed up', async () => {
    await expect(backupRoot(directory, join(base, 'backup'))).rejects.toEqual(withCode('realm.missing'));
  });
});
