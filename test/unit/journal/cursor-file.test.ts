import { describe, expect, it } from 'vitest';
import { CursorFile, diskError, MemoryDisk } from '../../../src/journal/index.ts';
import { seededRandom } from './journal-world.ts';

const PLACE = { directory: '/c', name: 'cursor' };
const PATH = '/c/cursor';

describe('CursorFile', () => {
  it('gives back what was appended and rewritten', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, PLACE);
    expect(await file.load()).toEqual([]);
    await Promise.all([file.append(1), file.append(['two', new Map([[1, 2]])])]);
    await file.rewrite(['all']);
    await file.append('more');
    await file.close();
    const again = new CursorFile(disk, PLACE);
    expect(await again.load()).toEqual(['all', 'more']);
    await again.close();
  });

  it('syncs once for all that is appended while a sync is under way', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, PLACE);
    await file.load();
    const { syncs } = disk.totals;
    await Promise.all(Array.from({ length: 100 }, (_, value) => file.append(value)));
    expect(disk.totals.syncs - syncs).toBeLessThanOrEqual(2);
    await file.close();
  });

  it('without fsync keeps what the end of the process does not take, and a power cut may', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, PLACE);
    await file.load();
    const { syncs } = disk.totals;
    await file.append('first', { sync: false });
    expect(disk.totals.syncs).toBe(syncs);
    expect(await new CursorFile(disk, PLACE).load()).toEqual(['first']);
    await file.sync();
    await file.sync();
    expect(disk.totals.syncs).toBe(syncs + 1);
    await file.append('second', { sync: false });
    const survived = disk.crash({ keepUnsynced: 'none' });
    const again = new CursorFile(survived, PLACE);
    expect(await again.load()).toEqual(['first']);
    await again.append('third', { sync: false });
    await again.append('fourth');
    const later = survived.crash({ keepUnsynced: 'none' });
    expect(await new CursorFile(later, PLACE).load()).toEqual(['first', 'third', 'fourth']);
  });

  it('cuts a torn or damaged end and keeps what is before', async () => {
    for (let cut = 1; cut < 12; cut++) {
      const disk = new MemoryDisk();
      const file = new CursorFile(disk, PLACE);
      await file.load();
      await file.append('first');
      await file.append('second');
      await file.close();
      disk.file(PATH).truncate(disk.file(PATH).size - cut);
      const again = new CursorFile(disk, PLACE);
      expect(await again.load()).toEqual(['first']);
      await again.append('third');
      await again.close();
      expect(await new CursorFile(disk, PLACE).load()).toEqual(['first', 'third']);
    }
  });

  it('loses nothing durable in a crash at any moment', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      let disk = new MemoryDisk();
      let durable = -1;
      for (let life = 0; life < 4; life++) {
        disk.dieAfter(1 + Math.floor(random() * 12));
        const file = new CursorFile(disk, PLACE);
        try {
          const values = (await file.load()) as number[];
          if (disk.dead) throw new Error('off');
          expect(values.at(-1) ?? -1).toBeGreaterThanOrEqual(durable);
          for (let value = (values.at(-1) ?? -1) + 1; ; value++) {
            await (random() < 0.2 ? file.rewrite([value]) : file.append(value));
            durable = value;
          }
        } catch (error) {
          if (!disk.dead) throw error;
        }
        disk = disk.crash({ keepUnsynced: 'random', random });
        await file.close();
      }
    }
  });

  it('leaves a value whose write failed out, and takes the next', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, PLACE);
    await file.load();
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'sync') throw diskError('ENOSPC', path);
    };
    await expect(Promise.all([file.append('a'), file.append('b')])).rejects.toMatchObject({
      code: 'journal.disk-full',
    });
    disk.onOperation = null;
    await file.append('c');
    await file.close();
    expect(await new CursorFile(disk, PLACE).load()).toEqual(['c']);
  });

  it('goes on in the new file when its name could not be made durable', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, PLACE);
    await file.load();
    await file.append('a');
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'sync-directory') throw diskError('EIO', path);
    };
    await expect(file.rewrite(['all'])).rejects.toMatchObject({ code: 'journal.io-failed' });
    await expect(file.append('b')).rejects.toMatchObject({ code: 'journal.io-failed' });
    disk.onOperation = null;
    await file.append('c');
    await file.close();
    const after = disk.crash({ keepUnsynced: 'none' });
    expect(await new CursorFile(after, PLACE).load()).toEqual(['all', 'c']);
  });

  it('leaves nothing behind of a rewrite that found no room', async () => {
    const disk = new MemoryDisk();
    const file = new CursorFile(disk, PLACE);
    await file.load();
    await file.append('a');
    disk.capacityBytes = disk.usedBytes + 4;
    const before = disk.usedBytes;
    await expect(file.rewrite(['all'])).rejects.toMatchObject({ code: 'journal.disk-full' });
    expect(disk.usedBytes).toBe(before);
    await file.close();
    expect(await new CursorFile(disk, PLACE).load()).toEqual(['a']);
  });

  it('refuses a newer version', async () => {
    const disk = new MemoryDisk();
    await new CursorFile(disk, PLACE).load();
    disk.file(PATH).write(Uint8Array.of(0, 9), 8);
    await expect(new CursorFile(disk, PLACE).load()).rejects.toMatchObject({ code: 'journal.version' });
  });
});
