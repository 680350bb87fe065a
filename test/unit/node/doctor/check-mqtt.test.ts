import { expect, test } from 'vitest';
import { checkMqtt } from '../../../../node/doctor/check-mqtt.ts';

const FACTS = { listening: ['127.0.0.1:1883'], connections: 2, sessions: 3, refused: 0 };

test('says where MQTT clients connect, and how many are', () => {
  expect(checkMqtt(FACTS)).toEqual([
    { check: 'mqtt', level: 'ok', sentence: '127.0.0.1:1883: 2 clients connected' },
  ]);
});

test('warns of a port that another program has', () => {
  expect(checkMqtt({ ...FACTS, listening: [] })).toMatchObject([
    { level: 'warn', sentence: expect.stringContaining('another program') },
  ]);
});

test('warns of clients that were refused', () => {
  expect(checkMqtt({ ...FACTS, refused: 7 })).toMatchObject([
    { level: 'warn', sentence: expect.stringContaining('7 refused') },
  ]);
});

test.each([null, undefined])('says nothing where MQTT is off, or the agent does not know it: %s', (off) => {
  expect(checkMqtt(off)).toEqual([]);
});
