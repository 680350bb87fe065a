import { describe, expect, it } from 'vitest';
import { NUMBER_MAX } from '../../../src/entry/index.ts';
import { type ChannelJournal, MemoryDisk } from '../../../src/journal/index.ts';
import { PublishRuns } from '../../../src/journal/publish-runs.ts';
import { makeJournal, other, self } from './journal-world.ts';
import { EPOCH, sampleEntry, sampleFacts, sampleLog } from './sample-entries.ts';

const log = sampleLog(other);

async function started(disk = new MemoryDisk(), options = {}): Promise<ChannelJournal> {
  const { journal } = makeJournal(disk, options);
  await journal.start();
  return journal;
}

/** Entries of two messages each: numbers 1 and 2, 3 and 4, ... */
function fill(journal: ChannelJournal, entries: number): void {
  for (let n = 0; n < entries; n++) {
    journal.append(sampleEntry({ author: other, seq: n * 2 + 1, count: 2 }), sampleFacts());
  }
}

const seqs = (records: readonly { readonly seq: number }[]) => records.map(({ seq }) => seq);

describe('a forked epoch that ends', () => {
  it('looks as if nothing from the end on had ever come: equal head, root, and what is missing', async () => {
    const cut = await started();
    fill(cut, 5);
    await cut.endLog(log, 5);
    const never = await started();
    fill(never, 2);
    expect(cut.head(log)).toEqual(never.head(log));
    expect(cut.root()).toEqual(never.root());
    expect(cut.missing(log)).toEqual([]);
    expect(cut.holds(log, 5, 10)).toBe('none');
    expect(cut.unwanted(log)).toEqual([{ first: 5, last: NUMBER_MAX - 1 }]);
    expect(cut.endOf(log)).toBe(5);
  });

  it('takes whole entries: one that reaches the end goes with its numbers below', async () => {
    const journal = await started();
    fill(journal, 5);
    await journal.endLog(log, 6);
    expect(journal.heldRanges(log)).toMatchObject([{ first: 1, last: 4 }]);
    expect(seqs(await journal.readLog(log, 1))).toEqual([1, 3]);
  });

  it.each([
    ['that is written to', {}],
    ['that is sealed', { segmentBytes: 400, cacheBytes: 0 }],
  ])('is read no more from a segment %s, neither by number nor in order of arrival', async (_, options) => {
    const journal = await started(new MemoryDisk(), options);
    fill(journal, 8);
    journal.append(sampleEntry({ author: self, seq: 1 }), sampleFacts());
    await journal.commit();
    await journal.endLog(log, 7);
    expect(seqs(await journal.readLog(log, 1))).toEqual([1, 3, 5]);
    expect(seqs(await journal.readLog(log, 1, { ended: true }))).toEqual([1, 3, 5, 7, 9, 11, 13, 15]);
    expect((await journal.readArrival(1)).map(({ position }) => position)).toEqual([1, 2, 3, 9]);
    expect((await journal.readArrival(4)).map(({ position }) => position)).toEqual([9]);
  });

  it('sinks and never rises', async () => {
    const journal = await started();
    fill(journal, 5);
    await Promise.all([journal.endLog(log, 7), journal.endLog(log, 3), journal.endLog(log, 9)]);
    expect(journal.endOf(log)).toBe(3);
    expect(journal.heldRanges(log)).toMatchObject([{ first: 1, last: 2 }]);
  });

  it('leaves nothing where the fork is at the first number, and may be set before anything is held', async () => {
    const journal = await started();
    await journal.endLog(sampleLog(self), 1);
    fill(journal, 3);
    await journal.endLog(log, 1);
    expect([...journal.heads()]).toEqual([]);
    expect(journal.root()).toEqual((await started()).root());
  });

  it('keeps what comes below it', async () => {
    const journal = await started();
    for (const seq of [1, 7, 9]) journal.append(sampleEntry({ author: other, seq, count: 2 }), sampleFacts());
    await journal.endLog(log, 9);
    for (const seq of [3, 5]) journal.append(sampleEntry({ author: other, seq, count: 2 }), sampleFacts());
    expect(journal.heldRanges(log)).toMatchObject([{ first: 1, last: 8 }]);
  });

  it('is as before after a restart once it is set again', async () => {
    const disk = new MemoryDisk();
    const journal = await started(disk);
    fill(journal, 5);
    await journal.endLog(log, 5);
    const root = journal.root();
    await journal.stop();
    const again = await started(disk);
    await again.endLog(log, 5);
    expect(again.root()).toEqual(root);
    expect(seqs(await again.readLog(log, 5, { ended: true }))).toEqual([5, 7, 9]);
  });

  it('stays cut when a damaged segment is read through again', async () => {
    const disk = new MemoryDisk();
    const journal = await started(disk, { segmentBytes: 400, cacheBytes: 0 });
    fill(journal, 12);
    await journal.commit();
    await journal.endLog(log, 15);
    const [first] = (await disk.list('/journal')).filter((name) => name.endsWith('.segment')).sort();
    const file = await disk.open(`/journal/${first}`, { create: false });
    await file.write(new Uint8Array([0xff]), 120);
    await file.close();
    await journal.readLog(log, 1);
    expect(journal.shrinks).toBe(1);
    await expect.poll(() => journal.head(log)?.last).toBe(14);
  });
});

describe('a publish id that was used again', () => {
  it('stands where it was published last', () => {
    const runs = new PublishRuns();
    for (let n = 1; n <= 5; n++) runs.add('p', n, { epoch: EPOCH, seq: 10 + n });
    const renewed = '00000000000000bb' as typeof EPOCH;
    for (let n = 3; n <= 4; n++) runs.add('p', n, { epoch: renewed, seq: n });
    expect([1, 2, 3, 4, 5, 6].map((n) => runs.find('p', n))).toEqual([
      { epoch: EPOCH, seq: 11 },
      { epoch: EPOCH, seq: 12 },
      { epoch: renewed, seq: 3 },
      { epoch: renewed, seq: 4 },
      { epoch: EPOCH, seq: 15 },
      null,
    ]);
  });
});
