import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { ControlServer } from '../../../node/control/index.ts';
import { silentLog } from '../../../src/errors/index.ts';
import { numbers } from '../mesh/deliveries.ts';
import { MeshWorld, type WorldNode } from '../mesh/mesh-world.ts';
import { FakeDevices } from './fake-devices.ts';

let world: MeshWorld;
let directories: string[];
let servers: ControlServer[];
let clients: AgentClient[];

beforeEach(() => {
  world = new MeshWorld();
  directories = [];
  servers = [];
  clients = [];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
  await world.stop();
  await Promise.all(directories.map((directory) => rm(directory, { recursive: true })));
});

/** A client of a node of the world. */
async function agentOf({ mesh }: WorldNode): Promise<AgentClient> {
  const directory = await mkdtemp(join(tmpdir(), 'sedge-bundle-'));
  const agentFacts = () => ({});
  const parts = { directory, mesh, devices: new FakeDevices(), log: silentLog, agentFacts };
  const server = new ControlServer({ ...parts, onStop: () => {} });
  await server.start();
  const client = connectAgent({ directory });
  directories.push(directory);
  servers.push(server);
  clients.push(client);
  return client;
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe('bundles over the control socket', () => {
  test('go from one agent into another while both run, and the summaries come along', async () => {
    const from = await world.node('from');
    await from.mesh.publishMany(numbers(1, 3_000).map((payload) => ({ topic: 'grüße', payload })));
    const bundle = (await agentOf(from)).exportBundle();
    const into = await world.node('into');
    const progress: number[] = [];
    const summary = await (await agentOf(into)).importBundle(bundle, ({ entries }) => progress.push(entries));
    expect(bundle.messages).toBe(3_002);
    expect(bundle.summary).toMatchObject({ messages: 3_002, expired: 0 });
    expect(summary).toMatchObject({
      state: 'whole',
      storedMessages: 3_002,
      entries: bundle.summary!.entries,
    });
  });

  test('are refused with the code of what is wrong, before the rest is sent', async () => {
    const from = await world.node('from');
    await from.mesh.publish('t', new Uint8Array(1_000_000));
    const bytes = await bytesOf((await agentOf(from)).exportBundle());
    const elsewhere = new MeshWorld();
    try {
      const client = await agentOf(await elsewhere.node('elsewhere'));
      await expect(client.importBundle([bytes])).rejects.toMatchObject({ code: 'bundle.other-realm' });
      const endless = async function* () {
        for (;;) yield Buffer.alloc(65_536);
      };
      await expect(client.importBundle(endless())).rejects.toMatchObject({ code: 'bundle.not-a-bundle' });
    } finally {
      await elsewhere.stop();
    }
  });

  test('are not begun for a request that is wrong', async () => {
    const client = await agentOf(await world.node('from'));
    await expect(bytesOf(client.exportBundle({ channels: ['nothing'] }))).rejects.toMatchObject({
      code: 'bundle.unknown-channel',
    });
    const offsets = { main: '0011223344556677:1' };
    await expect(bytesOf(client.exportBundle({ since: { offsets } }))).rejects.toMatchObject({
      code: 'journal.offset-unknown',
    });
    for (const body of [{ since: 7 }, { since: { offsets: [] } }, { channels: 'main' }, { path: '/etc' }]) {
      await expect(bytesOf(client.exportBundle(body as never))).rejects.toMatchObject({
        code: 'agent.bad-request',
      });
    }
  });

  test('keep what came before the client was gone', async () => {
    const from = await world.node('from');
    for (const payload of numbers(1, 600)) await from.mesh.publish('t', payload.padEnd(2_000));
    const bytes = await bytesOf((await agentOf(from)).exportBundle());
    const into = await world.node('into');
    await agentOf(into);
    const outgoing = request({
      socketPath: join(directories.at(-1)!, 'control.sock'),
      path: '/v1/import',
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
    });
    outgoing.on('error', () => {});
    outgoing.write(bytes.subarray(0, bytes.length / 2));
    await vi.waitFor(() => expect(into.mesh.status().received).toBeGreaterThan(20), { timeout: 10_000 });
    outgoing.destroy();
    const again = await clients.at(-1)!.importBundle([bytes]);
    expect(again.state).toBe('whole');
    expect(again.known).toBeGreaterThan(20);
  });
});
