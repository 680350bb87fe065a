import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, lastSeqOf, logIdOf } from '../../../src/entry/index.ts';
import { MemoryDisk, type SeqRange, type StoredRecord } from '../../../src/journal/index.ts';
import { makeJournal } from './journal-world.ts';
import { sampleAuthor, sampleEntry, sampleFacts } from './sample-entries.ts';

/** A journal as one would write it without caring for disks: a list. */
class Model {
  readonly entries: Entry[] = [];

  takes(entry: Entry): boolean {
    return !this.of(entry).some((other) => other.seq <= lastSeqOf(entry) && entry.seq <= lastSeqOf(other));
  }

  of(header: Pick<Entry, 'author' | 'epoch'>): Entry[] {
    const own = this.entries.filter((entry) => logIdOf(entry) === logIdOf(header));
    return own.sort((a, b) => a.seq - b.seq);
  }

  ranges(header: Pick<Entry, 'author' | 'epoch'>, numbers: (entry: Entry) => number[]): SeqRange[] {
    const all = [...new Set(this.of(header).flatMap(numbers))].sort((a, b) => a - b);
    const ranges: { first: number; last: number }[] = [];
    for (const number of all) {
      const top = ranges.at(-1);
      if (top !== undefined && top.last === number - 1) top.last = number;
      else ranges.push({ first: number, last: number });
    }
    return ranges;
  }
}

const held = (entry: Entry) => Array.from({ length: entry.count }, (_, index) => entry.seq + index);
const skipped = (entry: Entry) => Array.from({ length: entry.skip }, (_, index) => entry.seq - 1 - index);

type Step =
  | { kind: 'append'; author: number; seq: number; count: number; skip: number; payloadBytes: number }
  | { kind: 'commit' }
  | { kind: 'restart' }
  | { kind: 'read'; author: number; from: number; through: number; recordsMax: number; bytesMax: number }
  | { kind: 'arrival'; from: number; recordsMax: number; bytesMax: number };

const append = fc.record({
  kind: fc.constant('append' as const),
  author: fc.integer({ min: 0, max: 2 }),
  seq: fc.integer({ min: 1, max: 70 }),
  count: fc.integer({ min: 1, max: 4 }),
  skip: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6 })),
  payloadBytes: fc.integer({ min: 0, max: 200 }),
});
const limits = {
  recordsMax: fc.integer({ min: 1, max: 20 }),
  bytesMax: fc.integer({ min: 1, max: 3_000 }),
};
const steps = fc.array(
  fc.oneof(
    { arbitrary: append as fc.Arbitrary<Step>, weight: 12 },
    { arbitrary: fc.constant<Step>({ kind: 'commit' }), weight: 5 },
    { arbitrary: fc.constant<Step>({ kind: 'restart' }), weight: 1 },
    {
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        author: fc.integer({ min: 0, max: 2 }),
        from: fc.integer({ min: 1, max: 120 }),
        through: fc.integer({ min: 1, max: 130 }),
        ...limits,
      }) as fc.Arbitrary<Step>,
      weight: 3,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('arrival' as const),
        from: fc.integer({ min: 1, max: 40 }),
        ...limits,
      }) as fc.Arbitrary<Step>,
      weight: 3,
    },
  ),
  { minLength: 50, maxLength: 150 },
);

/** The same limits, applied to a list. */
function limited(entries: readonly Entry[], step: { recordsMax: number; bytesMax: number }): Entry[] {
  const taken: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += entry.bytes.length;
    if (taken.length > 0 && (bytes > step.bytesMax || taken.length >= step.recordsMax)) break;
    taken.push(entry);
  }
  return taken;
}

const images = (records: readonly (StoredRecord | Entry)[]) =>
  records.map(({ seq, count, bytes }) => `${seq}+${count} ${Buffer.from(bytes).toString('base64')}`);

describe('ChannelJournal beside a list', () => {
  it('holds, reads and reports the same after any appends, commits and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 500, max: 5_000 }), async (list, segmentBytes) => {
        const disk = new MemoryDisk();
        const model = new Model();
        const options = { segmentBytes, cacheBytes: 600 };
        let { journal } = makeJournal(disk, options);
        await journal.start();
        for (const step of list) {
          if (step.kind === 'commit') await journal.commit();
          if (step.kind === 'restart') {
            await journal.stop();
            ({ journal } = makeJournal(disk, options));
            expect(await journal.start()).toMatchObject({ clean: true, records: model.entries.length });
          }
          if (step.kind === 'append') {
            const skip = Math.min(step.skip, step.seq - 1);
            const entry = sampleEntry({ ...step, author: sampleAuthor(step.author), skip });
            if (!model.takes(entry)) continue;
            expect(journal.holds(logIdOf(entry), entry.seq, lastSeqOf(entry))).toBe('none');
            model.entries.push(entry);
            expect(journal.append(entry, sampleFacts()).position).toBe(model.entries.length);
          }
          if (step.kind === 'read') {
            const { epoch } = sampleEntry({ author: sampleAuthor(0), seq: 1 });
            const header = { author: sampleAuthor(step.author), epoch };
            const read = await journal.readLog(logIdOf(header), step.from, {
              throughSeq: step.through,
              recordsMax: step.recordsMax,
              bytesMax: step.bytesMax,
            });
            const expected = model
              .of(header)
              .filter((e) => lastSeqOf(e) >= step.from && e.seq <= step.through);
            expect(images(read)).toEqual(images(limited(expected, step)));
          }
          if (step.kind === 'arrival') {
            const read = await journal.readArrival(step.from, step);
            const from = model.entries.slice(step.from - 1);
            // It may stop early, but what it returns is the beginning, and never nothing.
            const expected = limited(from, step);
            expect(images(read)).toEqual(images(expected).slice(0, read.length));
            expect(read.length > 0).toBe(expected.length > 0);
            expect(read.map(({ position }) => position)).toEqual(read.map((_, index) => step.from + index));
          }
        }
        for (const author of [0, 1, 2].map(sampleAuthor)) {
          const header = { author, epoch: sampleEntry({ author, seq: 1 }).epoch };
          const log = logIdOf(header);
          const ranges = model.ranges(header, held);
          expect(journal.heldRanges(log).map(({ first, last }) => ({ first, last }))).toEqual(ranges);
          const heldNumbers = new Set(model.of(header).flatMap(held));
          const unheld = model.ranges(header, (entry) => skipped(entry).filter((n) => !heldNumbers.has(n)));
          expect(journal.skipped(log)).toEqual(unheld);
          expect(journal.head(log)?.lastId).toBe(model.of(header).at(-1)?.id);
        }
        const root = journal.root();
        await journal.stop();
        const { journal: again } = makeJournal(disk, options);
        await again.start();
        expect(again.root()).toEqual(root);
        await again.stop();
      }),
      { numRuns: 100 },
    );
  });

  it('has a root that does not depend on the order of arrival', async () => {
    const entries = [1, 2, 5, 9].flatMap((seq) =>
      [0, 1].map((author) => sampleEntry({ author: sampleAuthor(author), seq })),
    );
    const roots: string[] = [];
    for (const order of [entries, entries.toReversed()]) {
      const { journal } = makeJournal(new MemoryDisk());
      await journal.start();
      for (const entry of order) {
        journal.append(entry, sampleFacts());
        journal.root();
      }
      roots.push(Buffer.from(journal.root()).toString('hex'));
      await journal.stop();
    }
    expect(roots[0]).toBe(roots[1]);
  });
});
