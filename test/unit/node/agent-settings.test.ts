import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveSettings } from '../../../node/config/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

function config(value: unknown): Promise<void> {
  return writeFile(join(directory, 'config.json'), typeof value === 'string' ? value : JSON.stringify(value));
}

test('nothing is set where nothing is said', () => {
  expect(resolveSettings(directory, {}, {})).toEqual({});
});

test('the command line comes before the environment, that before the file', async () => {
  await config({ name: 'file', commitIntervalMs: 1, mdns: false, peers: ['/ip4/1.1.1.1/tcp/1'] });
  const env = { SEDGE_NAME: 'env', SEDGE_COMMIT_INTERVAL_MS: '200', SEDGE_DISCOVERY: 'off' };
  expect(resolveSettings(directory, { name: 'option' }, env)).toEqual({
    name: 'option',
    commitIntervalMs: 200,
    mdns: false,
    discovery: false,
    peers: ['/ip4/1.1.1.1/tcp/1'],
  });
});

test('lists in the environment are separated by commas or blanks', () => {
  const env = { SEDGE_LISTEN: '/ip4/0.0.0.0/tcp/1, /ip6/::/tcp/1', SEDGE_PEER: '' };
  expect(resolveSettings(directory, {}, env)).toEqual({ listen: ['/ip4/0.0.0.0/tcp/1', '/ip6/::/tcp/1'] });
});

test.each([
  ['{', /config\.json/],
  ['[]', /must hold a JSON object/],
  [{ colour: 1 }, /unknown setting "colour"; known are listen, peers/],
  [{ listen: '/ip4/1.1.1.1/tcp/1' }, /config\.json, listen.*TCP addresses/],
  [{ peers: ['pi.local:7600'] }, /config\.json, peers/],
  [{ listen: ['/ip4/0.0.0.0/tcp/70000'] }, /config\.json, listen.*TCP addresses/],
  [{ listen: ['/ip4/::/tcp/1'] }, /TCP addresses/],
  [{ listen: ['/ip4/0.0.0.0/udp/1/quic-v1'] }, /TCP addresses/],
  [{ commitIntervalMs: -1 }, /whole number from 0/],
  [{ mdns: 'no' }, /true or false/],
  [{ name: 'a\nb' }, /control character/],
  [{ logLevel: 'loud' }, /one of debug/],
])('a config.json of %j is refused with its place and the rule', async (value, reason) => {
  await config(value);
  expect(() => resolveSettings(directory, {}, {})).toThrow(reason);
  expect(() => resolveSettings(directory, {}, {})).toThrow(
    expect.objectContaining({ code: 'agent.bad-config' }),
  );
});

test('a bad variable is named', () => {
  expect(() => resolveSettings(directory, {}, { SEDGE_MDNS: 'maybe' })).toThrow(/SEDGE_MDNS/);
  expect(() => resolveSettings(directory, {}, { SEDGE_COMMIT_INTERVAL_MS: 'x' })).toThrow(
    /SEDGE_COMMIT_INTERVAL_MS/,
  );
});

test.each([
  ['1883', { host: '127.0.0.1', port: 1883 }],
  ['0', { host: '127.0.0.1', port: 0 }],
  ['192.168.1.5:1883', { host: '192.168.1.5', port: 1883 }],
  ['[::1]:1883', { host: '::1', port: 1883 }],
  ['off', null],
])('MQTT listens at %s', (text, mqtt) => {
  expect(resolveSettings(directory, {}, { SEDGE_MQTT: text })).toEqual({ mqtt });
  expect(resolveSettings(directory, { mqtt: text as never }, { SEDGE_MQTT: '1' })).toEqual({ mqtt });
});

test('a port of MQTT may be a number in the file', async () => {
  await config({ mqtt: 1884, mqttAnonymous: true });
  expect(resolveSettings(directory, {}, {})).toEqual({
    mqtt: { host: '127.0.0.1', port: 1884 },
    mqttAnonymous: true,
  });
});

test.each([
  'on',
  '65536',
  '-1',
  'localhost:1883',
  '::1:1883',
  '[127.0.0.1]:1',
  '1.2.3.4',
  'mqtt://127.0.0.1:1',
])('MQTT does not listen at %s', (text) => {
  expect(() => resolveSettings(directory, {}, { SEDGE_MQTT: text })).toThrow(/SEDGE_MQTT/);
});
