import { expect, test } from 'vitest';
import { mqttListening } from '../../../node/config/index.ts';

const LOCAL = { host: '127.0.0.1', port: 1883 };
const FAR = { host: '0.0.0.0', port: 8883 };
const FILES = { mqttCert: 'a.crt', mqttKey: 'a.key' };

test('where nothing is said it listens on this machine alone, at the port of MQTT, as far as that is free', () => {
  const unasked = { host: '127.0.0.1', port: 1_883 };
  expect(mqttListening({})).toMatchObject({ listeners: [], unasked, local: true });
  expect(mqttListening({ mqttTls: FAR, ...FILES })).toMatchObject({ listeners: [{ kind: 'tls' }], unasked });
});

test('nothing listens where it is off', () => {
  const off = { mqtt: null, mqttTls: null, mqttWebSocket: null };
  expect(mqttListening(off)).toMatchObject({ listeners: [], unasked: null });
});

test('each of the three listens where it is told to', () => {
  const settings = { mqtt: LOCAL, mqttTls: FAR, mqttWebSocket: { host: '::1', port: 9001 }, ...FILES };
  expect(mqttListening(settings)).toEqual({
    listeners: [
      { kind: 'tcp', ...LOCAL },
      { kind: 'tls', ...FAR, certFile: 'a.crt', keyFile: 'a.key' },
      { kind: 'websocket', host: '::1', port: 9001 },
    ],
    unasked: null,
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

test('an address that asks for certificates is no matter of users, and has them over WebSocket too', () => {
  const settings = { mqtt: null, mqttTls: FAR, mqttWebSocketTls: FAR, ...FILES, mqttCa: 'ca.crt' };
  const files = { certFile: 'a.crt', keyFile: 'a.key', caFile: 'ca.crt' };
  expect(mqttListening(settings)).toMatchObject({
    listeners: [
      { kind: 'tls', ...FAR, ...files },
      { kind: 'websocket-tls', ...FAR, ...files },
    ],
    local: true,
  });
  expect(mqttListening({ ...settings, mqttWebSocket: FAR }).local).toBe(false);
});

test.each([{}, { mqttCert: 'a.crt' }, { mqttKey: 'a.key' }])(
  'TLS without both of its files is a mistake: %j',
  (files) => {
    expect(() => mqttListening({ mqttTls: FAR, ...files })).toThrow(/certificate/);
    expect(() => mqttListening({ mqttWebSocketTls: FAR, ...files })).toThrow(/certificate/);
  },
);
