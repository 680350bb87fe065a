import { describe, expect, it } from 'vitest';
import { MemoryDisk } from '../../../src/journal/index.ts';
import { DIRECTORY, filesOf, self } from './journal-world.ts';
import {
  expectSameAfterRestart,
  fill,
  log,
  NO_LIMITS,
  numbers,
  RetentionWorld,
  seqsOf,
  started,
  T0,
} from './retention-world.ts';
import { sampleAuthor, sampleLog } from './sample-entries.ts';

describe('retention of a channel', () => {
  it('drops the oldest segments over the limit of bytes, and counts what it dropped', async () => {
    const disk = new MemoryDisk();
    const { journal, counters } = await started(disk);
    await fill(journal, numbers(1, 100));
    const before = journal.totals();
    const outcome = await journal.retain({ ...NO_LIMITS, bytes: 8_000 }, new RetentionWorld());
    const after = journal.totals();
    expect(after.bytes).toBeLessThanOrEqual(8_000);
    expect(after.bytes).toBeGreaterThan(5_000);
    expect(outcome.bytes.messages).toBe(before.messages - after.messages);
    expect(counters.get('journal.dropped-bytes')).toBe(before.messages - after.messages);
    const [first] = await seqsOf(journal, log);
    expect(journal.heldRanges(log)).toMatchObject([{ first, last: 100 }]);
    expect(journal.unwanted(log)).toEqual([{ first: 1, last: first! - 1 }]);
    expect(journal.missing(log)).toEqual([]);
    expect((await filesOf(disk, '.segment')).length).toBe(after.segments);
    await (await expectSameAfterRestart(disk, journal)).stop();
  });

  it('drops by age no earlier than asked, also what lay in a segment that was still written to', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk);
    const world = new RetentionWorld();
    await fill(journal, numbers(1, 5), { receivedAtMs: T0 });
    await fill(journal, numbers(6, 8), { receivedAtMs: T0 + 50_000 });
    const limits = { ...NO_LIMITS, ageMs: 60_000 };
    world.nowMs = T0 + 20_000;
    await journal.retain(limits, world);
    await fill(journal, numbers(9, 10), { receivedAtMs: T0 + 50_000 });
    expect(journal.totals().messages).toBe(10);
    world.nowMs = T0 + 110_000;
    await journal.retain(limits, world);
    expect(journal.totals().messages).toBe(10);
    world.nowMs = T0 + 110_001;
    await journal.retain(limits, world);
    expect(journal.totals().messages).toBe(0);
    expect(journal.unwanted(log)).toEqual([{ first: 1, last: 10 }]);
    expect([...journal.heads()]).toEqual([]);
    const again = await expectSameAfterRestart(disk, journal);
    await fill(again, [11]);
    expect(again.missing(log)).toEqual([]);
    expect(again.head(log)?.holes).toMatchObject([{ first: 1, last: 10 }]);
    await again.stop();
  });

  it('drops by number of messages, however few fit a segment', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk, { segmentBytes: 1_000_000 });
    for (let at = 0; at < 10; at++) {
      await fill(journal, numbers(at * 20 + 1, at * 20 + 20));
      await journal.retain({ ...NO_LIMITS, messages: 50 }, new RetentionWorld());
    }
    expect(journal.totals().messages).toBeLessThanOrEqual(50);
    expect(journal.totals().messages).toBeGreaterThanOrEqual(30);
    await (await expectSameAfterRestart(disk, journal)).stop();
  });

  it('keeps entries with the last retained value of a topic at their positions, and drops those overtaken', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk);
    await fill(journal, [1], { topic: 'lamp', retain: true });
    await fill(journal, numbers(2, 30));
    await fill(journal, [31], { topic: 'door', retain: true });
    await fill(journal, numbers(32, 60));
    await fill(journal, [61], { topic: 'lamp', retain: true });
    await fill(journal, numbers(62, 100));
    const limits = { ...NO_LIMITS, bytes: 3_000 };
    await journal.retain(limits, new RetentionWorld());
    const seqs = await seqsOf(journal, log);
    expect(seqs).toEqual([31, 61, ...numbers(seqs[2]!, 100)]);
    const arrival = await journal.readArrival(1, { bytesMax: 1e9 });
    expect(arrival.map(({ position }) => position)).toEqual(seqs);
    const letGo = [
      { first: 1, last: 30 },
      { first: 32, last: 60 },
      { first: 62, last: seqs[2]! - 1 },
    ];
    expect(journal.letGo(log)).toEqual(letGo);
    const again = await expectSameAfterRestart(disk, journal);
    await fill(again, [101], { topic: 'door', retain: true });
    await fill(again, numbers(102, 140));
    await again.retain(limits, new RetentionWorld());
    const later = await seqsOf(again, log);
    expect(later.slice(0, 2)).toEqual([61, 101]);
    await (await expectSameAfterRestart(disk, again)).stop();
  });

  it('joins what survives of many segments, so that files do not pile up', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk, { segmentBytes: 4_000 });
    for (let at = 0; at < 12; at++) {
      await fill(journal, [at * 50 + 1], { topic: `topic ${at}`, retain: true, payloadBytes: 20 });
      await fill(journal, numbers(at * 50 + 2, at * 50 + 50));
      await journal.retain({ ...NO_LIMITS, bytes: 6_000 }, new RetentionWorld());
    }
    const seqs = await seqsOf(journal, log);
    for (let at = 0; at < 12; at++) expect(seqs).toContain(at * 50 + 1);
    expect((await filesOf(disk, '.segment')).length).toBeLessThanOrEqual(5);
    expect(journal.letGo(log).length).toBeGreaterThan(8);
    await (await expectSameAfterRestart(disk, journal)).stop();
  });

  it('lets a cleared topic go', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk);
    await fill(journal, [1], { topic: 'lamp', retain: true });
    await fill(journal, [2], { topic: 'lamp', retain: true, payloadBytes: 0 });
    await fill(journal, numbers(3, 60));
    await journal.retain({ ...NO_LIMITS, bytes: 3_000 }, new RetentionWorld());
    expect((await seqsOf(journal, log))[0]).toBeGreaterThan(2);
    await journal.stop();
  });

  it('keeps the last own entry of a log, which the next one names', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk);
    const world = new RetentionWorld();
    world.held = true;
    await fill(journal, numbers(1, 40), { author: self });
    world.nowMs = T0 + 100_000;
    await journal.retain({ ...NO_LIMITS, ageMs: 1_000 }, world);
    expect(await seqsOf(journal, sampleLog(self))).toEqual([40]);
    expect(journal.head(sampleLog(self))?.last).toBe(40);
    await (await expectSameAfterRestart(disk, journal)).stop();
  });

  it('keeps own entries that nobody else holds within the reserve, and says loudly what goes beyond', async () => {
    const disk = new MemoryDisk();
    const { journal, counters } = await started(disk);
    const world = new RetentionWorld();
    await fill(journal, numbers(1, 60), { author: self });
    const limits = { ...NO_LIMITS, bytes: 2_000, reserveBytes: 20_000 };
    await journal.retain(limits, world);
    expect(journal.totals().messages).toBe(60);
    await journal.retain({ ...limits, reserveBytes: 6_000 }, world);
    const kept = await seqsOf(journal, sampleLog(self));
    expect(kept.length).toBeGreaterThan(20);
    expect(counters.get('journal.dropped-unreplicated')).toBe(60 - kept.length);
    world.held = true;
    await journal.retain(limits, world);
    expect(journal.totals().bytes).toBeLessThanOrEqual(2_000);
    expect(counters.get('journal.dropped-unreplicated')).toBe(60 - kept.length);
    await journal.stop();
  });

  it('holds on to numbers that lie in another segment too, and to logs beside the dropped ones', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk);
    const third = sampleAuthor(2);
    await fill(journal, numbers(21, 40));
    await fill(journal, numbers(1, 10), { author: third });
    await fill(journal, numbers(1, 18));
    await fill(journal, numbers(25, 26), { salt: 9 });
    await journal.retain({ ...NO_LIMITS, bytes: 4_500 }, new RetentionWorld());
    const held = journal.heldRanges(log);
    const seqs = await seqsOf(journal, log);
    for (const seq of seqs) expect(journal.holds(log, seq, seq)).toBe('all');
    expect(held.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(new Set(seqs).size);
    expect(journal.letGo(log).some(({ first, last }) => first <= 25 && last >= 25)).toBe(false);
    expect(journal.missing(log)).toEqual([{ first: 19, last: 20 }]);
    await (await expectSameAfterRestart(disk, journal)).stop();
  });

  it('finds retained values in segments whose index does not tell of them', async () => {
    const disk = new MemoryDisk();
    const { journal } = await started(disk);
    await fill(journal, [1], { topic: 'lamp', retain: true });
    await fill(journal, numbers(2, 60));
    await journal.stop();
    for (const name of await filesOf(disk, '.index')) await disk.remove(`${DIRECTORY}/${name}`);
    const { journal: again } = await started(disk);
    await again.retain({ ...NO_LIMITS, bytes: 3_000 }, new RetentionWorld());
    expect((await seqsOf(again, log))[0]).toBe(1);
    await again.stop();
  });
});
