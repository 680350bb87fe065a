import { describe, expect, it } from 'vitest';
import { parseBenchArguments } from '../../../bench/bench-arguments.ts';

describe('the arguments of the benchmark', () => {
  it('are every workload in three runs by default', () => {
    expect(parseBenchArguments([])).toMatchObject({
      workloads: ['W1', 'W2', 'W2-crash', 'W3', 'W4'],
      runs: 3,
      isJson: false,
      variants: null,
    });
  });
  it('name workloads in either case', () => {
    expect(parseBenchArguments(['w2-crash', 'W1', '--json'])).toMatchObject({
      workloads: ['W2-crash', 'W1'],
      isJson: true,
    });
  });
  it('make a single run with --quick unless told otherwise', () => {
    expect(parseBenchArguments(['--quick']).runs).toBe(1);
    expect(parseBenchArguments(['--quick', '--runs', '5']).runs).toBe(5);
  });
  it('narrow a workload to variants, those of mqtt by their own names', () => {
    const argv = ['mqtt', '--variants', 'one-node-1000,agent'];
    expect(parseBenchArguments(argv).variants).toEqual(new Set(['one-node-1000', 'agent']));
  });
  it.each([['W9'], ['--runs', '0'], ['--runs', 'x'], ['--variants', 'mqtt'], ['--nonsense']])(
    'are refused with a sentence: %s %s',
    (...argv) => {
      expect(() => parseBenchArguments(argv)).toThrow();
    },
  );
});
