import { describe, expect, it } from 'vitest';
import { ReadingLedger, type TakenReading } from '../../../../node/demo/serial/reading-ledger.ts';

function reading(counter: number, change: Partial<TakenReading> = {}): TakenReading {
  return { epoch: 1, counter, topic: 'air/Gucheng/TEMP', value: `${counter}.5`, ...change };
}

/** A ledger of a device that took the readings 1 to 5. */
function ledgerOfFive(arrived: readonly number[]): ReadingLedger {
  const ledger = new ReadingLedger();
  for (const counter of [1, 2, 3, 4, 5]) ledger.take(reading(counter));
  for (const counter of arrived) ledger.arrive(reading(counter));
  return ledger;
}

describe('the ledger of readings', () => {
  it('is content with all of them once', () => {
    const ledger = ledgerOfFive([1, 2, 3, 4, 5]);
    expect(ledger.isAccountedFor).toBe(true);
    expect(ledger.findings()).toEqual({
      sent: 5,
      delivered: 5,
      duplicated: 0,
      reportedLost: 0,
      unreportedLost: 0,
      foreign: 0,
      reportedInVain: 0,
    });
  });
  it('counts a reading that comes again', () => {
    expect(ledgerOfFive([1, 2, 2, 2, 3, 4, 5]).findings().duplicated).toBe(2);
  });
  it('counts a loss that nobody reports', () => {
    const ledger = ledgerOfFive([1, 2, 5]);
    expect(ledger.isAccountedFor).toBe(false);
    expect(ledger.findings()).toMatchObject({ delivered: 3, reportedLost: 0, unreportedLost: 2 });
  });
  it('tells losses that were reported from those that were not', () => {
    const ledger = ledgerOfFive([1, 5]);
    ledger.report({ epoch: 1, first: 2, last: 3, reason: 'buffer-full' });
    expect(ledger.findings()).toMatchObject({ reportedLost: 2, unreportedLost: 1 });
  });
  it('takes a gap without an end for all that follows in its epoch', () => {
    const ledger = ledgerOfFive([1, 2, 3]);
    ledger.take(reading(9, { epoch: 2 }));
    ledger.report({ epoch: 1, first: 4, last: null, reason: 'reset' });
    expect(ledger.findings()).toMatchObject({ reportedLost: 2, unreportedLost: 1 });
  });
  it('counts readings that are delivered and yet said to be lost', () => {
    const ledger = ledgerOfFive([1, 2, 3, 4, 5]);
    ledger.report({ epoch: 1, first: 4, last: 5, reason: 'lost' });
    expect(ledger.findings()).toMatchObject({ delivered: 5, reportedInVain: 2 });
  });
  it('does not take what the device never took for a delivery', () => {
    const ledger = ledgerOfFive([1, 2, 3, 4]);
    ledger.arrive(reading(5, { value: '99' }));
    ledger.arrive(reading(6));
    expect(ledger.findings()).toMatchObject({ delivered: 4, foreign: 2 });
  });
  it('compares numbers as numbers', () => {
    const ledger = new ReadingLedger();
    ledger.take(reading(1, { value: '1.50' }));
    ledger.arrive(reading(1, { value: '1.5' }));
    expect(ledger.findings()).toMatchObject({ delivered: 1, foreign: 0 });
  });
});
