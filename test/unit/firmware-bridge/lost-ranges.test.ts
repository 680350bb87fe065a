import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lostRanges } from '../../../firmware-bridge/host/bridge/lost-ranges.ts';
import { SettledReadings } from '../../../firmware-bridge/host/bridge/settled-readings.ts';

const nothing = { isTold: async () => false, highestFrom: async () => 0 };
const lostOf = (first: number, last: number | null, there: readonly number[], told: readonly number[] = []) =>
  lostRanges(
    { first, last },
    {
      isThere: async (counter) => there.includes(counter),
      isTold: async (end) => told.includes(end),
      highestFrom: async (from) => Math.max(0, ...[...there, ...told].filter((one) => one >= from)),
    },
  );

describe('what of a gap is really lost', () => {
  it('is all of it where nothing was published', async () => {
    expect(await lostOf(3, 7, [])).toEqual([{ first: 3, last: 7 }]);
  });

  it('is nothing where all was published before a crash', async () => {
    expect(await lostOf(3, 5, [3, 4, 5])).toEqual([]);
  });

  it('leaves out what was published', async () => {
    expect(await lostOf(1, 9, [1, 4, 5])).toEqual([
      { first: 2, last: 3 },
      { first: 6, last: 9 },
    ]);
    expect(await lostOf(1, 4, [4])).toEqual([{ first: 1, last: 3 }]);
  });

  it('has no end where the device did not know it', async () => {
    expect(await lostOf(5, null, [5, 6])).toEqual([{ first: 7, last: null }]);
    expect(await lostOf(5, null, [])).toEqual([{ first: 5, last: null }]);
  });

  it('ends before what came after it, however many are missing', async () => {
    expect(await lostOf(5, null, [300, 301])).toEqual([
      { first: 5, last: 299 },
      { first: 302, last: null },
    ]);
    expect(await lostOf(5, null, [105, 106], [104])).toEqual([{ first: 107, last: null }]);
  });

  it('is nothing that was told before, also of a gap that has grown since', async () => {
    expect(await lostOf(5, 14, [], [9])).toEqual([{ first: 10, last: 14 }]);
    expect(await lostOf(5, 14, [], [9, 14])).toEqual([]);
    expect(await lostOf(5, 14, [10], [9])).toEqual([{ first: 11, last: 14 }]);
    expect(await lostOf(5, null, [], [9])).toEqual([{ first: 10, last: null }]);
  });

  it('looks up only so many numbers, and takes the rest for lost', async () => {
    let asked = 0;
    const isThere = async (counter: number) => {
      asked++;
      return counter <= 10;
    };
    const ranges = await lostRanges({ first: 1, last: 1_000_000 }, { isThere, ...nothing });
    expect(ranges).toEqual([{ first: 11, last: 1_000_000 }]);
    expect(asked).toBeLessThan(20_000);
  });

  it('is bounded for a gap full of holes, and then says too much rather than too little', async () => {
    const isThere = async (counter: number) => counter % 2 === 0;
    const ranges = await lostRanges({ first: 1, last: 5_000 }, { isThere, ...nothing });
    expect(ranges.length).toBeLessThanOrEqual(256);
    expect(ranges.at(-1)!.last).toBe(5_000);
  });

  it('names every number that is not there, and none twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 60 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 120 })),
        async (first, length, there) => {
          const last = first + length;
          const named = (await lostOf(first, last, there)).flatMap((range) =>
            Array.from({ length: range.last! - range.first + 1 }, (_, index) => range.first + index),
          );
          const missing = Array.from({ length: length + 1 }, (_, index) => first + index);
          expect(named).toEqual(missing.filter((counter) => !there.includes(counter)));
        },
      ),
    );
  });
});

describe('how far readings are settled', () => {
  it('moves with each one in order', () => {
    const settled = new SettledReadings(4);
    expect(settled.settle(5, 5)).toBe(true);
    expect(settled.upTo).toBe(5);
    expect(settled.settle(3, 5)).toBe(false);
  });

  it('waits for what is open before it', () => {
    const settled = new SettledReadings(0);
    expect(settled.settle(2, 2)).toBe(false);
    settled.settle(4, 9);
    expect(settled.upTo).toBe(0);
    settled.settle(1, 1);
    expect(settled.upTo).toBe(2);
    settled.settle(3, 3);
    expect(settled.upTo).toBe(9);
  });

  it('is the highest number below which nothing is open, whatever the order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 40 }, (_, index) => index + 1)), (order) => {
        const settled = new SettledReadings(0);
        for (const counter of order) settled.settle(counter, counter);
        let upTo = 0;
        while (order.includes(upTo + 1)) upTo++;
        expect(settled.upTo).toBe(upTo);
      }),
    );
  });
});
