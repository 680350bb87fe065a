import { expect, it } from 'vitest';
import { probesWithin } from '../../../src/sync/fork-search.ts';

it('asks for each number where there are few', () => {
  expect(probesWithin([{ first: 1, last: 5 }], 0, 6)).toEqual([1, 2, 3, 4, 5]);
  expect(probesWithin([{ first: 1, last: 9 }], 3, 6)).toEqual([4, 5]);
  expect(probesWithin([{ first: 1, last: 9 }], 5, 6)).toEqual([]);
});

it('asks for some, the highest among them, where there are many', () => {
  const probes = probesWithin([{ first: 1, last: 65_536 }], 0, 65_537);
  expect(probes).toHaveLength(16);
  expect(probes[0]).toBe(4_096);
  expect(probes.at(-1)).toBe(65_536);
});

it('asks only for what is held', () => {
  const held = [
    { first: 1, last: 10 },
    { first: 500, last: 510 },
    { first: 900, last: 1_000 },
  ];
  const probes = probesWithin(held, 0, 950);
  expect(probes).toHaveLength(16);
  expect(probes.every((probe) => held.some(({ first, last }) => probe >= first && probe <= last))).toBe(true);
  expect(probes.at(-1)).toBe(949);
  expect(new Set(probes).size).toBe(16);
});

it('finds the first number that differs in few rounds', () => {
  for (const fork of [1, 2, 777, 60_000, 65_536]) {
    let [agreed, end, rounds] = [0, 65_537, 0];
    for (; ; rounds++) {
      const probes = probesWithin([{ first: 1, last: 65_536 }], agreed, end);
      const differs = probes.find((probe) => probe >= fork);
      agreed = Math.max(agreed, ...probes.filter((probe) => probe < fork));
      if (differs === undefined) break;
      end = differs;
    }
    expect(end).toBe(fork);
    expect(rounds).toBeLessThanOrEqual(5);
  }
});
