import { describe, expect, it } from 'vitest';
import type { EpochId } from '../../../src/entry/index.ts';
import { logIdOf } from '../../../src/entry/index.ts';
import { type ChannelJournal, diskError, MemoryDisk, type OwnLog } from '../../../src/journal/index.ts';
import { DIRECTORY, makeJournal, makeOwnLog, other, self } from './journal-world.ts';
import { sampleEntry, sampleFacts } from './sample-entries.ts';

const PATH = `${DIRECTORY}/numbers`;

async function openAll(disk: MemoryDisk, seed = 1) {
  // A random source of its own for each start, or epochs and incarnations would repeat.
  let byte = seed;
  const { journal } = makeJournal(disk, { random: () => (byte++ % 256) / 256 });
  await journal.start();
  const own = makeOwnLog(disk, journal, () => (byte++ % 256) / 256, 256);
  return { journal, own, place: await own.open() };
}

function publish(journal: ChannelJournal, own: OwnLog, count = 1) {
  const taken = own.take(count);
  if (taken === null) throw new Error('nothing reserved');
  journal.append(sampleEntry({ author: self, ...taken }), {
    ...sampleFacts(),
    source: 'own',
  });
  return taken;
}

describe('OwnLog', () => {
  it('begins at 1 in a new epoch on an empty disk', async () => {
    const { own, place } = await openAll(new MemoryDisk());
    expect(place).toMatchObject({ nextSeq: 1, skip: 0, lamport: 0, renewed: 'first' });
    expect(own.take(3)).toMatchObject({ seq: 1, count: 3, skip: 0, lamport: 1 });
    expect(own.take(1)).toMatchObject({ seq: 4, skip: 0, lamport: 2 });
  });

  it('goes on without a skip after a stop in order', async () => {
    const disk = new MemoryDisk();
    const first = await openAll(disk);
    publish(first.journal, first.own, 5);
    await first.own.close();
    await first.journal.stop();
    const { own, place } = await openAll(disk, 2);
    expect(place).toMatchObject({ epoch: first.own.epoch, nextSeq: 6, skip: 0, renewed: null });
    expect(own.take(1)).toMatchObject({ seq: 6, skip: 0, lamport: 2 });
  });

  it('goes on behind the block after a crash, and declares what it skips once', async () => {
    const disk = new MemoryDisk();
    const first = await openAll(disk);
    publish(first.journal, first.own, 5);
    await first.journal.commit();
    publish(first.journal, first.own, 7);
    const after = disk.crash({ keepUnsynced: 'none' });
    await first.journal.stop();
    const { journal, own, place } = await openAll(after, 2);
    expect(place).toMatchObject({ epoch: first.own.epoch, nextSeq: 257, skip: 251, renewed: null });
    expect(publish(journal, own)).toMatchObject({ seq: 257, skip: 251 });
    expect(own.take(1)).toMatchObject({ seq: 258, skip: 0 });
    const log = logIdOf({ author: self, epoch: own.epoch });
    expect(journal.skipped(log)).toEqual([{ first: 6, last: 256 }]);
    expect(journal.missing(log)).toEqual([]);
    // The entry that was lost here comes back from a peer: valid, wanted, and no longer skipped.
    journal.append(sampleEntry({ author: self, epoch: own.epoch, seq: 6, count: 7 }), sampleFacts());
    expect(journal.skipped(log)).toEqual([{ first: 13, last: 256 }]);
    await journal.stop();
  });

  it.each(['missing', 'damaged', 'foreign'])('begins a new epoch where the reserve is %s', async (how) => {
    const disk = new MemoryDisk();
    const first = await openAll(disk);
    publish(first.journal, first.own, 5);
    await first.own.close();
    await first.journal.stop();
    if (how === 'missing') await disk.remove(PATH);
    if (how === 'damaged') disk.flip(PATH, 30);
    if (how === 'foreign') {
      const { encodeWholeFile } = await import('../../../src/journal/whole-file.ts');
      const { encodeReserve, RESERVE_FORMAT } = await import('../../../src/journal/own-log.ts');
      const reserve = {
        author: other,
        channel: 'main',
        epoch: first.own.epoch,
        clean: true,
        nextSeq: 6,
        lamport: 1,
      };
      const value = encodeReserve({ ...reserve, reservedThrough: 256, lamportCeiling: 256 });
      disk.file(PATH).truncate(0);
      disk.file(PATH).write(encodeWholeFile(RESERVE_FORMAT, value), 0);
    }
    const { own, place } = await openAll(disk, 2);
    expect(place).toMatchObject({ nextSeq: 1, skip: 0, renewed: how });
    expect(place.epoch).not.toBe(first.own.epoch);
    // Lamport time never goes back: the lost ceiling may have been a block above what is held.
    expect(own.take(1)?.lamport).toBeGreaterThan(256);
  });

  it('begins a new epoch where an own entry at or above the next number came back from peers', async () => {
    const disk = new MemoryDisk();
    const first = await openAll(disk);
    publish(first.journal, first.own, 5);
    await first.own.close();
    const backup = disk.clone();
    const { journal } = first;
    journal.append(sampleEntry({ author: self, epoch: first.own.epoch, seq: 6 }), sampleFacts());
    await journal.stop();
    const { place } = await openAll(disk, 2);
    expect(place.renewed).toBe('ahead');
    // The backup knows nothing of it and goes on; that fork is for the mesh to find.
    expect((await openAll(backup, 3)).place.renewed).toBeNull();
  });

  it('gives null at the end of what is reserved and goes on when more is', async () => {
    const disk = new MemoryDisk();
    const { own } = await openAll(disk);
    let given = 0;
    while (own.take(10) !== null) given += 10;
    expect(given).toBe(250);
    await own.ensureReserved(10);
    expect(own.take(10)).toMatchObject({ seq: 251 });
  });

  it('refills by itself when less than half a block is left', async () => {
    const disk = new MemoryDisk();
    const { own } = await openAll(disk);
    for (let round = 0; round < 20; round++) {
      expect(own.take(100)).not.toBeNull();
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('takes back numbers of an entry that was not made, with its skip', async () => {
    const disk = new MemoryDisk();
    const first = await openAll(disk);
    await first.journal.stop();
    const { own } = await openAll(disk.crash({ keepUnsynced: 'none' }), 2);
    const taken = own.take(2)!;
    expect(taken).toMatchObject({ seq: 257, skip: 256 });
    own.giveBack(taken);
    expect(own.take(1)).toMatchObject({ seq: 257, skip: 256 });
  });

  it('keeps own Lamport times above those heard, over a crash too', async () => {
    const disk = new MemoryDisk();
    const { own, journal } = await openAll(disk);
    own.witness(10_000);
    expect(own.take(1)).toBeNull();
    await own.ensureReserved(1);
    expect(own.take(1)?.lamport).toBe(10_001);
    const after = disk.crash({ keepUnsynced: 'none' });
    await journal.stop();
    const { own: again } = await openAll(after, 2);
    expect(again.take(1)?.lamport).toBeGreaterThan(10_001);
  });

  it('begins another epoch on request, durably', async () => {
    const disk = new MemoryDisk();
    const { own, journal, place } = await openAll(disk);
    own.take(5);
    const epoch: EpochId = await own.newEpoch();
    expect(epoch).not.toBe(place.epoch);
    expect(own.take(1)).toMatchObject({ seq: 1, skip: 0 });
    const after = disk.crash({ keepUnsynced: 'none' });
    await journal.stop();
    expect((await openAll(after, 9)).place).toMatchObject({ epoch, nextSeq: 257 });
  });

  it('tells who waits for numbers that the disk is full', async () => {
    const disk = new MemoryDisk();
    const { own } = await openAll(disk);
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'write') throw diskError('ENOSPC', path);
    };
    while (own.take(50) !== null);
    await expect(own.ensureReserved(50)).rejects.toMatchObject({ code: 'journal.disk-full' });
    expect(own.fault).toMatchObject({ code: 'journal.disk-full' });
    disk.onOperation = null;
    await own.ensureReserved(50);
    expect(own.fault).toBeNull();
    expect(own.take(50)).not.toBeNull();
  });
});
