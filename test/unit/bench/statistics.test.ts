import { describe, expect, it } from 'vitest';
import { median, percentile, spread } from '../../../bench/statistics.ts';

describe('the median', () => {
  it('is the middle of an odd number of values, in any order', () => {
    expect(median([30, 4, 5])).toBe(5);
  });
  it('is the mean of the two in the middle of an even number', () => {
    expect(median([10, 1, 2, 4])).toBe(3);
  });
  it('of numbers is not of their texts', () => {
    expect(median([9, 10, 100])).toBe(10);
  });
  it('of nothing is nothing', () => {
    expect(median([])).toBeNull();
  });
  it('leaves its input as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('a percentile', () => {
  const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  it('is the nearest rank', () => {
    expect(percentile(oneToHundred, 50)).toBe(50);
    expect(percentile(oneToHundred, 99)).toBe(99);
    expect(percentile([1, 2, 3], 99)).toBe(3);
  });
  it('reaches from the smallest to the largest value', () => {
    expect(percentile(oneToHundred, 0)).toBe(1);
    expect(percentile(oneToHundred, 100)).toBe(100);
  });
  it('of nothing is nothing', () => {
    expect(percentile([], 99)).toBeNull();
  });
});

describe('the spread', () => {
  it('is the distance of the extremes in parts of the median', () => {
    expect(spread([90, 100, 120])).toBeCloseTo(0.3);
  });
  it('of one run is 0', () => {
    expect(spread([7])).toBe(0);
  });
  it('of nothing, or around 0, is nothing', () => {
    expect(spread([])).toBeNull();
    expect(spread([-1, 0, 1])).toBeNull();
  });
});
