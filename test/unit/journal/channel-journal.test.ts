import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Counters, silentLog } from '../../../src/errors/index.ts';
import { ChannelJournal, type JournalOptions, NodeDisk } from '../../../src/journal/index.ts';
import {
  CHANNEL,
  decodeSample,
  sampleAuthor,
  sampleEntry,
  sampleFacts,
  sampleLog,
} from './sample-entries.ts';

const self = sampleAuthor(0);
const other = sampleAuthor(1);

describe('ChannelJournal on the real disk', () => {
  let directory: string;
  const open: ChannelJournal[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-journal-'));
  });
  afterEach(async () => {
    for (const journal of open.splice(0)) await journal.stop();
    await rm(directory, { recursive: true, force: true });
  });

  function make(options: Partial<JournalOptions> = {}): ChannelJournal {
    let random = 0;
    const journal = new ChannelJournal(
      { directory: `${directory}/main`, channel: CHANNEL, self, ...options },
      {
        disk: new NodeDisk(),
        nowMs: () => Date.now(),
        randomBytes: (n) => new Uint8Array(n).fill(++random),
        decode: decodeSample,
        log: silentLog,
        counters: new Counters(),
      },
    );
    open.push(journal);
    return journal;
  }

  it('reads back what was appended, before and after it is durable and after a restart', async () => {
    const journal = make();
    await journal.start();
    for (let seq = 1; seq <= 5; seq++) {
      journal.append(sampleEntry({ author: seq % 2 === 0 ? self : other, seq }), sampleFacts());
    }
    expect((await journal.readArrival(1)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
    await journal.whenDurable(5);
    expect(journal.durablePosition).toBe(5);
    const root = journal.root();
    const offset = journal.currentOffset();
    await journal.stop();
    const again = make();
    const report = await again.start();
    expect(report).toMatchObject({ records: 5, clean: true, cutBytes: 0, heldSetShrank: false });
    expect(again.currentOffset()).toEqual(offset);
    expect(again.root()).toEqual(root);
    const records = await again.readArrival(1);
    expect(records.map(({ position, seq }) => [position, seq])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
    ]);
    expect((await again.readLog(sampleLog(other), 2)).map(({ seq }) => seq)).toEqual([3, 5]);
    expect(again.head(sampleLog(other))).toMatchObject({
      last: 5,
      holes: [
        { first: 2, last: 2 },
        { first: 4, last: 4 },
      ],
    });
  });

  it('reads from sealed segments by number and in order of arrival', async () => {
    const journal = make({ segmentBytes: 4_096, cacheBytes: 0 });
    await journal.start();
    for (let seq = 1; seq <= 200; seq++) {
      journal.append(sampleEntry({ author: self, seq, payloadBytes: 100 }), sampleFacts());
      journal.append(sampleEntry({ author: other, seq, payloadBytes: 50 }), sampleFacts());
      if (seq % 20 === 0) await journal.commit();
    }
    await journal.commit();
    expect(journal.totals().segments).toBeGreaterThan(10);
    const expected = Array.from({ length: 200 }, (_, index) => index + 1);
    expect((await journal.readLog(sampleLog(self), 1)).map(({ seq }) => seq)).toEqual(expected);
    expect((await journal.readArrival(1)).length).toBe(400);
    expect((await journal.readArrival(399)).map(({ position }) => position)).toEqual([399, 400]);
    await journal.stop();
    const again = make();
    expect(await again.start()).toMatchObject({ records: 400, clean: true });
    expect((await again.readLog(sampleLog(self), 1)).map(({ seq }) => seq)).toEqual(expected);
    expect((await again.readArrival(1)).length).toBe(400);
  });
});
