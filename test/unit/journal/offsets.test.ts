import { describe, expect, it } from 'vitest';
import { type ChannelJournal, formatOffset, MemoryDisk } from '../../../src/journal/index.ts';
import { makeJournal, other, self } from './journal-world.ts';
import { sampleEntry, sampleFacts, sampleLog } from './sample-entries.ts';

const LOG = sampleLog(other);
const unknown = { ok: false, code: 'journal.offset-unknown' };
const at = (position: number) => ({ ok: true, value: { position } });

async function started(disk: MemoryDisk, options = {}): Promise<ChannelJournal> {
  const { journal } = makeJournal(disk, options);
  await journal.start();
  return journal;
}

function fill(journal: ChannelJournal, from: number, through: number, receivedAtMs?: number) {
  for (let seq = from; seq <= through; seq++) {
    const author = seq % 3 === 0 ? self : other;
    journal.append(sampleEntry({ author, seq, payloadBytes: 100 }), sampleFacts(receivedAtMs));
  }
}

describe('offsets', () => {
  it('stay valid over a clean restart', async () => {
    const disk = new MemoryDisk();
    const journal = await started(disk);
    expect(journal.currentOffset()).toBeNull();
    fill(journal, 1, 5);
    const offset = formatOffset(journal.currentOffset()!);
    await journal.stop();
    const again = await started(disk);
    expect(formatOffset(again.currentOffset()!)).toBe(offset);
    expect(again.resolveOffset(offset)).toEqual(at(5));
    await again.stop();
  });

  it('of an earlier incarnation are valid up to what survived of it', async () => {
    const disk = new MemoryDisk();
    const journal = await started(disk);
    fill(journal, 1, 5);
    await journal.commit();
    fill(journal, 6, 8);
    const { incarnation } = journal;
    const after = disk.crash({ keepUnsynced: 'none' });
    await journal.stop();
    const again = await started(after);
    expect(again.incarnation).not.toBe(incarnation);
    expect(again.resolveOffset(`${incarnation}:5`)).toEqual(at(5));
    expect(again.resolveOffset(`${incarnation}:6`)).toMatchObject(unknown);
    expect(again.currentOffset()).toEqual({ incarnation: again.incarnation, position: 5 });
    expect(again.resolveOffset(`${again.incarnation}:5`)).toEqual(at(5));
    fill(again, 9, 9);
    // Position 6 is another entry now, and the old offset still does not point at it.
    expect(again.resolveOffset(`${incarnation}:6`)).toMatchObject(unknown);
    expect(again.offsetText(6)).toBe(`${again.incarnation}:6`);
    expect(again.offsetText(5)).toBe(`${incarnation}:5`);
    await again.stop();
  });

  it.each(['', 'x', '0011223344556677:1', '0011223344556677:', `${'0'.repeat(17)}:1`, '0011223344556677:-1'])(
    'that are not of this journal are refused: %s',
    async (text) => {
      const journal = await started(new MemoryDisk());
      fill(journal, 1, 2);
      expect(journal.resolveOffset(text)).toMatchObject(unknown);
      expect(journal.resolveOffset(`${journal.incarnation}:3`)).toMatchObject(unknown);
      await journal.stop();
    },
  );
});

describe('reading from a time', () => {
  it.each([100_000, 1_000])(
    'finds the first position received since, with segments of %i bytes',
    async (segmentBytes) => {
      const disk = new MemoryDisk();
      let journal = await started(disk, { segmentBytes, cacheBytes: 0 });
      for (let seq = 1; seq <= 50; seq++) fill(journal, seq, seq, 1_000 + seq);
      await journal.commit();
      expect(await journal.positionAtTime(0)).toBe(1);
      expect(await journal.positionAtTime(1_020)).toBe(20);
      expect(await journal.positionAtTime(9_999)).toBe(51);
      await journal.stop();
      journal = await started(disk, { segmentBytes, cacheBytes: 0 });
      expect(await journal.positionAtTime(1_033)).toBe(33);
      await journal.stop();
    },
  );

  it('leaves out nothing received since, though the clock stepped back meanwhile', async () => {
    const journal = await started(new MemoryDisk(), { segmentBytes: 1_000, cacheBytes: 0 });
    fill(journal, 1, 10, 5_000);
    fill(journal, 11, 20, 0);
    fill(journal, 21, 30, 6_000);
    await journal.commit();
    expect(await journal.positionAtTime(5_500)).toBe(21);
    expect(await journal.positionAtTime(4_000)).toBe(1);
    await journal.stop();
  });
});

