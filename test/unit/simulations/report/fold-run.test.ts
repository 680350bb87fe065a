import { describe, expect, test } from 'vitest';
import { columnsFor, foldRun } from '../../../../simulations/report/fold-run.ts';
import { layOut } from '../../../../simulations/report/layout.ts';
import type { Runs } from '../../../../simulations/report/run-report.ts';
import { SAMPLE_HISTORY, sampleRun } from './sample-history.ts';

function series(name: string, report = foldRun(sampleRun(), 10)): readonly number[] {
  return report.messages.find((one) => one.name === name)!.values;
}

function expanded(runs: Runs): number[] {
  return runs.flatMap(([columns, value]) => Array.from({ length: columns }, () => value));
}

describe('a folded run', () => {
  test('counts what was published, could be delivered, was, and is missing, over time', () => {
    expect(series('published')).toEqual([1, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(series('deliverable')).toEqual([3, 3, 6, 6, 6, 6, 6, 6, 6, 6]);
    expect(series('delivered')).toEqual([3, 3, 5, 5, 5, 6, 6, 6, 6, 6]);
    expect(series('missing')).toEqual([0, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
  });

  test('counts a delivery that comes twice as a duplicate', () => {
    const history = [...SAMPLE_HISTORY, { ...SAMPLE_HISTORY[7]!, t: 80 }];
    const { figures } = foldRun(sampleRun({ history }), 10);
    expect(figures).toContainEqual(['duplicates', '1']);
    expect(figures).toContainEqual(['delivered', '6']);
  });

  test('counts what a crash may bring again, and what a second subscription gets, as no duplicate', () => {
    const delivery = SAMPLE_HISTORY[7]!;
    const history = [...SAMPLE_HISTORY, { ...delivery, again: true }, { ...delivery, subscription: 2 }];
    const { figures } = foldRun(sampleRun({ history }), 10);
    expect(figures).toContainEqual(['duplicates', '0']);
    expect(figures).toContainEqual(['delivered', '6']);
  });

  test('knows a delivery that is told of before its publishing is', () => {
    const [publish, own] = [SAMPLE_HISTORY[4]!, SAMPLE_HISTORY[5]!];
    const history = SAMPLE_HISTORY.with(4, own).with(5, publish);
    expect(foldRun(sampleRun({ history }), 10).figures).toEqual(foldRun(sampleRun(), 10).figures);
  });

  test('takes what was published again after a fork for what it was', () => {
    const again = { ...SAMPLE_HISTORY[7]!, epoch: 'e2', seq: 9, was: { epoch: 'e1', seq: 1 } };
    const history = SAMPLE_HISTORY.with(7, again);
    expect(foldRun(sampleRun({ history }), 10).figures).toEqual(foldRun(sampleRun(), 10).figures);
  });

  test('measures the delay at other nodes than the author', () => {
    expect(foldRun(sampleRun(), 10).delay).toMatchObject({ count: 4, max: 32 });
  });

  test('says how long after the end of a fault everybody had everything', () => {
    expect(foldRun(sampleRun(), 10).convergence).toEqual([
      { t: 50, after: 'the network was healed', seconds: 2 },
      { t: 70, after: 'n2 started again', seconds: 0 },
    ]);
    const lost = SAMPLE_HISTORY.filter(({ t }) => t !== 52);
    expect(foldRun(sampleRun({ history: lost }), 10).convergence[0]!.seconds).toBeNull();
  });

  test('follows links, crashes and partitions', () => {
    const { lanes, links, partitions, marks } = foldRun(sampleRun(), 10);
    // The crash of n2 ends its links; nothing tells that they came back.
    expect(expanded(lanes[1]!.peers)).toEqual([2, 1, 1, 1, 1, 2, 0, 0, 0, 0]);
    expect(lanes[1]!.down).toEqual([[60, 70]]);
    expect(links.map(({ a, b, share }) => [a, b, share])).toEqual([
      [0, 1, 0.6],
      [1, 2, 0.2],
    ]);
    expect(expanded(links[1]!.up!)).toEqual([10, 0, 0, 0, 0, 10, 0, 0, 0, 0]);
    expect(partitions).toEqual([[10, 50]]);
    expect(marks.map(({ kind }) => kind)).toEqual(['partition', 'heal', 'crash', 'start']);
  });

  test('spreads bytes over the time in which they were sent', () => {
    const { bytes } = foldRun(sampleRun(), 10);
    const sums = bytes.map(({ name, values }) => [name, values.reduce((sum, value) => sum + value, 0)]);
    expect(sums).toEqual([
      ['gossip', 1_500],
      ['sync', 300],
    ]);
    expect(bytes[0]!.values).toEqual([200, 200, 200, 200, 200, 100, 100, 100, 100, 100]);
  });

  test('expects what it is told to expect', () => {
    const expected = { atSeconds: [5, 5, 20], perNode: new Map([['n2', 2]]) };
    const report = foldRun(sampleRun({ expected }), 10);
    expect(series('deliverable', report)).toEqual([2, 2, 3, 3, 3, 3, 3, 3, 3, 3]);
    expect(report.convergence).toEqual([]);
  });

  test('takes no more room for a week of 50 nodes than its columns', () => {
    const nodes = Array.from({ length: 50 }, (_, index) => `n${index + 1}`);
    const history = Array.from({ length: 100_000 }, (_, index) => ({
      t: index * 6,
      event: index % 2 === 0 ? ('up' as const) : ('down' as const),
      node: nodes[(index >>> 1) % 50]!,
      peer: nodes[((index >>> 1) * 7 + 1) % 50]!,
    }));
    const run = sampleRun({ nodes, history, endSeconds: 604_800 });
    expect(JSON.stringify(foldRun(run)).length).toBeLessThan(1_500_000);
    expect(columnsFor(1)).toBe(480);
    expect(JSON.stringify(foldRun(run, columnsFor(100))).length).toBeLessThan(400_000);
  });
});

describe('the layout', () => {
  test('is within a square, finite, and the same each time', () => {
    for (const nodes of [1, 2, 3, 40, 500]) {
      const links = Array.from({ length: nodes - 1 }, (_, index) => [index, index + 1] as const);
      const places = layOut(nodes, links);
      expect(places.length).toBe(nodes);
      expect(places.flat().every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(layOut(nodes, links)).toEqual(places);
    }
  });
});
