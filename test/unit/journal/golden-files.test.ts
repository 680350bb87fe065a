import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EpochId } from '../../../src/entry/index.ts';
import { silentLog } from '../../../src/errors/index.ts';
import {
  CursorFile,
  MemoryDisk,
  OwnLog,
  type VerifiedItem,
  verifyJournalDirectory,
} from '../../../src/journal/index.ts';
import { DIRECTORY, makeJournal, other, self } from './journal-world.ts';
import { sampleEntry, sampleFacts } from './sample-entries.ts';

const VECTORS = new URL('../../vectors/journal/', import.meta.url);
const GOLDEN = [
  'own-000000000000001.segment',
  'own-000000000000001.index',
  'carried-000000000000002.segment',
  'carried-000000000000002.index',
  'state',
  'numbers',
];

/** What 0.1 wrote and this version still reads; what it writes itself has its own vectors. */
const WRITTEN_AS: Readonly<Record<string, string>> = {
  'own-000000000000001.index': 'own-000000000000001.index-2',
  'carried-000000000000002.index': 'carried-000000000000002.index-2',
};

/** A directory in which everything is fixed. */
async function sampleDirectory(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  let byte = 0;
  const random = () => (byte++ % 256) / 256;
  const { journal } = makeJournal(disk, { segmentBytes: 1_000, random });
  await journal.start();
  const own = new OwnLog(
    { self, block: 256 },
    { disk, journal, randomBytes: (n) => new Uint8Array(n).fill(0xe0), log: silentLog },
  );
  await own.open();
  const facts = { receivedAtMs: 1_790_000_000_123, ageMs: 4_567, verifiedBy: 'chain' as const };
  for (let at = 0; at < 3; at++) {
    const taken = own.take(2)!;
    const published = { producer: 'feeder', n: taken.seq };
    journal.append(sampleEntry({ author: self, ...taken, ...published, payloadBytes: 60 }), {
      ...facts,
      source: 'own',
    });
    const skip = at === 2 ? 3 : 0;
    const seq = 5 + at * 7;
    const epoch = 'aabbccddeeff0011' as EpochId;
    journal.append(sampleEntry({ author: other, epoch, seq, skip, payloadBytes: 60 }), {
      ...facts,
      source: 'sync',
    });
  }
  await journal.commit();
  await own.close();
  await journal.stop();
  return disk;
}

describe('the files of a journal', () => {
  it('are byte for byte those of the vectors', async () => {
    const disk = await sampleDirectory();
    for (const name of GOLDEN) {
      const url = new URL(`${WRITTEN_AS[name] ?? name}.hex`, VECTORS);
      const hex = Buffer.from(disk.file(`${DIRECTORY}/${name}`).contents()).toString('hex');
      // A changed format needs a new version; then this writes its vectors.
      if (process.env.SEDGE_WRITE_VECTORS === '1')
        writeFileSync(url, `${hex.replace(/(.{96})/g, '$1\n').trimEnd()}\n`);
      expect(hex, name).toBe(readFileSync(url, 'latin1').replaceAll('\n', ''));
    }
  });

  it('can be read from the vectors alone', async () => {
    const disk = new MemoryDisk();
    await disk.makeDirectory(DIRECTORY);
    for (const name of GOLDEN) {
      const hex = readFileSync(new URL(`${name}.hex`, VECTORS), 'latin1').replaceAll('\n', '');
      const file = await disk.open(`${DIRECTORY}/${name}`, { create: true });
      await file.write(Buffer.from(hex, 'hex'), 0);
      await file.close();
    }
    const { journal } = makeJournal(disk);
    expect(await journal.start()).toMatchObject({ records: 6, clean: true, scannedSegments: 0 });
    expect(await journal.publishedAs('feeder', 4)).toEqual({ epoch: 'e0e0e0e0e0e0e0e0', seq: 4 });
    expect(Buffer.from(journal.root()).toString('hex')).toBe('34ffe3198419605d181f2a01613134ff');
    const heads = [...journal.heads()];
    expect(heads.map(({ author, last }) => [author, last])).toEqual([
      [other, 19],
      [self, 6],
    ]);
    expect((await journal.readArrival(1)).map(({ position, facts }) => [position, facts.source])).toEqual([
      [1, 'own'],
      [2, 'sync'],
      [3, 'own'],
      [4, 'sync'],
      [5, 'own'],
      [6, 'sync'],
    ]);
    await journal.stop();
  });

  it('of version 2 tell of retained values, and of what was let go, byte for byte', async () => {
    const disk = new MemoryDisk();
    const { journal } = makeJournal(disk, { segmentBytes: 400, random: () => 0.5 });
    await journal.start();
    for (let seq = 1; seq <= 5; seq++) {
      const sample = {
        author: other,
        seq,
        payloadBytes: seq === 3 ? 0 : 60,
        topic: 'lamp',
        retain: seq >= 2,
      };
      journal.append(sampleEntry(sample), sampleFacts(1_790_000_000_123));
      await journal.commit();
    }
    const limits = { ageMs: null, bytes: 900, messages: null, storageBytes: null, reserveBytes: 0 };
    await journal.retain(limits, { elapsedMs: () => 0, isHeldElsewhere: () => false });
    await journal.stop();
    for (const [file, vector] of [
      ['let-go', 'let-go'],
      ['carried-000000000000003.index', 'retained.index-2'],
    ]) {
      const url = new URL(`${vector}.hex`, VECTORS);
      const hex = Buffer.from(disk.file(`${DIRECTORY}/${file}`).contents()).toString('hex');
      if (process.env.SEDGE_WRITE_VECTORS === '1')
        writeFileSync(url, `${hex.replace(/(.{96})/g, '$1\n').trimEnd()}\n`);
      expect(hex, vector).toBe(readFileSync(url, 'latin1').replaceAll('\n', ''));
    }
  });

  it('of cursors are byte for byte as described', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, { directory: '/c', name: 'cursor' });
    await file.load();
    await file.append(['a', 1]);
    await file.close();
    const hex = Buffer.from(disk.file('/c/cursor').contents()).toString('hex');
    expect(hex).toBe('73656467656375720001000000000004639f314582616101');
  });
});

async function itemsOf(disk: MemoryDisk): Promise<VerifiedItem[]> {
  const items: VerifiedItem[] = [];
  for await (const item of verifyJournalDirectory(disk, DIRECTORY)) items.push(item);
  return items;
}

describe('verifyJournalDirectory', () => {
  it('finds all records and no damage in a sound directory, and changes nothing', async () => {
    const disk = await sampleDirectory();
    const { changes } = disk.totals;
    const items = await itemsOf(disk);
    expect(items.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'record'));
    expect(disk.totals.changes).toBe(changes);
  });

  it('reports damaged stretches, a damaged header and pages that cannot be read', async () => {
    const disk = await sampleDirectory();
    disk.flip(`${DIRECTORY}/own-000000000000001.segment`, 200);
    disk.flip(`${DIRECTORY}/carried-000000000000002.segment`, 3);
    const items = await itemsOf(disk);
    expect(items.filter(({ kind }) => kind === 'record')).toHaveLength(5);
    expect(items.filter(({ kind }) => kind === 'bad-header')).toHaveLength(1);
    expect(items.filter(({ kind, file }) => kind === 'damaged' && file.startsWith('own'))).toHaveLength(1);
  });
});
