import { describe, expect, it } from 'vitest';
import { resultTable } from '../../../bench/result-table.ts';
import { summarise } from '../../../bench/workload.ts';

const IDENTITY = { workload: 'W2', variant: 'library-20000' } as const;

describe('the summary of runs', () => {
  it('is the median of each figure and the spread of the leading one', () => {
    const runs = [
      { seconds: 1, p50Ms: 3 },
      { seconds: 1.5, p50Ms: 1 },
      { seconds: 1.2, p50Ms: 2 },
    ];
    const result = summarise(IDENTITY, runs, 'seconds');
    expect(result).toMatchObject({ ...IDENTITY, seconds: 1.2, p50Ms: 2, runs: 3 });
    expect(result.spread).toBeCloseTo(0.4167, 3);
  });
  it('lets no single loss or repetition vanish in a median', () => {
    const runs = [
      { lost: 0, duplicated: 0 },
      { lost: 0, duplicated: 7 },
      { lost: 3, duplicated: 0 },
    ];
    expect(summarise(IDENTITY, runs, 'lost')).toMatchObject({ lost: 3, duplicated: 7 });
  });
  it('leaves out a figure that no run has', () => {
    const result = summarise(IDENTITY, [{ lost: 20_000 }], 'seconds');
    expect(Object.keys(result)).not.toContain('seconds');
    expect(result.spread).toBeNull();
  });
});

describe('the table', () => {
  it('shows the columns that there are figures for, aligned', () => {
    const lines = resultTable([
      summarise(IDENTITY, [{ seconds: 0.5, lost: 0 }], 'seconds'),
      summarise({ workload: 'W4', variant: 'agent' }, [{ readyMs: 1_234 }], 'readyMs'),
    ]);
    expect(lines).toEqual([
      'workload  variant        seconds  lost  ready ms  spread',
      'W2        library-20000      0.5     0                 0',
      'W4        agent                            1,234       0',
    ]);
  });
});
