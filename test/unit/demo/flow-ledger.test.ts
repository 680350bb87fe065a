import { expect, it } from 'vitest';
import { FlowLedger, MQTT_NODES } from '../../../node/demo/mqtt/flow-ledger.ts';

function sent(count: number): FlowLedger {
  const ledger = new FlowLedger();
  for (let index = 0; index < count; index++) {
    ledger.send('A');
    ledger.acknowledge();
  }
  return ledger;
}

it('is complete when each subscriber has each message and each was answered', () => {
  const ledger = sent(2);
  for (const at of MQTT_NODES) for (const number of [0, 1]) ledger.arrive(at, 'A', number);
  expect(ledger.isComplete).toBe(true);
  expect(ledger.findings()).toMatchObject({ sent: 2, received: 6, lost: 0, duplicated: 0, outOfOrder: 0 });
});

it('counts what is lost, comes twice, comes late, and what nobody sent', () => {
  const ledger = sent(3);
  for (const number of [0, 2, 1, 1, 7]) ledger.arrive('B', 'A', number);
  expect(ledger.isComplete).toBe(false);
  expect(ledger.findings()).toMatchObject({ lost: 6, duplicated: 1, outOfOrder: 1, foreign: 1, repeated: 0 });
});

it('tells what comes again at a node that was killed from other duplicates', () => {
  const ledger = sent(4);
  ledger.connected('A');
  ledger.arrive('A', 'A', 0);
  ledger.killed('A');
  // Read after the kill, and sent before.
  ledger.arrive('A', 'A', 1);
  ledger.connected('A');
  for (const number of [1, 2, 2]) ledger.arrive('A', 'A', number);
  expect(ledger.findings()).toMatchObject({ repeated: 1, duplicated: 1 });
  // Another connection excuses nothing.
  ledger.connected('A');
  ledger.arrive('A', 'A', 2);
  expect(ledger.findings()).toMatchObject({ repeated: 1, duplicated: 2 });
});
