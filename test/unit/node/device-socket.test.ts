import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { ControlServer } from '../../../node/control/index.ts';
import { SedgeError, silentLog } from '../../../src/errors/index.ts';
import { FakeDevices, sampleDevice, samplePort } from './fake-devices.ts';
import { FakeMesh } from './fake-mesh.ts';

let directory: string;
let devices: FakeDevices;
let server: ControlServer;
let agent: AgentClient;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-devices-'));
  devices = new FakeDevices();
  server = new ControlServer({
    directory,
    mesh: new FakeMesh(),
    devices,
    log: silentLog,
    agentFacts: () => ({}),
    onStop: () => {},
  });
  await server.start();
  agent = connectAgent({ directory });
});

afterEach(async () => {
  await agent.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

/** Reason with which a request is refused. */
function refusalOf(path: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: join(directory, 'control.sock'),
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text).error?.details?.reason));
    });
    outgoing.end(JSON.stringify(body));
  });
}

describe('the routes of devices', () => {
  test('tell of devices and ports as the bridge does', async () => {
    devices.deviceList = [sampleDevice(), sampleDevice({ name: 'uno-2', state: 'offline' })];
    const problem = { code: 'serial.port-denied', detail: 'EACCES' };
    devices.portList = [samplePort({ problem, counters: { 'bad-crc': 3 } })];
    expect(await agent.devices()).toEqual(devices.deviceList);
    expect(await agent.serialPorts()).toEqual(devices.portList);
  });

  test('hand on what is to be done, keys as bytes', async () => {
    const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
    const draft = {
      id: '5e09e00000000001',
      key,
      signingKey: Buffer.alloc(32, 7),
      name: 'uno',
      prefix: 'site',
    };
    const options = {
      name: 'uno',
      baudRate: 57_600,
      prefix: 'a',
      topics: ['temp/#'],
      signingKey: Buffer.alloc(32, 9),
      force: true,
    };
    expect(await agent.provisionDevice('/dev/ttyUSB0', options)).toEqual({
      id: '5e09e00000000009',
      name: 'uno',
    });
    expect(await agent.addDevice(draft)).toEqual({ id: draft.id, name: 'uno' });
    await agent.removeDevice('uno');
    await agent.acceptDeviceEpoch('uno');
    await agent.releasePort('/dev/ttyUSB0');
    await agent.reclaimPort('/dev/ttyUSB0');
    expect(devices.calls).toEqual([
      ['provision', '/dev/ttyUSB0', options],
      ['add', draft],
      ['remove', 'uno'],
      ['acceptEpoch', 'uno'],
      ['release', '/dev/ttyUSB0'],
      ['reclaim', '/dev/ttyUSB0'],
    ]);
  });

  test("pass the bridge's errors on with code and details", async () => {
    devices.failure = new SedgeError('agent.too-large', { devices: 1_024 });
    await expect(agent.removeDevice('uno')).rejects.toMatchObject({
      code: 'agent.too-large',
      details: { devices: 1_024 },
    });
  });

  test.each([
    ['/v1/devices/add', { id: 'a', keyBase64: '?' }, 'keyBase64 must be base64 with padding'],
    ['/v1/devices/add', { id: 'a', key: 'AA==' }, 'unknown key "key"'],
    ['/v1/devices/provision', {}, 'port must be a text'],
    ['/v1/devices/provision', { port: 'a', force: 'yes' }, 'force must be true or false'],
    ['/v1/devices/provision', { port: 'a', topics: 'temp/#' }, 'topics must be an array of texts'],
    ['/v1/devices/provision', { port: 'a', colour: 1 }, 'unknown key "colour"'],
    ['/v1/devices/remove', { device: 5 }, 'device must be a text'],
    ['/v1/devices/monitor', { port: 'a', device: 'b' }, 'give port or device, not both'],
    ['/v1/serial-ports/release', { device: 'uno' }, 'unknown key "device"'],
  ])('refuse at %s the body %j', async (path, body, reason) => {
    expect(await refusalOf(path, body)).toBe(reason);
    expect(devices.calls).toEqual([]);
  });
});

describe('watching', () => {
  test('gives events as they happen, until the watcher has seen enough', async () => {
    const events = agent.monitorDevices({ device: 'uno-1' });
    const first = events.next();
    await expect.poll(() => devices.watchers.size).toBe(1);
    expect(devices.calls).toEqual([['monitor', { device: 'uno-1' }]]);
    const event = { kind: 'text', atMs: 5, port: '/dev/ttyUSB0', text: 'hello\nworld' };
    devices.tell(event);
    devices.tell({ ...event, atMs: 6 });
    expect((await first).value).toEqual(event);
    expect((await events.next()).value).toEqual({ ...event, atMs: 6 });
    await events.return(undefined);
    await expect.poll(() => devices.watchers.size).toBe(0);
  });

  test('ends with its signal while nothing happens', async () => {
    const interruption = new AbortController();
    const next = agent.monitorDevices({ signal: interruption.signal }).next();
    await expect.poll(() => devices.watchers.size).toBe(1);
    interruption.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    await expect.poll(() => devices.watchers.size).toBe(0);
  });

  test('is told that the agent went away', async () => {
    const next = agent.monitorDevices().next();
    next.catch(() => {});
    await expect.poll(() => devices.watchers.size).toBe(1);
    await server.stop();
    await expect(next).rejects.toMatchObject({ code: 'agent.disconnected' });
  });

  test('an unknown device is refused with its code', async () => {
    devices.failure = new SedgeError('agent.bad-request', { reason: 'no such device' });
    await expect(agent.monitorDevices({ device: 'x' }).next()).rejects.toMatchObject({
      code: 'agent.bad-request',
    });
  });
});
