import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeId } from '../../../src/identity/index.ts';
import { type AddressBookRow, fileAddressBook } from '../../../src/overlay/index.ts';

const ROW: AddressBookRow = {
  node: '12D3KooWSx8d4GaoUygQNJRCSCfTwPG9dJvC7pK86SevYQS1krvr' as NodeId,
  addresses: ['/ip4/10.0.0.2/tcp/7600'],
  source: 'invitation',
  lastConnectedMs: 1_700_000_000_000,
};

describe('the address book in a file', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-address-book-'));
    path = join(directory, 'peers.json');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('gives back what it was given, and leaves one file that others cannot read', async () => {
    const rows: AddressBookRow[] = [ROW, { ...ROW, node: null, source: 'given', lastConnectedMs: null }];
    await fileAddressBook(path).save(rows);
    expect(await fileAddressBook(path).load()).toEqual(rows);
    expect(await readdir(directory)).toEqual(['peers.json']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{', 'null', '{"node":1}', '[1, null, {}, {"node":5}]'])(
    'is empty where the file is %j',
    async (text) => {
      await writeFile(path, text);
      expect(await fileAddressBook(path).load()).toEqual([]);
    },
  );

  it('is empty where there is no file', async () => {
    expect(await fileAddressBook(path).load()).toEqual([]);
  });

  it('leaves out rows that are none, and keeps the others', async () => {
    const bad = [
      { ...ROW, source: 'magic' },
      { ...ROW, addresses: [] },
      { ...ROW, addresses: 'x' },
      { ...ROW, node: 7 },
    ];
    await writeFile(path, JSON.stringify([...bad, ROW]));
    expect(await fileAddressBook(path).load()).toEqual([ROW]);
  });
});
