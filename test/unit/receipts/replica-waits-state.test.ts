import { describe, expect, it } from 'vitest';
import type { LogId } from '../../../src/entry/index.ts';
import type { NodeId } from '../../../src/identity/index.ts';
import { ReplicaWaitsState } from '../../../src/receipts/replica-waits-state.ts';

const LOG = 'author/00' as LogId;
const OF = { channel: 'main', log: LOG };
const [A, B] = ['a', 'b'] as unknown as [NodeId, NodeId];

const held = (...ranges: [number, number][]) => ({
  ...OF,
  ranges: ranges.map(([first, last]) => ({ first, last })),
});

describe('waits for replicas', () => {
  it('end when as many nodes as wished have reported all of the numbers', () => {
    const waits = new ReplicaWaitsState();
    const wait = waits.add({ ...OF, first: 5, last: 8, replicas: 2 });
    expect(waits.report(A, held([1, 7]))).toEqual([]);
    expect(waits.report(A, held([1, 9]))).toEqual([]);
    expect(waits.report(B, held([5, 6], [8, 8]))).toEqual([]);
    expect(waits.report(B, held([5, 8]))).toEqual([wait]);
    expect(waits.size).toBe(0);
  });

  it('count a node once, however often it reports', () => {
    const waits = new ReplicaWaitsState();
    waits.add({ ...OF, first: 1, last: 1, replicas: 2 });
    for (let n = 0; n < 10; n++) expect(waits.report(A, held([1, 100]))).toEqual([]);
  });

  it('ask a peer one question a log at a time, for the latest number', () => {
    const waits = new ReplicaWaitsState();
    waits.add({ ...OF, first: 1, last: 1, replicas: 1 });
    waits.add({ ...OF, first: 2, last: 4, replicas: 1 });
    expect(waits.ask(A, 0)).toEqual([{ ...OF, through: 4 }]);
    waits.add({ ...OF, first: 5, last: 5, replicas: 1 });
    expect(waits.ask(A, 10)).toEqual([]);
    expect(waits.ask(B, 10)).toEqual([{ ...OF, through: 5 }]);
    waits.report(A, held([1, 4]));
    expect(waits.ask(A, 20)).toEqual([{ ...OF, through: 5 }]);
  });

  it('ask again in a new session, and when an answer stays out', () => {
    const waits = new ReplicaWaitsState();
    waits.add({ ...OF, first: 1, last: 1, replicas: 1 });
    waits.ask(A, 0);
    waits.forget(A);
    expect(waits.ask(A, 1)).toHaveLength(1);
    expect(waits.ask(A, 4_000)).toEqual([]);
    expect(waits.ask(A, 6_000)).toHaveLength(1);
  });

  it('do not count who may not count any more', () => {
    const waits = new ReplicaWaitsState();
    const wait = waits.add({ ...OF, first: 1, last: 1, replicas: 2 });
    waits.report(A, held([1, 1]));
    waits.discount(A);
    waits.report(B, held([1, 1]));
    expect(wait.nodes).toEqual(new Set([B]));
  });
});
