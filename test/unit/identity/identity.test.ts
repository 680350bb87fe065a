import { generateKeyPairSync } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes/index.ts';
import { verifySignature } from '../../../src/cose/index.ts';
import { Identity, nodeIdOf, publicKeyOf, readKeyFile, writeKeyFile } from '../../../src/identity/index.ts';

const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe('an identity', () => {
  it('has the key and signature of RFC 8032, section 7.1, test 2', () => {
    const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
    const identity = Identity.fromSeed(seed);
    expect(toHex(identity.publicKey)).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    expect(toHex(identity.sign(Uint8Array.of(0x72)))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(toHex(identity.seed)).toBe(toHex(seed));
  });

  it('has the node id that libp2p gives as peer id to the same key', async () => {
    for (let byte = 0; byte < 20; byte++) {
      const theirs = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seedOf(byte)));
      expect(Identity.fromSeed(seedOf(byte)).nodeId).toBe(theirs.toString());
    }
  });

  it('comes back from its PEM', () => {
    const identity = Identity.generate();
    const again = Identity.fromPem(identity.toPem());
    expect(again.nodeId).toBe(identity.nodeId);
    expect(verifySignature(identity.publicKey, seedOf(1), again.sign(seedOf(1)))).toBe(true);
  });

  it('is a new one at each call', () => {
    expect(Identity.generate().nodeId).not.toBe(Identity.generate().nodeId);
  });

  it('does not show its secret when it is printed or turned into JSON', () => {
    const identity = Identity.fromSeed(seedOf(0xab));
    expect(JSON.stringify(identity)).not.toMatch(/(ab){8}|171,171|q6urq6ur/);
    expect(Object.keys(identity)).toEqual(expect.not.arrayContaining(['seed']));
  });
});

describe('a node id', () => {
  it('holds its public key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(toHex(publicKeyOf(nodeIdOf(key))!)).toBe(toHex(key));
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a beginning of an id', Identity.fromSeed(seedOf(1)).nodeId.slice(0, -1)],
    ['an id with one more character', `${Identity.fromSeed(seedOf(1)).nodeId}1`],
    ['a character outside base58', Identity.fromSeed(seedOf(1)).nodeId.replace(/.$/, '0')],
    ['the id of an RSA key', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    ['the id of a secp256k1 key', '16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs'],
    ['a long text', '1'.repeat(10_000)],
  ])('is none: %s', (_what, text) => {
    expect(publicKeyOf(text)).toBeNull();
  });

  it('is not made of a key of another length', () => {
    expect(() => nodeIdOf(new Uint8Array(31))).toThrow('bug');
    expect(() => nodeIdOf(new Uint8Array(33))).toThrow('bug');
  });
});

describe('a key file', () => {
  let directory = '';
  let path = '';
  const identity = Identity.fromSeed(seedOf(9));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-key-'));
    path = join(directory, 'identity.key');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('comes back as the same identity', async () => {
    await writeKeyFile(path, identity);
    expect((await readKeyFile(path)).nodeId).toBe(identity.nodeId);
  });

  it("is its owner's alone, whatever the umask allows, and nothing is left beside it", async () => {
    const before = process.umask(0);
    try {
      await writeKeyFile(path, identity);
    } finally {
      process.umask(before);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['identity.key']);
  });

  it.each([0o640, 0o604, 0o660, 0o644, 0o610, 0o601])('of mode %o is refused', async (mode) => {
    await writeKeyFile(path, identity);
    await chmod(path, mode);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'identity.key-open' });
  });

  it('read through a link is judged by the file behind it', async () => {
    await writeKeyFile(path, identity);
    await symlink(path, join(directory, 'link'));
    expect((await readKeyFile(join(directory, 'link'))).nodeId).toBe(identity.nodeId);
    await chmod(path, 0o644);
    await expect(readKeyFile(join(directory, 'link'))).rejects.toMatchObject({ code: 'identity.key-open' });
  });

  it('that is not there is missing', async () => {
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'identity.key-missing' });
    await expect(readKeyFile(join(path, 'below', 'nothing'))).rejects.toMatchObject({
      code: 'identity.key-missing',
    });
  });

  it('is never overwritten', async () => {
    await writeKeyFile(path, identity);
    const before = await readFile(path, 'utf8');
    await expect(writeKeyFile(path, Identity.generate())).rejects.toMatchObject({
      code: 'identity.key-exists',
    });
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(directory)).toEqual(['identity.key']);
  });

  it('is written by one of two that try at once, and by that one whole', async () => {
    const [a, b] = [Identity.generate(), Identity.generate()];
    const results = await Promise.allSettled([writeKeyFile(path, a), writeKeyFile(path, b)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = results[0]!.status === 'fulfilled' ? a : b;
    expect((await readKeyFile(path)).nodeId).toBe(winner.nodeId);
  });

  it('cut at any length is unreadable and not another key', async () => {
    const pem = identity.toPem();
    for (let length = 0; length < pem.trimEnd().length; length++) {
      await writeFile(path, pem.slice(0, length), { mode: 0o600 });
      await expect(readKeyFile(path), `${length} bytes`).rejects.toMatchObject({
        code: 'identity.key-unreadable',
      });
    }
  });

  it('of a write that was cut off does not hinder the next', async () => {
    const draft = `${path}.0123456789ab.draft`;
    await writeFile(draft, identity.toPem(), { mode: 0o600 });
    await truncate(draft, 40);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'identity.key-missing' });
    await writeKeyFile(path, identity);
    expect((await readKeyFile(path)).nodeId).toBe(identity.nodeId);
  });

  it.each([
    ['no PEM', () => 'hello'],
    ['a public key', () => generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })],
    [
      'a key of another curve',
      () => generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
    ],
    [
      'an RSA key',
      () =>
        generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
          format: 'pem',
          type: 'pkcs8',
        }),
    ],
    [
      'a key under a passphrase',
      () =>
        generateKeyPairSync('ed25519').privateKey.export({
          format: 'pem',
          type: 'pkcs8',
          cipher: 'aes-256-cbc',
          passphrase: 'x',
        }),
    ],
    ['more than 4 KiB', () => `${identity.toPem()}${'\n'.repeat(5_000)}`],
  ])('that holds %s is unreadable', async (_what, text) => {
    await writeFile(path, text(), { mode: 0o600 });
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'identity.key-unreadable' });
  });

  it('that is a directory is unreadable', async () => {
    await mkdir(path, { mode: 0o700 });
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'identity.key-unreadable' });
  });

  it('tells nothing of its content in an error', async () => {
    const pem = identity.toPem();
    await writeFile(path, pem.slice(0, 90), { mode: 0o600 });
    const error = await readKeyFile(path).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(`${error?.message} ${JSON.stringify(error)} ${String(error?.cause)}`).not.toContain(
      pem.slice(30, 60),
    );
  });
});
