import { describe, expect, it } from 'vitest';
import { type ChannelJournal, diskError, type KeepUnsynced, MemoryDisk } from '../../../src/journal/index.ts';
import { DIRECTORY, filesOf, seededRandom } from './journal-world.ts';
import { fill, log, NO_LIMITS, numbers, RetentionWorld, seqsOf, started } from './retention-world.ts';

const LIMITS = { ...NO_LIMITS, bytes: 4_000 };
const LAST = 90;
/** Numbers whose entries hold the last retained value of a topic. */
const RETAINED = [1, 31, 61];

/** A journal with more than the limits keep, retained values among it, on a disk of its own. */
async function filledDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await started(disk);
  for (const first of RETAINED) {
    await fill(journal, [first], { topic: `topic ${first}`, retain: true });
    await fill(journal, numbers(first + 1, first + 29));
  }
  await journal.stop();
  return disk;
}

/** Each number is held, let go, or (where the list of those was lost in time) missing; never two of these. */
function expectAccounted(journal: ChannelJournal): void {
  const missing = new Set(journal.missing(log).flatMap(({ first, last }) => numbers(first, last)));
  const letGo = new Set(journal.letGo(log).flatMap(({ first, last }) => numbers(first, last)));
  for (const seq of numbers(1, LAST)) {
    const ways = [journal.holds(log, seq, seq) !== 'none', missing.has(seq), letGo.has(seq)];
    expect(ways.filter(Boolean), `number ${seq}`).toHaveLength(1);
  }
  expect([...missing]).toEqual([]);
}

describe('a crash while retention drops segments', () => {
  it.each<KeepUnsynced>(['none', 'all', 'random'])(
    'leaves every number held or let go, whatever step it comes at, when of unsynced writes survive: %s',
    async (keepUnsynced) => {
      const filled = await filledDisk();
      for (let step = 1; ; step++) {
        const random = seededRandom(step);
        const disk = filled.clone();
        const { journal } = await started(disk, {});
        disk.dieAfter(step);
        await journal.retain(LIMITS, new RetentionWorld()).catch(() => {});
        const finished = !disk.dead;
        const after = disk.crash({ keepUnsynced, random });
        await journal.stop();
        const { journal: again } = await started(after);
        expectAccounted(again);
        for (const seq of RETAINED) expect(again.holds(log, seq, seq)).toBe('all');
        await again.retain(LIMITS, new RetentionWorld());
        expectAccounted(again);
        const seqs = await seqsOf(again, log);
        expect(seqs).toEqual([...new Set(seqs)]);
        expect(seqs.slice(0, 2)).toEqual(RETAINED.slice(0, 2));
        expect(again.totals().bytes).toBeLessThanOrEqual(LIMITS.bytes);
        const files = [...(await filesOf(after, '.segment')), ...(await filesOf(after, '.index'))];
        const sizes = files.map((name) => after.file(`${DIRECTORY}/${name}`).size);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(again.totals().bytes);
        expect(again.diskBytes).toBe(again.totals().bytes);
        await again.stop();
        if (finished) return;
      }
    },
  );
});

describe('retention on a full disk', () => {
  it('frees space: segments go first, and what was let go is written down when there is room', async () => {
    const disk = await filledDisk();
    const { journal } = await started(disk);
    disk.capacityBytes = disk.usedBytes;
    const before = disk.usedBytes;
    await journal.retain(LIMITS, new RetentionWorld());
    await journal.retain(LIMITS, new RetentionWorld());
    expect(disk.usedBytes).toBeLessThan(before / 2);
    expectAccounted(journal);
    await fill(journal, [LAST + 1]);
    await journal.stop();
    const { journal: again } = await started(disk);
    expectAccounted(again);
    for (const seq of RETAINED) expect(again.holds(log, seq, seq)).toBe('all');
    await again.stop();
  });

  it('that takes entries no longer makes room for them', async () => {
    const disk = await filledDisk();
    const { journal } = await started(disk);
    disk.capacityBytes = disk.usedBytes + 300;
    await fill(journal, [LAST + 1, LAST + 2, LAST + 3]).catch(() => {});
    expect(journal.fault?.code).toBe('journal.disk-full');
    await journal.retain(LIMITS, new RetentionWorld());
    await journal.commit();
    expect(journal.fault).toBeNull();
    await fill(journal, [LAST + 4]);
    expect(await seqsOf(journal, log)).toContain(LAST + 4);
    await journal.stop();
  });
});

describe('the list of what was let go', () => {
  it.each([
    ['damaged', (disk: MemoryDisk) => disk.flip(`${DIRECTORY}/let-go`, 20), 1],
    ['lost', (disk: MemoryDisk) => disk.remove(`${DIRECTORY}/let-go`), 0],
  ])(
    'when %s counts as empty: what was let go is wanted again, and nothing else changes',
    async (_, harm, count) => {
      const disk = await filledDisk();
      const { journal } = await started(disk);
      await journal.retain(LIMITS, new RetentionWorld());
      const [held, letGo] = [await seqsOf(journal, log), journal.letGo(log)];
      await journal.stop();
      await harm(disk);
      const { journal: again, counters } = await started(disk);
      expect(counters.get('journal.let-go-damaged')).toBe(count);
      expect(await seqsOf(again, log)).toEqual(held);
      expect(again.missing(log)).toEqual(letGo);
      await again.stop();
    },
  );

  it('that cannot be read does not keep the journal from starting', async () => {
    const disk = await filledDisk();
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'read' && path.endsWith('let-go')) throw diskError('EIO', path);
    };
    await (await disk.open(`${DIRECTORY}/let-go`, { create: true })).close();
    const { journal, counters } = await started(disk);
    expect(counters.get('journal.let-go-damaged')).toBe(1);
    expect(journal.totals().messages).toBe(LAST);
    await journal.stop();
  });
});

describe('reading while retention drops', () => {
  it('gives what is still there, in order, and never fails', async () => {
    const disk = await filledDisk();
    const { journal } = await started(disk, { cacheBytes: 0 });
    let done = false;
    const reading = (async () => {
      while (!done) {
        const seqs = await seqsOf(journal, log);
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        const positions = (await journal.readArrival(1, { bytesMax: 1e9 })).map(({ position }) => position);
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      }
    })();
    for (const bytes of [9_000, 7_000, 5_000, 3_000]) {
      await journal.retain({ ...NO_LIMITS, bytes }, new RetentionWorld());
    }
    done = true;
    await reading;
    await journal.stop();
  });
});
