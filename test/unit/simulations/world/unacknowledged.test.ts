import { beforeEach, describe, expect, it } from 'vitest';
import { Unacknowledged } from '../../../../simulations/world/unacknowledged.ts';
import type { Delivery } from '../../../../src/index.ts';

const LOG = { author: 'a', channel: 'main', epoch: '01' };

function message(seq: number, change: object = {}): Delivery {
  return { ...LOG, kind: 'message', seq, ...change } as Delivery;
}

function gap(first: number, last: number): Delivery {
  return { ...LOG, kind: 'gap', first, last } as Delivery;
}

describe('Unacknowledged', () => {
  let unacknowledged: Unacknowledged;

  beforeEach(() => {
    unacknowledged = new Unacknowledged();
    unacknowledged.beginReading();
  });

  /** What of a batch may have been handed out before. */
  function batch(...deliveries: readonly Delivery[]): boolean[] {
    unacknowledged.acknowledgeBatch();
    return deliveries.map((delivery) => unacknowledged.handOut(delivery));
  }

  it('lets come again the last batch alone, once for each reader', () => {
    expect(batch(message(1), message(2))).toEqual([false, false]);
    expect(batch(message(3))).toEqual([false]);
    for (let reader = 0; reader < 2; reader++) {
      unacknowledged.beginReading();
      expect(batch(message(3), message(3))).toEqual([true, false]);
    }
    unacknowledged.beginReading();
    expect(batch(message(2))).toEqual([false]);
  });

  it('remembers what a reader did not come to hand out again', () => {
    batch(message(1));
    unacknowledged.beginReading();
    expect(batch(message(7, { channel: 'alarm' }))).toEqual([false]);
    unacknowledged.beginReading();
    expect(batch(message(1), message(7, { channel: 'alarm' }))).toEqual([true, true]);
  });

  it('lets messages come in place of a gap, and a gap in part', () => {
    batch(gap(4, 6));
    unacknowledged.beginReading();
    expect(batch(message(4), gap(5, 6), message(7))).toEqual([true, true, false]);
  });

  it('knows a message that was published again under either of its numbers', () => {
    batch(message(5));
    unacknowledged.beginReading();
    expect(batch(message(1, { epoch: '02', was: { epoch: '01', seq: 5 } }))).toEqual([true]);
    unacknowledged.beginReading();
    expect(batch(message(5))).toEqual([true]);
  });
});
