import { describe, expect, it, vi } from 'vitest';
import type { Entry, EpochId } from '../../../src/entry/index.ts';
import { type ChannelJournal, MemoryDisk } from '../../../src/journal/index.ts';
import { RETAINED_TOPICS_MAX } from '../../../src/journal/retained-topics.ts';
import { type QuotaOptions, Quotas } from '../../../src/mesh/quotas.ts';
import { makeJournal, other } from '../journal/journal-world.ts';
import { sampleAuthor, sampleEntry, sampleFacts, sampleLog } from '../journal/sample-entries.ts';

const NO_LIMITS = { ageMs: null, bytes: null, messages: null, storageBytes: null, reserveBytes: 0 };

/** A journal behind quotas: as the ingest asks them. */
async function guarded(options: QuotaOptions) {
  const { journal } = makeJournal(new MemoryDisk(), { segmentBytes: 64 * 1024 });
  await journal.start();
  const quotas = new Quotas(options);
  const offer = (entry: Entry): string => {
    const refusal = quotas.refusalOf(journal, entry);
    if (refusal !== null) return refusal;
    journal.append(entry, sampleFacts());
    quotas.noteStored(journal.channel, entry.author, entry.bytes.length);
    return 'stored';
  };
  return { journal, offer };
}

const epoch = (number: number) => number.toString(16).padStart(16, '0') as EpochId;
const honest = sampleAuthor(7);

function expectHonestTaken(offer: (entry: Entry) => string, journal: ChannelJournal): void {
  const next = (journal.head(sampleLog(honest))?.last ?? 0) + 1;
  expect(offer(sampleEntry({ author: honest, seq: next }))).toBe('stored');
}

describe('quotas', () => {
  it('end the epochs of one author, and leave room for all others', async () => {
    const { journal, offer } = await guarded({ logsPerAuthorMax: 100 });
    expectHonestTaken(offer, journal);
    for (let number = 0; number < 100; number++) {
      expect(offer(sampleEntry({ author: other, epoch: epoch(number), seq: 1 }))).toBe('stored');
    }
    for (let number = 100; number < 5_000; number++) {
      expect(offer(sampleEntry({ author: other, epoch: epoch(number), seq: 1 }))).toBe('entry.quota-epochs');
    }
    expect(offer(sampleEntry({ author: other, epoch: epoch(5), seq: 2 }))).toBe('stored');
    expectHonestTaken(offer, journal);
    expect(journal.totals().logs).toBe(101);
    await journal.stop();
  });

  it('end the logs of many authors, and go on with those that are there', async () => {
    const { journal, offer } = await guarded({ logsMax: 500 });
    expectHonestTaken(offer, journal);
    const outcomes = Array.from({ length: 2_000 }, (_, at) =>
      offer(sampleEntry({ author: sampleAuthor(1_000 + at), seq: 1 })),
    );
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(499);
    expect(new Set(outcomes)).toEqual(new Set(['stored', 'entry.quota-logs']));
    expectHonestTaken(offer, journal);
    await journal.stop();
  });

  it('end the holes that an author leaves, and take what fills them', async () => {
    const { journal, offer } = await guarded({ rangesPerLogMax: 200 });
    for (let seq = 1; seq <= 399; seq += 2) expect(offer(sampleEntry({ author: other, seq }))).toBe('stored');
    for (let seq = 401; seq <= 1_001; seq += 2) {
      expect(offer(sampleEntry({ author: other, seq }))).toBe('entry.quota-holes');
    }
    expect(journal.heldRanges(sampleLog(other))).toHaveLength(200);
    expect(offer(sampleEntry({ author: other, seq: 2 }))).toBe('stored');
    expect(offer(sampleEntry({ author: other, seq: 501 }))).toBe('stored');
    expectHonestTaken(offer, journal);
    await journal.stop();
  });

  it('end what one author may store in a day, where that is limited, and begin anew the next', async () => {
    let passedMs = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    const { journal, offer } = await guarded({ authorBytesPerDayMax: 10_000 });
    const flood = Array.from({ length: 30 }, (_, at) =>
      offer(sampleEntry({ author: other, seq: at + 1, payloadBytes: 1_000 })),
    );
    expect(flood.filter((outcome) => outcome === 'stored').length).toBeLessThan(10);
    expect(flood.at(-1)).toBe('entry.quota-bytes');
    expectHonestTaken(offer, journal);
    passedMs = 86_400_000;
    expect(offer(sampleEntry({ author: other, seq: 30, payloadBytes: 1_000 }))).toBe('stored');
    await journal.stop();
    vi.restoreAllMocks();
  });
});

describe('a flood of one author', () => {
  it('stays within the limit of the channel, and what is honest is still taken and kept', async () => {
    const { journal, offer } = await guarded({});
    const limits = { ...NO_LIMITS, bytes: 1_000_000 };
    const context = { elapsedMs: () => 0, isHeldElsewhere: () => false };
    for (let seq = 1; seq <= 6_000; seq++) {
      expect(offer(sampleEntry({ author: other, seq, payloadBytes: 1_000 }))).toBe('stored');
      if (seq % 500 !== 0) continue;
      await journal.commit();
      expectHonestTaken(offer, journal);
      await journal.retain(limits, context);
      expect(journal.totals().bytes).toBeLessThanOrEqual(1_100_000);
    }
    expect(journal.head(sampleLog(honest))?.last).toBe(12);
    expect(journal.letGo(sampleLog(other))).toHaveLength(1);
    await journal.stop();
  });

  it('of large retained values takes at most its part of the disk, and the newest are kept', async () => {
    const { journal, offer } = await guarded({});
    const context = { elapsedMs: () => 0, isHeldElsewhere: () => false };
    const limits = { ...NO_LIMITS, bytes: 1_000_000 };
    for (let seq = 1; seq <= 3_000; seq++) {
      offer(sampleEntry({ author: other, seq, topic: `t/${seq}`, retain: true, payloadBytes: 2_000 }));
      if (seq % 100 !== 0) continue;
      await journal.commit();
      expectHonestTaken(offer, journal);
      await journal.retain(limits, context);
    }
    expect(journal.totals().bytes).toBeLessThanOrEqual(1_100_000);
    expect(journal.holds(sampleLog(other), 2_900, 3_000)).toBe('all');
    expect(journal.head(sampleLog(honest))?.last).toBe(30);
    await journal.stop();
  });

  it('of retained topics costs bounded memory: those over the limit do not survive, all else does', async () => {
    const { journal, offer } = await guarded({});
    const first = sampleEntry({ author: honest, seq: 1, topic: 'lamp', retain: true });
    expect(offer(first)).toBe('stored');
    for (let seq = 1; seq <= 33_500; seq++) {
      offer(sampleEntry({ author: other, seq, topic: `t/${seq}`, retain: true }));
      if (seq % 5_000 === 0) await journal.commit();
    }
    await journal.commit();
    const context = { elapsedMs: () => 10, isHeldElsewhere: () => false };
    await journal.retain({ ...NO_LIMITS, ageMs: 1 }, context);
    // The last segment is one of which most survives, so it stays whole.
    expect(journal.totals().messages).toBeLessThan(RETAINED_TOPICS_MAX + 300);
    expect(journal.retainedTopicsTurnedAway).toBeGreaterThan(0);
    expect(journal.holds(sampleLog(honest), 1, 1)).toBe('all');
    await journal.stop();
  });
});
