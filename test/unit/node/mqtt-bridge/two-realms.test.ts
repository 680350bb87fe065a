import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MeshWorld } from '../../mesh/mesh-world.ts';
import { MqttNode } from '../mqtt/mqtt-world.ts';
import { BridgedNode, numbers } from './bridge-world.ts';

/** A realm whose broker is a node of another realm. */
let worlds: MeshWorld[];
let there: MqttNode;
let bridged: BridgedNode[];

beforeEach(async () => {
  worlds = [new MeshWorld(), new MeshWorld()];
  bridged = [];
  const listeners = [{ kind: 'websocket', host: '127.0.0.1', port: 0 }] as const;
  there = await MqttNode.start(await worlds[1]!.node('there'), { listeners });
});

afterEach(async () => {
  await Promise.all(bridged.map(({ bridges }) => bridges.stop()));
  await there.stop();
  await Promise.all(worlds.map((world) => world.stop()));
});

test('all goes both ways over WebSocket, once, though both sides take everything', async () => {
  const here = await BridgedNode.start(await worlds[0]!.node('here'), {
    name: 'b',
    url: `ws://127.0.0.1:${there.port}`,
    out: [{ filter: '#' }],
    in: [{ filter: '#' }],
  });
  bridged.push(here);
  const got: string[] = [];
  void (async () => {
    for await (const delivery of there.node.mesh.subscribe('#')) {
      if (delivery.kind === 'message') got.push(Buffer.from(delivery.payload).toString());
    }
  })();
  await vi.waitFor(() => expect(here.status.session?.connected).toBe(true), {
    timeout: 10_000,
    interval: 10,
  });
  for (const text of numbers(20)) {
    await here.node.mesh.publish('h', `h${text}`, { headers: { unit: 'C' } });
    await there.node.mesh.publish('t', `t${text}`);
  }
  await vi.waitFor(
    () => {
      expect(here.payloads('t')).toHaveLength(20);
      expect(got).toHaveLength(40);
    },
    { timeout: 10_000, interval: 10 },
  );
  await here.node.mesh.publish('h', 'end');
  await vi.waitFor(() => expect(got).toContain('end'), { timeout: 10_000, interval: 10 });
  expect(here.payloads('h')).toHaveLength(21);
  expect(here.payloads('t')).toEqual(numbers(20).map((text) => `t${text}`));
  expect(got).toHaveLength(41);
});
