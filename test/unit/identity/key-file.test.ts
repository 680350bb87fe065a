import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity, readKeyFile, writeKeyFile } from '../../../src/identity/index.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-key-'));
  path = join(directory, 'identity.key');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function failure(code: string) {
  return expect.objectContaining({ code });
}

describe('A key file', () => {
  it('gives the same key back', async () => {
    const identity = Identity.generate();
    await writeKeyFile(path, identity);
    expect((await readKeyFile(path)).nodeId).toBe(identity.nodeId);
  });

  it('is PKCS#8 PEM that only its owner can read, and nothing else is left beside it', async () => {
    await writeKeyFile(path, Identity.generate());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(await readdir(directory)).toEqual(['identity.key']);
  });

  it('never takes the place of another', async () => {
    const first = Identity.generate();
    await writeKeyFile(path, first);
    await expect(writeKeyFile(path, Identity.generate())).rejects.toEqual(failure('identity.key-exists'));
    expect((await readKeyFile(path)).nodeId).toBe(first.nodeId);
    expect(await readdir(directory)).toEqual(['identity.key']);
  });

  it('is missing where there is none, or no directory', async () => {
    await expect(readKeyFile(path)).rejects.toEqual(failure('identity.key-missing'));
    await expect(readKeyFile(join(path, 'x'))).rejects.toEqual(failure('identity.key-missing'));
  });

  it.each([0o640, 0o604, 0o660, 0o610])(
    'is refused where others have a right to it (mode %o)',
    async (mode) => {
      await writeKeyFile(path, Identity.generate());
      await chmod(path, mode);
      await expect(readKeyFile(path)).rejects.toEqual(failure('identity.key-open'));
    },
  );

  it.each([
    ['empty', ''],
    ['cut', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI'],
    ['another text', 'hello'],
    ['far too large', 'x'.repeat(100_000)],
    ['an RSA key', rsaPem()],
  ])('is unreadable where it is %s', async (_, text) => {
    await writeFile(path, text, { mode: 0o600 });
    await expect(readKeyFile(path)).rejects.toEqual(failure('identity.key-unreadable'));
  });

  it('is unreadable where it is a directory', async () => {
    await chmod(directory, 0o700);
    await expect(readKeyFile(directory)).rejects.toEqual(failure('identity.key-unreadable'));
  });

  it('does not show its content in an error', async () => {
    await writeFile(path, 'MC4CAQAwBQYDK2VwBCIEIsecret', { mode: 0o600 });
    const error = await readKeyFile(path).catch((thrown: unknown) => thrown);
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('secret');
  });
});

function rsaPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}
