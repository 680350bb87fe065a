import { describe, expect, it } from 'vitest';
import { DeliveryLedger } from '../../../bench/delivery-ledger.ts';

function ledgerOf(expected: number, arrivals: readonly number[]): DeliveryLedger {
  const ledger = new DeliveryLedger(expected);
  for (const [at, index] of arrivals.entries()) ledger.record(index, 0, at + 1);
  return ledger;
}

describe('a delivery ledger', () => {
  it('is complete when every number arrived once', () => {
    const ledger = ledgerOf(3, [0, 1, 2]);
    expect(ledger.isComplete).toBe(true);
    expect(ledger.report()).toMatchObject({ delivered: 3, lost: 0, duplicated: 0, outOfOrder: 0, lastMs: 3 });
  });
  it('counts what did not arrive', () => {
    const ledger = ledgerOf(4, [0, 3]);
    expect(ledger.isComplete).toBe(false);
    expect(ledger.report().lost).toBe(2);
  });
  it('counts what arrived again, and not as delivered', () => {
    expect(ledgerOf(3, [0, 1, 1, 0]).report()).toMatchObject({ delivered: 2, lost: 1, duplicated: 2 });
  });
  it('counts a number that nobody published as too many', () => {
    expect(ledgerOf(1, [0, 5]).report()).toMatchObject({ delivered: 1, duplicated: 1 });
  });
  it('counts what came behind a higher number', () => {
    expect(ledgerOf(4, [0, 2, 1, 3]).report().outOfOrder).toBe(1);
  });
  it('does not take the time of what arrived again for the end', () => {
    const ledger = ledgerOf(2, [0, 1]);
    ledger.record(1, 0, 99);
    expect(ledger.report().lastMs).toBe(2);
  });
  it('tells how late the messages were', () => {
    const ledger = new DeliveryLedger(3);
    ledger.record(0, 10, 11);
    ledger.record(1, 20, 22);
    ledger.record(2, 30, 39);
    expect(ledger.report()).toMatchObject({ p50Ms: 2, p99Ms: 9 });
  });
});
