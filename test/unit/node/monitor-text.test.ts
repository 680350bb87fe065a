import { expect, test } from 'vitest';
import { monitorText } from '../../../node/device/monitor-text.ts';

const AT = { atMs: Date.UTC(2026, 10, 25, 8, 5, 3, 7), port: '/dev/ttyUSB0', device: 'uno-1' };

test.each([
  [
    { kind: 'frame', from: 'device', type: 'DATA', seq: 5, ack: 3, bytes: 33, again: true, notReady: false },
    '<- DATA seq 5 ack 3, 33 bytes, sent again',
  ],
  [
    { kind: 'frame', from: 'host', type: 'ACK', seq: 4, ack: 6, bytes: 5, again: false, notReady: true },
    '-> ACK seq 4 ack 6, 5 bytes, not ready',
  ],
  [{ kind: 'log', level: null, text: 'hello' }, 'says "hello"'],
  [{ kind: 'log', level: 'warn', text: 'hot' }, 'says "hot" (warn)'],
  [
    { kind: 'record', record: 'reading', topic: 'temp', value: '21.5', epoch: 7, counter: 12, again: false },
    'temp 21.5  (number 12 of epoch 7)',
  ],
  [
    { kind: 'record', record: 'gap', epoch: 7, first: 3, last: null, reason: 'reset' },
    'lost 3 to an unknown number of epoch 7: reset',
  ],
  [{ kind: 'record', record: 'result', command: 9, status: 'busy' }, 'result of command 9: busy'],
  [{ kind: 'record', record: 'stats', badCrc: 2, naks: 1 }, 'stats  badCrc 2, naks 1'],
  [{ kind: 'alarm', cause: 'bad-tag', count: 4, deviceId: '5e09' }, 'ALARM bad-tag, 4 times (5e09)'],
  [{ kind: 'state', state: 'online', epoch: 7, resetCause: 'power' }, 'is online  epoch 7, resetCause power'],
  [{ kind: 'state', state: 'refused', cause: 'unknown-device' }, 'is refused: unknown-device'],
  [
    { kind: 'counted', counters: { 'frame.bad-cobs': 11, 'frame.too-long': 3 } },
    'counted  frame.bad-cobs 11, frame.too-long 3',
  ],
  [{ kind: 'left-out', count: 12 }, '12 events left out: more came than this terminal takes'],
  [{ kind: 'later', colour: 'red' }, 'later  colour red'],
])('%j is a line for people', (event, text) => {
  expect(monitorText({ ...AT, ...event })).toBe(`08:05:03.007  uno-1  ${text}`);
});

test('an event without a device is of its port', () => {
  expect(monitorText({ ...AT, device: null, kind: 'state', state: 'unprovisioned' })).toBe(
    '08:05:03.007  /dev/ttyUSB0  is unprovisioned',
  );
});

test('what a device wrote does not steer the terminal', () => {
  const text = monitorText({ ...AT, kind: 'record', record: 'reading', topic: 'a\u001b[2J', value: 'x\ny' });
  expect(text).not.toMatch(/\p{Cc}/u);
});
