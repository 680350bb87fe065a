import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DeliveredMessage } from '../../../src/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { MeshWorld, type WorldNode } from '../../unit/mesh/mesh-world.ts';
import { BridgedNode } from '../../unit/node/mqtt-bridge/bridge-world.ts';
import { MosquittoBroker } from './mosquitto-broker.ts';
import { OutsideClient } from './outside-client.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 12);
const IN_ROUND = 10;
const PATIENT = { timeout: 40_000, interval: 100 };

/** Linear congruential, by Numerical Recipes. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describeWith(['mosquitto-broker'], 'two nodes with a bridge to Mosquitto', () => {
  let world: MeshWorld;
  let broker: MosquittoBroker;
  let client: OutsideClient | null;
  const bridged = new Map<WorldNode, BridgedNode>();

  beforeEach(async () => {
    world = new MeshWorld();
    client = null;
    bridged.clear();
    broker = await MosquittoBroker.start();
  });

  afterEach(async () => {
    client?.close();
    await Promise.all([...bridged.values()].map(({ bridges }) => bridges.stop()));
    await world.stop();
    await broker.cleanUp();
  });

  async function bridge(node: WorldNode): Promise<void> {
    // What goes out would come in again, were it not marked.
    const rules = { out: [{ filter: 'out/#' }], in: [{ filter: 'in/#' }, { filter: 'out/#' }] };
    bridged.set(node, await BridgedNode.start(node, { name: 'b', url: broker.url, ...rules }));
  }

  function carriers(): number {
    return [...bridged.values()].filter(({ status }) => status.role === 'carrier').length;
  }

  async function crash(node: WorldNode): Promise<void> {
    await node.crash({ keepUnsynced: 'none' });
    await bridged.get(node)!.bridges.stop();
    bridged.delete(node);
  }

  async function everything(node: WorldNode): Promise<DeliveredMessage[]> {
    const end = `end ${Math.random()}`;
    const got: DeliveredMessage[] = [];
    const subscription = node.mesh.subscribe(['in/#', 'out/#', 'end'], { from: 'all', order: 'arrival' });
    await node.mesh.publish('end', end);
    for await (const delivery of subscription) {
      if (delivery.kind !== 'message') continue;
      if (Buffer.from(delivery.payload).toString() === end) break;
      if (delivery.topic !== 'end') got.push(delivery);
    }
    await subscription.close();
    return got;
  }

  test('lose nothing and make no loop, whatever fails', async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
    console.log(`seed ${seed}`);
    const random = generator(seed);
    const nodes = await world.line(['a', 'b']);
    const [a, b] = nodes as [WorldNode, WorldNode];
    for (const node of nodes) await bridge(node);
    await vi.waitFor(
      () => expect([...bridged.values()].some(({ status }) => status.session?.connected)).toBe(true),
      PATIENT,
    );
    client = await OutsideClient.open(broker.port, 'c', 'out/#');
    let down: WorldNode | null = null;
    let brokerUp = true;
    const sent: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const fault = Math.floor(random() * 5);
      if (fault === 0 && down === null) {
        down = random() < 0.5 ? a : b;
        await crash(down);
      } else if (down !== null && random() < 0.6) {
        await down.revive();
        await bridge(down);
        down = null;
      } else if (fault === 1) world.cut(a, b);
      else if (fault === 2) world.heal(a, b);
      else if (fault === 3) {
        await (brokerUp ? broker.end() : broker.resume());
        brokerUp = !brokerUp;
      }
      for (let index = 0; index < IN_ROUND; index++) {
        const text = `${round}.${index}`;
        sent.push(text);
        client.publish('in/x', text);
        for (const node of nodes) {
          const name = node === a ? 'a' : 'b';
          // A node that is down says it later.
          if (node !== down) await node.mesh.publish(`out/${name}`, text);
          else client.publish(`in/${name}`, text);
        }
      }
      // Some faults come while the one before is still being dealt with, some after it.
      if (brokerUp && random() < 0.5) await vi.waitFor(() => expect(carriers()).toBeGreaterThan(0), PATIENT);
    }
    if (!brokerUp) await broker.resume();
    if (down !== null) {
      await down.revive();
      await bridge(down);
    }
    await world.link(a, b);
    const wanted = [...sent].sort();
    const unique = (texts: readonly string[]) => [...new Set(texts)].sort();
    const out = ['out/a', 'out/b'];
    await vi.waitFor(() => {
      for (const node of bridged.values()) {
        expect(unique(node.payloads('in/x'))).toEqual(wanted);
      }
      const all = out.flatMap((topic) =>
        client!.got.filter((one) => one.topic === topic).map(({ payload }) => `${topic} ${payload}`),
      );
      const inside = out.flatMap((topic) =>
        [...bridged.values()][0]!.payloads(topic).map((text) => `${topic} ${text}`),
      );
      expect(unique(all)).toEqual(unique(inside));
      expect(client!.open).toBe(0);
    }, PATIENT);
    const messages = await everything(a);
    // Nothing that went out came in again.
    expect(
      messages.filter(({ topic, headers }) => out.includes(topic) && headers?.bridge !== undefined),
    ).toEqual([]);
    // What came in twice did so at two nodes, and is told by its id.
    const byContent = Map.groupBy(
      messages.filter(({ topic }) => topic.startsWith('in/')),
      ({ topic, payload }) => `${topic} ${Buffer.from(payload).toString()}`,
    );
    const twice = [...byContent.values()].filter((copies) => copies.length > 1);
    for (const copies of twice) {
      expect(new Set(copies.map(({ headers }) => headers?.['bridge-id'])).size).toBe(1);
      expect(new Set(copies.map(({ author }) => author)).size).toBe(copies.length);
    }
  }, 120_000);
});
