import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes/index.ts';
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
import { NOW_MS } from './realm-world.ts';

let base: string;
let first: string;
let second: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'sedge-realm-'));
  first = join(base, 'first');
  second = join(base, 'second');
});

afterEach(() => rm(base, { recursive: true, force: true }));

function init(directory = first, realmName = 'farm'): Promise<RealmDirectory> {
  return initRealmDirectory(directory, { realmName, nodeName: 'barn', nowMs: NOW_MS });
}

function inviteTo({ anchor, root }: RealmDirectory, expiresAtMs = 0): string {
  const addresses = ['/ip4/10.0.0.1/tcp/7600'];
  return makeInvite({ anchor, issuer: root!, addresses, expiresAtMs, uses: 1, issuedAtMs: NOW_MS }).token;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

function failure(code: string) {
  return expect.objectContaining({ code });
}

describe('initRealmDirectory', () => {
  it('makes a realm, whose first node is an admin, and reads it back', async () => {
    const made = await init();
    const read = await readRealmDirectory(first);
    expect(read.identity.nodeId).toBe(made.identity.nodeId);
    expect(read.root!.nodeId).toBe(made.root!.nodeId);
    expect(read.anchor).toEqual(made.anchor);
    expect(read.nodeName).toBe('barn');
    expect(read.addresses).toEqual([]);
    expect(read.chain.map(toHex)).toEqual(made.chain.map(toHex));
    expect(toHex(read.record!)).toBe(toHex(made.record!));
    expect(checkGrantChain(made.anchor, made.chain)).toMatchObject({
      value: { role: 'admin', name: 'barn' },
    });
  });

  it('keeps all of it from others', async () => {
    await init();
    expect(await modeOf(first)).toBe(0o700);
    expect((await readdir(first)).sort()).toEqual(['identity.key', 'realm.json', 'root.key']);
    for (const name of await readdir(first)) expect(await modeOf(join(first, name)), name).toBe(0o600);
  });

  it('makes the first record with the channels given', async () => {
    const channels = [{ name: 'alarm', filter: 'alarm/#' }];
    const { anchor, record } = await initRealmDirectory(first, {
      realmName: 'farm',
      nodeName: 'barn',
      channels,
    });
    const realm = new Realm(anchor);
    expect(realm.offerRecord(record!).ok).toBe(true);
    expect(realm.channelOf('alarm/door')).toBe('alarm');
  });

  it('refuses a directory of a realm and changes nothing there', async () => {
    await init();
    const before = await readFile(join(first, 'realm.json'), 'utf8');
    await expect(init(first, 'other')).rejects.toEqual(failure('realm.exists'));
    expect(await readFile(join(first, 'realm.json'), 'utf8')).toBe(before);
  });

  it.each([
    ['a realm name', { realmName: '', nodeName: 'barn' }, 'realm.bad-name'],
    ['a node name', { realmName: 'farm', nodeName: 'a\nb' }, 'realm.bad-name'],
    [
      'a channel',
      { realmName: 'farm', nodeName: 'barn', channels: [{ name: 'A', filter: 'a/#' }] },
      'realm.bad-record',
    ],
  ])('leaves no trace where %s is not allowed', async (_, options, code) => {
    await expect(initRealmDirectory(first, options)).rejects.toEqual(failure(code));
    expect(await readdir(base)).toEqual([]);
  });

  it('goes on with the keys that a crash left behind', async () => {
    await mkdir(first);
    const [root, identity] = [Identity.generate(), Identity.generate()];
    await writeKeyFile(join(first, 'root.key'), root);
    await writeKeyFile(join(first, 'identity.key'), identity);
    const made = await init();
    expect(made.identity.nodeId).toBe(identity.nodeId);
    expect((await readRealmDirectory(first)).root!.nodeId).toBe(root.nodeId);
  });

  it('takes the rights of others from a directory that is there already', async () => {
    await mkdir(first);
    await chmod(first, 0o755);
    await init();
    expect(await modeOf(first)).toBe(0o700);
  });

  it('leaves a directory that many share as it is', async () => {
    await mkdir(first);
    await chmod(first, 0o1777);
    await init();
    expect((await stat(first)).mode & 0o1777).toBe(0o1777);
  });
});

describe('joinRealmDirectory', () => {
  it('makes a node of the realm with its own key, and without the root’s', async () => {
    const made = await init();
    const joined = await joinRealmDirectory(second, inviteTo(made), { nodeName: 'shed', nowMs: NOW_MS });
    expect(joined.anchor).toEqual(made.anchor);
    expect(joined.identity.nodeId).not.toBe(made.identity.nodeId);
    const read = await readRealmDirectory(second);
    expect(read).toMatchObject({
      nodeName: 'shed',
      root: null,
      record: null,
      addresses: ['/ip4/10.0.0.1/tcp/7600'],
    });
    expect(read.identity.nodeId).toBe(joined.identity.nodeId);
    expect(await modeOf(second)).toBe(0o700);
    expect(await modeOf(join(second, 'realm.json'))).toBe(0o600);
    const realm = new Realm(made.anchor);
    expect(realm.offerGrantChain(read.chain, { admitting: true }).ok).toBe(true);
  });

  it('refuses a directory of the same realm and of another', async () => {
    const made = await init();
    const token = inviteTo(made);
    await joinRealmDirectory(second, token, { nodeName: 'shed', nowMs: NOW_MS });
    const again = joinRealmDirectory(second, token, { nodeName: 'shed', nowMs: NOW_MS });
    await expect(again).rejects.toEqual(failure('realm.exists'));
    const elsewhere = await init(join(base, 'third'), 'elsewhere');
    const other = joinRealmDirectory(second, inviteTo(elsewhere), { nodeName: 'shed', nowMs: NOW_MS });
    await expect(other).rejects.toEqual(failure('realm.other-realm'));
    expect((await readRealmDirectory(second)).anchor.id).toBe(made.anchor.id);
  });

  it('refuses tokens that are malformed or expired, leaves no trace and names no secret', async () => {
    const made = await init();
    const token = inviteTo(made, NOW_MS + 1);
    const malformed = joinRealmDirectory(second, token.slice(0, -1), { nodeName: 'shed', nowMs: NOW_MS });
    await expect(malformed).rejects.toEqual(failure('realm.token-malformed'));
    const error = await malformed.catch((thrown: unknown) => thrown as Error);
    expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain(token.slice(6, 30));
    const expired = joinRealmDirectory(second, token, { nodeName: 'shed', nowMs: NOW_MS + 1 });
    await expect(expired).rejects.toEqual(failure('realm.token-expired'));
    expect(await readdir(base)).toEqual(['first']);
  });

  it('uses the key that a crash left behind', async () => {
    const made = await init();
    const identity = Identity.generate();
    await mkdir(second);
    await writeKeyFile(join(second, 'identity.key'), identity);
    const joined = await joinRealmDirectory(second, inviteTo(made), { nodeName: 'shed', nowMs: NOW_MS });
    expect(joined.identity.nodeId).toBe(identity.nodeId);
  });
});

describe('readRealmDirectory', () => {
  it('says that there is no realm', async () => {
    expect(await isRealmDirectory(first)).toBe(false);
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('realm.missing'));
    await mkdir(first);
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('realm.missing'));
  });

  it.each([
    ['empty', () => ''],
    ['cut', (text: string) => text.slice(0, 100)],
    ['of another version', (text: string) => text.replace('"version": 1', '"version": 2')],
    ['of no object', () => '[1]'],
    ['null', () => 'null'],
    ['with a realm of no name', (text: string) => text.replace(/"realm": "[^"]*/, '"realm": "')],
    ['with a short secret', (text: string) => text.replace(/"networkSecret": "..../, '"networkSecret": "')],
    ['without a chain', (text: string) => text.replace(/"chain": \[[^\]]*\]/, '"chain": []')],
    ['with a chain that is no text', (text: string) => text.replace(/"chain": \[[^\]]*\]/, '"chain": [1]')],
    [
      'with addresses that are no texts',
      (text: string) => text.replace('"addresses": []', '"addresses": [1]'),
    ],
  ])('finds a file that is %s damaged', async (_, change) => {
    await init();
    const path = join(first, 'realm.json');
    await writeFile(path, change(await readFile(path, 'utf8')));
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('realm.damaged'));
    expect(await isRealmDirectory(first)).toBe(true);
  });

  it('finds a chain of another key damaged', async () => {
    await init();
    await rm(join(first, 'identity.key'));
    await writeKeyFile(join(first, 'identity.key'), Identity.generate());
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('realm.damaged'));
  });

  it('refuses a file that others can read, as the network’s secret is in it', async () => {
    await init();
    await chmod(join(first, 'realm.json'), 0o644);
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('identity.key-open'));
  });

  it('says that the key is missing', async () => {
    await init();
    await rm(join(first, 'identity.key'));
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('identity.key-missing'));
  });

  it('refuses the root key of another realm', async () => {
    await init();
    await rm(join(first, 'root.key'));
    await writeKeyFile(join(first, 'root.key'), Identity.generate());
    await expect(readRealmDirectory(first)).rejects.toEqual(failure('identity.key-unreadable'));
  });
});

describe('The root’s key', () => {
  it('is backed up elsewhere, removed, and still good from there', async () => {
    const made = await init();
    const backup = join(base, 'root-backup.key');
    await backupRoot(first, backup);
    await expect(backupRoot(first, backup)).rejects.toEqual(failure('identity.key-exists'));
    await removeRoot(first);
    await removeRoot(first);
    expect((await readRealmDirectory(first)).root).toBeNull();
    expect(await modeOf(backup)).toBe(0o600);
    const root = await readKeyFile(backup);
    expect(root.nodeId).toBe(made.root!.nodeId);
    await expect(backupRoot(first, join(base, 'x'))).rejects.toEqual(failure('realm.not-admin'));
  });

  it('is not needed for the first node to invite', async () => {
    const { anchor, identity, chain } = await init();
    const invite = { anchor, issuer: identity, issuerChain: chain, addresses: [], expiresAtMs: 0, uses: 1 };
    const token = makeInvite({ ...invite, issuedAtMs: NOW_MS }).token;
    const joined = await joinRealmDirectory(second, token, { nodeName: 'shed', nowMs: NOW_MS });
    expect(checkGrantChain(anchor, joined.chain).ok).toBe(true);
  });
});
