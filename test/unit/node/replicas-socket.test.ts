import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { ControlServer } from '../../../node/control/index.ts';
import { silentLog } from '../../../src/errors/index.ts';
import { MeshWorld } from '../mesh/mesh-world.ts';
import { FakeDevices } from './fake-devices.ts';

let world: MeshWorld;
let directory: string;
let server: ControlServer;
let agent: AgentClient;

beforeEach(async () => {
  world = new MeshWorld();
  const [hub] = await world.line(['hub', 'neighbour']);
  directory = await mkdtemp(join(tmpdir(), 'sedge-replicas-'));
  const { mesh } = hub!;
  const parts = { directory, mesh, devices: new FakeDevices(), log: silentLog, agentFacts: () => ({}) };
  server = new ControlServer({ ...parts, onStop: () => {} });
  await server.start();
  agent = connectAgent({ directory });
});

afterEach(async () => {
  await agent.close();
  await server.stop();
  await world.stop();
  await rm(directory, { recursive: true });
});

describe('replicas over the control socket', () => {
  test('are waited for, by one message and by a stream, and counted in the answer', async () => {
    expect(await agent.publish('t', 'x', { ack: { replicas: 1 } })).toMatchObject({ seq: 1, replicas: 1 });
    expect(await agent.publish('t', 'x')).not.toHaveProperty('replicas');
    const publisher = agent.publisher({ ack: { replicas: 1 }, replicasTimeoutMs: 5_000 });
    const published = await Promise.all([publisher.publish('t', 'a'), publisher.publish('t', 'b')]);
    expect(published).toMatchObject([
      { seq: 3, replicas: 1 },
      { seq: 4, replicas: 1 },
    ]);
    await publisher.close();
  });

  test('that do not come in time are told with how many there were', async () => {
    const wish = { ack: { replicas: 2 }, replicasTimeoutMs: 100 } as const;
    const refusal = { code: 'mesh.not-acknowledged', details: { replicas: 1, wanted: 2 } };
    await expect(agent.publish('t', 'x', wish)).rejects.toMatchObject(refusal);
    const publisher = agent.publisher(wish);
    await expect(publisher.publish('t', 'x')).rejects.toMatchObject(refusal);
    await publisher.close().catch(() => {});
  });

  test('are refused where they cannot be meant', async () => {
    for (const ack of ['replicas', 'replicas:x', { replicas: 'two' }, 7, null]) {
      await expect(agent.publish('t', 'x', { ack: ack as never })).rejects.toMatchObject({
        code: 'agent.bad-request',
      });
    }
    await expect(agent.publish('t', 'x', { ack: { replicas: 999 } })).rejects.toMatchObject({
      code: 'mesh.bad-option',
    });
  });
});
