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

test('nothing is set where nothing is said', async () => {
  expect(await resolveSettings(directory, {}, {})).toEqual({});
});

test('the command line comes before the environment, that before the file', async () => {
  await config({ name: 'file', commitIntervalMs: 1, mdns: false, peers: ['/ip4/1.1.1.1/tcp/1'] });
  const env = { SEDGE_NAME: 'env', SEDGE_COMMIT_INTERVAL_MS: '200', SEDGE_DISCOVERY: 'off' };
  expect(await resolveSettings(directory, { name: 'option' }, env)).toEqual({
    name: 'option',
    commitIntervalMs: 200,
    mdns: false,
    discovery: false,
    peers: ['/ip4/1.1.1.1/tcp/1'],
  });
});

test('lists in the environment are separated by commas or blanks', async () => {
  const env = { SEDGE_LISTEN: '/ip4/0.0.0.0/tcp/1, /ip6/::/tcp/1', SEDGE_PEER: '' };
  expect(await resolveSettings(directory, {}, env)).toEqual({
    listen: ['/ip4/0.0.0.0/tcp/1', '/ip6/::/tcp/1'],
  });
});

test.each([
  [{ retention: ['main=7x'] }, /--retention: it must name channels/],
  [{ storageMax: '10' }, /--storage-max: it must be a size/],
  [{ serial: ['usb'] }, /--serial: it must be 1 to 64 ports, each a port/],
  [{ peers: ['pi.local:7600'] }, /--peer: it must be/],
] as const)('an option of %j is a mistake on the command line', async (options, reason) => {
  await expect(resolveSettings(directory, options as never, {})).rejects.toThrow(
    expect.objectContaining({ code: 'cli.usage', message: expect.stringMatching(reason) }),
  );
});

test('serial ports are given as others lists are', async () => {
  await config({ serial: ['/dev/ttyUSB0'], serialAck: 'accepted' });
  expect(await resolveSettings(directory, {}, {})).toEqual({
    serial: ['/dev/ttyUSB0'],
    serialAck: 'accepted',
  });
  const env = { SEDGE_SERIAL: 'auto, tcp://10.0.0.7:4000 /dev/ttyACM0:57600', SEDGE_SERIAL_ACK: 'durable' };
  const serial = ['auto', 'tcp://10.0.0.7:4000', '/dev/ttyACM0:57600'];
  expect(await resolveSettings(directory, {}, env)).toEqual({ serial, serialAck: 'durable' });
  expect((await resolveSettings(directory, { serial: ['/dev/ttyS1'] }, env)).serial).toEqual(['/dev/ttyS1']);
});

test.each([
  ['{', /config\.json:1/],
  ['[]', /must hold settings/],
  [{ colour: 1 }, /config\.json:1, "colour".*no such setting/],
  [{ listen: '/ip4/1.1.1.1/tcp/1' }, /config\.json:1, listen.*TCP addresses/],
  [{ peers: ['pi.local:7600'] }, /config\.json:1, peers/],
  [{ listen: ['/ip4/0.0.0.0/tcp/70000'] }, /config\.json:1, listen.*TCP addresses/],
  [{ listen: ['/ip4/::/tcp/1'] }, /TCP addresses/],
  [{ listen: ['/ip4/0.0.0.0/udp/1/quic-v1'] }, /TCP addresses/],
  [{ commitIntervalMs: -1 }, /whole number from 0/],
  [{ mdns: 'no' }, /true or false/],
  [{ name: 'a\nb' }, /control character/],
  [{ logLevel: 'loud' }, /one of debug/],
  [{ serial: ['ttyUSB0'] }, /config\.json:1, serial.*tcp:/],
  [{ serial: '/dev/ttyUSB0' }, /config\.json:1, serial/],
  [{ serial: [] }, /1 to 64 ports, each a port/],
  [{ serialAck: 'never' }, /durable or accepted/],
])('a config.json of %j is refused with its place and the rule', async (value, reason) => {
  await config(value);
  await expect(resolveSettings(directory, {}, {})).rejects.toThrow(reason);
  await expect(resolveSettings(directory, {}, {})).rejects.toThrow(
    expect.objectContaining({ code: 'agent.bad-config' }),
  );
});

test('a bad variable is named', async () => {
  await expect(resolveSettings(directory, {}, { SEDGE_MDNS: 'maybe' })).rejects.toThrow(/SEDGE_MDNS/);
  await expect(resolveSettings(directory, {}, { SEDGE_COMMIT_INTERVAL_MS: 'x' })).rejects.toThrow(
    /SEDGE_COMMIT_INTERVAL_MS/,
  );
});

test.each([
  ['1883', { host: '127.0.0.1', port: 1883 }],
  ['0', { host: '127.0.0.1', port: 0 }],
  ['192.168.1.5:1883', { host: '192.168.1.5', port: 1883 }],
  ['[::1]:1883', { host: '::1', port: 1883 }],
  ['off', null],
])('MQTT listens at %s', async (text, mqtt) => {
  expect(await resolveSettings(directory, {}, { SEDGE_MQTT: text })).toEqual({ mqtt });
  expect(await resolveSettings(directory, { mqtt: text as never }, { SEDGE_MQTT: '1' })).toEqual({ mqtt });
});

test('a port of MQTT may be a number in the file', async () => {
  await config({ mqtt: 1884, mqttAnonymous: true });
  expect(await resolveSettings(directory, {}, {})).toEqual({
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
])('MQTT does not listen at %s', async (text) => {
  await expect(resolveSettings(directory, {}, { SEDGE_MQTT: text })).rejects.toThrow(/SEDGE_MQTT/);
});

test.each([
  ['accepted', 'accepted'],
  ['durable', 'durable'],
  ['replicas:2', { replicas: 2 }],
])('MQTT acknowledges at %s', async (text, mqttAck) => {
  expect(await resolveSettings(directory, {}, { SEDGE_MQTT_ACK: text })).toEqual({ mqttAck });
});

test.each(['replicas:0', 'replicas:65', 'never'])('MQTT does not acknowledge at %s', async (text) => {
  await expect(resolveSettings(directory, {}, { SEDGE_MQTT_ACK: text })).rejects.toThrow(/SEDGE_MQTT_ACK/);
});