describe('heads', () => {
  it('tells of the logs that changed after a position', async () => {
    const journal = await started(new MemoryDisk());
    fill(journal, 1, 3);
    expect([...journal.headsSince(2)].map(({ author }) => author)).toEqual([self]);
    expect([...journal.headsSince(3)]).toEqual([]);
    expect([...journal.heads()]).toHaveLength(2);
    await journal.stop();
  });

  it('name the neighbours of what is not held', async () => {
    const journal = await started(new MemoryDisk(), { cacheBytes: 0, segmentBytes: 500 });
    const entries = [2, 3, 6].map((seq) => sampleEntry({ author: other, seq }));
    for (const entry of entries) journal.append(entry, sampleFacts());
    await journal.commit();
    const [second, third, sixth] = entries;
    expect(journal.head(LOG)).toMatchObject({
      last: 6,
      lastId: sixth?.id,
      holes: [
        { first: 1, last: 1, nextId: second?.id },
        { first: 4, last: 5, nextId: sixth?.id },
      ],
    });
    expect(journal.hasMissing()).toBe(true);
    expect(journal.idBefore(LOG, 5)).toBe(third?.id);
    expect(journal.idBefore(LOG, 1)).toBeNull();
    expect(await journal.idAt(LOG, 2)).toBe(second?.id);
    expect(await journal.idAt(LOG, 3)).toBe(third?.id);
    expect(await journal.idAt(LOG, 4)).toBeNull();
    expect((await journal.overlap(LOG, 3, 6)).map(({ seq }) => seq)).toEqual([3, 6]);
    expect(await journal.entryCovering(LOG, 5)).toBeNull();
    await journal.stop();
  });
});

describe('durability', () => {
  it('is one promise for all that waits, and durableOnly leaves the rest out', async () => {
    const journal = await started(new MemoryDisk(), { commitIntervalMs: 60_000 });
    fill(journal, 1, 1);
    await journal.commit();
    fill(journal, 2, 9);
    expect(journal.whenDurable(5)).toBe(journal.whenDurable(9));
    expect((await journal.readArrival(1)).length).toBe(9);
    expect((await journal.readArrival(1, { durableOnly: true })).length).toBe(1);
    expect((await journal.readLog(LOG, 1, { durableOnly: true })).length).toBe(1);
    await journal.commit();
    expect((await journal.readArrival(1, { durableOnly: true })).length).toBe(9);
    await journal.stop();
  });

  it('comes within the commit interval without anyone asking', async () => {
    const journal = await started(new MemoryDisk(), { commitIntervalMs: 20 });
    fill(journal, 1, 1);
    await journal.whenDurable(1);
    fill(journal, 2, 2);
    await journal.whenDurable(2);
    expect(journal.durablePosition).toBe(2);
    await journal.stop();
  });

  it('refuses appends beyond the backlog, and after a stop', async () => {
    const journal = await started(new MemoryDisk(), { backlogBytesMax: 1_000 });
    expect(() => fill(journal, 1, 100)).toThrow(expect.objectContaining({ code: 'journal.backlog-full' }));
    await journal.commit();
    fill(journal, 200, 200);
    await journal.stop();
    await journal.stop();
    expect(() => fill(journal, 201, 201)).toThrow(expect.objectContaining({ code: 'journal.stopped' }));
  });
});

describe('publish ids', () => {
  it('are found exactly, before and after restarts, in open and sealed segments', async () => {
    const disk = new MemoryDisk();
    const options = { segmentBytes: 1_500 };
    let journal = await started(disk, options);
    let seq = 1;
    const used = new Map<string, number>();
    for (const [producer, n, count] of [
      ['a', 10, 3],
      ['b', 10, 2],
      ['a', 13, 1],
      ['a', 5, 2],
      ['a', 1_000_000_000_000, 1],
      ['b', 12, 4],
      ['c', 0, 1],
    ] as const) {
      journal.append(
        sampleEntry({ author: self, seq, count, producer, n, payloadBytes: 300 }),
        sampleFacts(),
      );
      for (let index = 0; index < count; index++) used.set(`${producer} ${n + index}`, seq + index);
      seq += count;
    }
    // Ids in others' entries are theirs.
    journal.append(sampleEntry({ author: other, seq: 1, producer: 'd', n: 1 }), sampleFacts());
    for (const restart of [false, true]) {
      if (restart) {
        await journal.stop();
        journal = await started(disk, options);
      }
      for (const producer of ['a', 'b', 'c', 'd']) {
        for (const n of [0, 1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 1_000_000_000_000]) {
          const found = await journal.publishedAs(producer, n);
          expect(found?.seq, `${producer} ${n}`).toBe(used.get(`${producer} ${n}`));
        }
      }
    }
    await journal.stop();
  });

  it('are exact though a producer uses numbers without any order', async () => {
    const journal = await started(new MemoryDisk(), { segmentBytes: 20_000 });
    for (let seq = 1; seq <= 2_000; seq++) {
      journal.append(
        sampleEntry({ author: self, seq, producer: 'p', n: (seq * 7919) % 100_003 }),
        sampleFacts(),
      );
    }
    await journal.commit();
    for (let seq = 1; seq <= 2_000; seq += 37) {
      expect(await journal.publishedAs('p', (seq * 7919) % 100_003)).toMatchObject({ seq });
    }
    for (let seq = 2_001; seq <= 2_050; seq++) {
      expect(await journal.publishedAs('p', (seq * 7919) % 100_003)).toBeNull();
    }
    await journal.stop();
  });
});
