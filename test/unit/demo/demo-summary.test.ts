import { describe, expect, it } from 'vitest';
import { type DemoSummary, describeSummary, isPerfect } from '../../../node/demo/demo-summary.ts';

const PERFECT: Omit<DemoSummary, 'perfect'> = {
  readings: 10,
  published: 10,
  delivered: 10,
  verified: 10,
  lost: 0,
  duplicated: 0,
  redelivered: 3,
  outOfOrder: 0,
  gaps: 0,
  foreign: 0,
  seconds: 25,
  killed: 1,
  cuts: 1,
  centreRestarts: 1,
  feederRetries: 2,
  neighbours: { A: ['B'], D: ['C'] },
  problems: [],
};

describe('the summary of the demo', () => {
  it('is perfect when every reading arrived once, in order and verified', () => {
    expect(isPerfect(PERFECT)).toBe(true);
  });
  it.each([
    { delivered: 9, lost: 1 },
    { lost: 1 },
    { duplicated: 1 },
    { outOfOrder: 1 },
    { gaps: 1 },
    { foreign: 1 },
    { verified: 9 },
    { published: 9, delivered: 9, verified: 9 },
    { problems: ['A met D'] },
  ])('is not perfect with %o', (change) => {
    expect(isPerfect({ ...PERFECT, ...change })).toBe(false);
  });
  it('tells people the counts', () => {
    const text = describeSummary({ perfect: true, ...PERFECT, readings: 97_602, published: 97_602 });
    expect(text).toContain('exactly once');
    expect(text).toContain('97,602 of 97,602');
  });
  it('does not claim what did not happen', () => {
    expect(describeSummary({ perfect: false, ...PERFECT, lost: 1 })).not.toContain('exactly once');
  });
});
