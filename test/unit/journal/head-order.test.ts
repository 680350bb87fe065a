import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes/index.ts';
import type { EntryId, EpochId } from '../../../src/entry/index.ts';
import { boundBetween, logKeyOf } from '../../../src/journal/index.ts';
import { RangeIndex } from '../../../src/journal/range-index.ts';
import { seededRandom } from './journal-world.ts';
import { sampleAuthor } from './sample-entries.ts';

const AUTHORS = Array.from({ length: 8 }, (_, n) => sampleAuthor(n));

describe('heads by key', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const below = (end: number) => Math.floor(random() * end);

  function addEntry(index: RangeIndex): void {
    const author = AUTHORS[below(AUTHORS.length)]!;
    const epoch = below(2 ** 10)
      .toString(16)
      .padStart(16, '0') as EpochId;
    const id = below(2 ** 30)
      .toString(16)
      .padStart(32, '0') as EntryId;
    const held = index.logOf({ author, epoch });
    index.add(held, { seq: 1 + below(50), count: 1, skip: 0, id }, 1);
  }

  /** The same heads, taken up in another index from nothing. */
  function copy(index: RangeIndex): RangeIndex {
    const made = new RangeIndex();
    for (const { author, epoch, numbers } of index.held())
      made.merge(made.logOf({ author, epoch }), numbers, 1);
    return made;
  }

  it('have a fingerprint of all that is the root', () => {
    const index = new RangeIndex();
    expect(index.order().fingerprint('', null)).toBe(toHex(index.root()));
    for (let n = 0; n < 50; n++) addEntry(index);
    expect(index.order().fingerprint('', null)).toBe(toHex(index.root()));
  });

  it('have the fingerprints of an index made anew, whatever changed in between', () => {
    const index = new RangeIndex();
    for (let round = 0; round < 100; round++) {
      for (let n = below(20); n >= 0; n--) addEntry(index);
      const from = round % 3 === 0 ? '' : `${below(256).toString(16).padStart(2, '0')}`;
      const to = round % 5 === 0 ? null : `${below(256).toString(16).padStart(2, '0')}`;
      const fresh = copy(index).order();
      expect(index.order().fingerprint(from, to), `round ${round}`).toBe(fresh.fingerprint(from, to));
      expect(index.order().heads(from, to)).toEqual(fresh.heads(from, to));
    }
  });

  it('are split into parts that join to the whole', () => {
    const index = new RangeIndex();
    for (let n = 0; n < 500; n++) addEntry(index);
    const order = index.order();
    for (const parts of [2, 8, 16, 1_000]) {
      const bounds = ['', ...order.split('', null, parts), null];
      expect([...bounds.slice(0, -1)].sort()).toEqual(bounds.slice(0, -1));
      const counts = bounds.slice(0, -1).map((from, at) => order.count(from!, bounds[at + 1]!));
      expect(counts.reduce((a, b) => a + b)).toBe(order.count('', null));
      expect(Math.min(...counts)).toBeGreaterThan(0);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
    }
    expect(order.split('', '00', 8)).toEqual([]);
  });

  it('leave out a log that holds nothing any more', () => {
    const index = new RangeIndex();
    for (let n = 0; n < 20; n++) addEntry(index);
    const [lost] = [...index.held()];
    index.order();
    index.replace(
      lost!,
      Object.assign(Object.create(Object.getPrototypeOf(lost!.numbers)), { ranges: [], skips: [] }),
    );
    expect(index.order().fingerprint('', null)).toBe(copy(index).order().fingerprint('', null));
    expect(
      index
        .order()
        .heads('', null)
        .map(({ log }) => log),
    ).not.toContain(lost!.log);
  });

  it('are bounded by the shortest beginning that tells two keys apart', () => {
    const [a, b] = [
      logKeyOf({ author: AUTHORS[0]!, epoch: '00000000000000aa' as EpochId }),
      logKeyOf({ author: AUTHORS[0]!, epoch: '00000000000100aa' as EpochId }),
    ];
    const bound = boundBetween(a, b);
    expect(bound > a && bound <= b).toBe(true);
    expect(bound).toHaveLength(64 + 12);
    expect(boundBetween('0102', '0a03')).toBe('0a');
  });
});
