import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BundleSource, whatLiesAt } from '../../../node/bundle/bundle-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-bundle-file-'));
});

afterEach(() => rm(directory, { recursive: true }));

test('tells files from what must never be replaced', async () => {
  const file = join(directory, 'letter.txt');
  expect(await whatLiesAt(file)).toBe('nothing');
  await writeFile(file, 'no bundle');
  expect(await whatLiesAt(file)).toBe('other');
  expect(await whatLiesAt(directory)).toBe('no-file');
  expect(await whatLiesAt('/dev/null')).toBe('no-file');
});

test('a directory is not taken for a bundle', async () => {
  await expect(BundleSource.open(directory)).rejects.toMatchObject({
    code: 'cli.input',
    details: { reason: 'it is a directory; name the bundle in it' },
  });
});
