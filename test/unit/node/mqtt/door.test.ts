import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MqttGateway } from '../../../../node/gateways/mqtt/index.ts';
import { MqttDoor } from '../../../../node/gateways/mqtt/mqtt-door.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import { MeshWorld } from '../../mesh/mesh-world.ts';
import { MqttClient } from './mqtt-client.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
let world: MeshWorld;
let directory: string;
let gateways: MqttGateway[];
let doors: MqttDoor[];

beforeEach(async () => {
  world = new MeshWorld();
  directory = await mkdtemp(join(tmpdir(), 'sedge-door-'));
  gateways = [];
  doors = [];
});

afterEach(async () => {
  await Promise.all(doors.map((door) => door.stop()));
  await world.stop();
  await rm(directory, { recursive: true, force: true });
});

async function makeDoor(address = LOOPBACK, log = silentLog) {
  const [node] = await world.line(['a']);
  const openGateway = vi.fn(async () => {
    const deps = { mesh: node!.mesh, directory, log: silentLog, nowMs: Date.now };
    const gateway = new MqttGateway({ listeners: [] }, deps);
    await gateway.start();
    gateways.push(gateway);
    return gateway;
  });
  const door = new MqttDoor(address, { directory, log, openGateway });
  doors.push(door);
  return { door, openGateway };
}

function portOf(door: MqttDoor): number {
  return Number(door.addresses()[0]!.split(':').at(-1));
}

test('the gateway is opened by the first client, once for all', async () => {
  const { door, openGateway } = await makeDoor();
  await door.start({ atOnce: false });
  expect(door.status()).toMatchObject({ listening: door.addresses(), connections: 0, sessions: 0 });
  expect(openGateway).not.toHaveBeenCalled();
  const clients = await Promise.all([MqttClient.open(portOf(door)), MqttClient.open(portOf(door))]);
  await Promise.all(clients.map((client, index) => client.connect({ clientId: `c${index}` })));
  expect(openGateway).toHaveBeenCalledTimes(1);
  expect(door.status()).toMatchObject({ listening: door.addresses(), connections: 2, sessions: 2 });
  expect(door.clients().map(({ clientId }) => clientId)).toEqual(['c0', 'c1']);
});

test('a port that another program has is a warning, and clients elsewhere are served', async () => {
  const other = createServer().listen(LOOPBACK);
  await vi.waitFor(() => expect(other.address()).not.toBeNull());
  const warn = vi.fn();
  const { port } = other.address() as { port: number };
  const { door, openGateway } = await makeDoor({ ...LOOPBACK, port }, { ...silentLog, warn });
  await door.start({ atOnce: true });
  expect(warn).toHaveBeenCalledWith({ address: `127.0.0.1:${port}` }, expect.stringContaining('--mqtt'));
  expect(door.addresses()).toEqual([]);
  expect(openGateway).toHaveBeenCalledTimes(1);
  other.close();
});

test('a port that was asked for and is taken is an error', async () => {
  const other = createServer().listen(LOOPBACK);
  await vi.waitFor(() => expect(other.address()).not.toBeNull());
  const { port } = other.address() as { port: number };
  const [node] = await world.line(['a']);
  const deps = { mesh: node!.mesh, directory, log: silentLog, nowMs: Date.now };
  const gateway = new MqttGateway({ listeners: [{ kind: 'tcp', ...LOOPBACK, port }] }, deps);
  await expect(gateway.start()).rejects.toMatchObject({ code: 'mqtt.cannot-listen' });
  await gateway.stop();
  other.close();
});

test('sessions on disk are looked after from the start on', async () => {
  await mkdir(join(directory, 'mqtt', 'sessions'), { recursive: true });
  await writeFile(join(directory, 'mqtt', 'sessions', 'one.json'), '{}');
  const { door, openGateway } = await makeDoor();
  await door.start({ atOnce: false });
  expect(openGateway).toHaveBeenCalledTimes(1);
});

test('a gateway that does not start costs its client the connection, and the next one is another try', async () => {
  const { door, openGateway } = await makeDoor();
  openGateway.mockRejectedValueOnce(new Error('no room'));
  await door.start({ atOnce: false });
  const first = await MqttClient.open(portOf(door));
  await first.expect('closed');
  const second = await MqttClient.open(portOf(door));
  await second.connect({ clientId: 'second' });
  expect(door.status().connections).toBe(1);
});

test('clients that wait for the gateway are let go when it all stops', async () => {
  const { door, openGateway } = await makeDoor();
  const gate = Promise.withResolvers<void>();
  const open = openGateway.getMockImplementation()!;
  openGateway.mockImplementationOnce(async () => {
    await gate.promise;
    return open();
  });
  await door.start({ atOnce: false });
  const client = await MqttClient.open(portOf(door));
  await vi.waitFor(() => expect(openGateway).toHaveBeenCalled());
  const stopped = door.stop();
  gate.resolve();
  await stopped;
  await client.expect('closed');
});
