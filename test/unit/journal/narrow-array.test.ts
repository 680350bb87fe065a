import { describe, expect, it } from 'vitest';
import { NarrowArray } from '../../../src/journal/narrow-array.ts';

describe('a narrow array', () => {
  it.each([
    [[]],
    [[7]],
    [[0, 255]],
    [[1_000_000, 1_000_256]],
    [[2 ** 40, 2 ** 40 + 65_536]],
    [[1, 2 ** 47]],
    [[5, 3, 9, 3]],
  ])('gives back %j', (values) => {
    const narrow = new NarrowArray(values);
    expect([...narrow]).toEqual(values);
    expect(values.map((_, at) => narrow.at(at))).toEqual(values);
    expect(narrow.length).toBe(values.length);
  });
});
