import { expect, test } from 'vitest';
import { mqttListening } from '../../../node/config/index.ts';

const LOCAL = { host: '127.0.0.1', port: 1883 };
const FAR = { host: '0.0.0.0', port: 8883 };
const FILES = { mqttCert: 'a.crt', mqttKey: 'a.key' };

test('nothing listens where nothing is said, or it is off', () => {
  expect(mqttListening({}).listeners).toEqual([]);
  expect(mqttListening({ mqtt: null, mqttTls: null, mqttWebSocket: null }).listeners).toEqual([]);
});

test('each of the three listens where it is told to', () => {
  const settings = { mqtt: LOCAL, mqttTls: FAR, mqttWebSocket: { host: '::1', port: 9001 }, ...FILES };
  expect(mqttListening(settings)).toEqual({
    listeners: [
      { kind: 'tcp', ...LOCAL },
      { kind: 'tls', ...FAR, certFile: 'a.crt', keyFile: 'a.key' },
      { kind: 'websocket', host: '::1', port: 9001 },
    ],
    local: false,
    anonymous: false,
    ack: 'durable',
  });
});

test('one address that others reach makes it no local matter', () => {
  expect(mqttListening({ mqtt: LOCAL, mqttWebSocket: { host: '::1', port: 1 } }).local).toBe(true);
  expect(mqttListening({ mqtt: LOCAL, mqttWebSocket: FAR, mqttAnonymous: true })).toMatchObject({
    local: false,
    anonymous: true,
  });
});

test.each([{}, { mqttCert: 'a.crt' }, { mqttKey: 'a.key' }])(
  'TLS without both of its files is a mistake: %j',
  (files) => {
    expect(() => mqttListening({ mqttTls: FAR, ...files })).toThrow(/certificate/);
  },
);
