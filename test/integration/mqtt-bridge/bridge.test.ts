import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { MeshWorld } from '../../unit/mesh/mesh-world.ts';
import { BridgedNode, numbers, sorted } from '../../unit/node/mqtt-bridge/bridge-world.ts';
import { MosquittoBroker } from './mosquitto-broker.ts';
import { OutsideClient } from './outside-client.ts';

/** A session that another node took is left alone for half a minute. */
const PATIENT = { timeout: 60_000, interval: 50 };

describeWith(['mosquitto-broker'], 'a bridge to Mosquitto', () => {
  let world: MeshWorld;
  let broker: MosquittoBroker;
  let clients: OutsideClient[];
  let bridged: BridgedNode[];

  beforeEach(async () => {
    world = new MeshWorld();
    clients = [];
    bridged = [];
    broker = await MosquittoBroker.start();
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    await Promise.all(bridged.map(({ bridges }) => bridges.stop()));
    await world.stop();
    await broker.cleanUp();
  });

  async function outside(clientId: string, ...filters: readonly string[]): Promise<OutsideClient> {
    const client = await OutsideClient.open(broker.port, clientId, ...filters);
    clients.push(client);
    return client;
  }

  async function bridge(
    node: Parameters<typeof BridgedNode.start>[0],
    options: object,
  ): Promise<BridgedNode> {
    const made = await BridgedNode.start(node, { name: 'b', url: broker.url, ...options });
    bridged.push(made);
    return made;
  }

  function carries(node: BridgedNode): Promise<void> {
    return vi.waitFor(() => {
      expect(node.status.role).toBe('carrier');
      if (node.status.session !== null) expect(node.status.session.connected).toBe(true);
    }, PATIENT);
  }

  test('what the mesh has goes out and what the broker has comes in, each under its mapped topic', async () => {
    const node = await world.node('a');
    const a = await bridge(node, {
      out: [{ filter: 'site/#', to: 'farm/1' }],
      in: [{ filter: 'orders/+', to: 'todo' }],
    });
    await carries(a);
    const client = await outside('c', 'farm/#');
    await node.mesh.publish('site/t', '21', { headers: { unit: 'C' }, retain: true });
    client.publish('orders/7', 'go', { retain: true, properties: { userProperties: { from: 'office' } } });
    await vi.waitFor(() => {
      expect(client.got).toMatchObject([
        { topic: 'farm/1/t', payload: '21', retain: true, userProperties: { unit: 'C' } },
      ]);
      expect(a.payloads('todo/7')).toEqual(['go']);
    }, PATIENT);
    const order = a.got.find(({ topic }) => topic === 'todo/7')!;
    expect(order).toMatchObject({ retain: true, headers: { from: 'office', bridge: 'b' } });
    expect(a.status.counters).toMatchObject({ out: 1, in: 1, inRefused: 0, outRefused: 0 });
  });

  test.each([1, 2])(
    'a broker that ends and comes back while messages flow loses none (QoS %i)',
    async (qos) => {
      const node = await world.node('a');
      const a = await bridge(node, { qos, out: [{ filter: 'out/#' }], in: [{ filter: 'in/#' }] });
      await carries(a);
      const client = await outside('c', 'out/#');
      for (const text of numbers(200)) {
        void node.mesh.publish('out/x', text);
        client.publish('in/x', text);
        if (text === '60' || text === '140') await broker.end();
        if (text === '100' || text === '170') await broker.resume();
        if (Number(text) % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await vi.waitFor(() => {
        expect(new Set(client.got.map(({ payload }) => payload)).size).toBe(200);
        expect(new Set(a.payloads('in/')).size).toBe(200);
      }, PATIENT);
      await vi.waitFor(() => expect(a.status.waiting).toBe(0), PATIENT);
      if (qos === 2) expect(client.got.map(({ payload }) => payload)).toEqual(numbers(200));
    },
  );

  test('what waits after a long outage goes out and comes in, all of it and in its order', async () => {
    const node = await world.node('a');
    const rules = { out: [{ filter: 'out/#' }], in: [{ filter: 'in/#' }] };
    const before = await bridge(node, rules);
    await carries(before);
    await before.bridges.stop();
    const client = await outside('c', 'out/#');
    const texts = numbers(3_000);
    for (const text of texts) client.publish('in/x', text);
    await Promise.all(texts.map((text) => node.mesh.publish('out/x', text)));
    await vi.waitFor(() => expect(client.open).toBe(0), PATIENT);
    const a = await bridge(node, rules);
    await vi.waitFor(() => {
      expect(client.got.map(({ payload }) => payload)).toEqual(texts);
      expect(a.payloads('in/x')).toEqual(texts);
    }, PATIENT);
    await vi.waitFor(() => expect(a.status.waiting).toBe(0), PATIENT);
    expect(a.status.counters).toMatchObject({ out: 3_000, in: 3_000, inAgain: 0 });
  });

  test('nodes that see each other on overlapping topics make neither a loop nor a duplicate', async () => {
    const [first, second] = await world.line(['a', 'b']);
    const rules = { out: [{ filter: '#' }], in: [{ filter: '#' }] };
    const [a, b] = [await bridge(first!, rules), await bridge(second!, rules)];
    await vi.waitFor(
      () => expect([a, b].filter(({ status }) => status.role === 'carrier')).toHaveLength(1),
      PATIENT,
    );
    await carries(a.status.role === 'carrier' ? a : b);
    const client = await outside('c', 'm/#', 'o/#');
    for (const text of numbers(50)) {
      await first!.mesh.publish('m/a', text);
      await second!.mesh.publish('m/b', text);
      client.publish('o/c', text);
    }
    await vi.waitFor(() => {
      for (const node of [a, b]) expect(node.payloads('o/c')).toHaveLength(50);
      expect(client.got).toHaveLength(150);
    }, PATIENT);
    // Whatever went round would be back by the time that one more has gone both ways.
    await first!.mesh.publish('m/end', 'end');
    client.publish('o/end', 'end');
    await vi.waitFor(() => {
      for (const node of [a, b]) expect(node.payloads('o/end')).toEqual(['end']);
      expect(client.got.filter(({ payload }) => payload === 'end')).toHaveLength(2);
    }, PATIENT);
    for (const node of [a, b]) {
      for (const topic of ['m/a', 'm/b', 'o/c']) expect(node.payloads(topic), topic).toEqual(numbers(50));
    }
    for (const topic of ['m/a', 'm/b', 'o/c']) {
      expect(client.got.filter((one) => one.topic === topic).map(({ payload }) => payload)).toEqual(
        numbers(50),
      );
    }
    expect(a.status.alarms).toEqual([]);
  });

  test('the other node takes over from one that crashes, and loses nothing', async () => {
    const [first, second] = await world.line(['a', 'b']);
    const rules = { out: [{ filter: 'out/#' }], in: [{ filter: 'in/#' }] };
    const nodes = [await bridge(first!, rules), await bridge(second!, rules)];
    await vi.waitFor(
      () => expect(nodes.filter(({ status }) => status.role === 'carrier')).toHaveLength(1),
      PATIENT,
    );
    const carrier = nodes.find(({ status }) => status.role === 'carrier')!;
    const other = nodes.find((node) => node !== carrier)!;
    await carries(carrier);
    const client = await outside('c', 'out/#');
    for (const text of numbers(100)) {
      await other.node.mesh.publish('out/x', text);
      client.publish('in/x', text);
      if (text === '50') await carrier.node.crash({ keepUnsynced: 'none' });
    }
    await carries(other);
    await vi.waitFor(() => {
      expect(new Set(client.got.map(({ payload }) => payload)).size).toBe(100);
      expect(client.open).toBe(0);
    }, PATIENT);
    await carrier.node.revive();
    await vi.waitFor(() => expect(new Set(other.payloads('in/')).size).toBe(100), PATIENT);
  });

  test('a node that stops hands over, and nothing goes out or comes in twice', async () => {
    const [first, second] = await world.line(['a', 'b']);
    const rules = { out: [{ filter: 'out/#' }], in: [{ filter: 'in/#' }] };
    const nodes = [await bridge(first!, rules), await bridge(second!, rules)];
    await vi.waitFor(
      () => expect(nodes.filter(({ status }) => status.role === 'carrier')).toHaveLength(1),
      PATIENT,
    );
    const carrier = nodes.find(({ status }) => status.role === 'carrier')!;
    const other = nodes.find((node) => node !== carrier)!;
    await carries(carrier);
    const client = await outside('c', 'out/#');
    for (const text of numbers(100)) {
      await other.node.mesh.publish('out/x', text);
      client.publish('in/x', text);
      if (text !== '50') continue;
      await vi.waitFor(() => expect(client.got).toHaveLength(50), PATIENT);
      await carrier.bridges.stop();
    }
    await carries(other);
    await vi.waitFor(() => {
      expect(client.got.map(({ payload }) => payload)).toEqual(numbers(100));
      expect(other.payloads('in/x')).toEqual(numbers(100));
    }, PATIENT);
    // What the first had sent is not held for ever.
    await vi.waitFor(
      () => expect(other.status).toMatchObject({ waiting: 0, counters: { out: 50, outByOthers: 50 } }),
      PATIENT,
    );
  });

  test('each part of a partition carries; nothing is lost, and repeats are told by their id', async () => {
    const [first, second] = await world.line(['a', 'b']);
    const rules = {
      out: [{ filter: 'out/#' }, { filter: 'both/#' }],
      in: [{ filter: 'in/#' }, { filter: 'both/#' }],
    };
    const [a, b] = [await bridge(first!, rules), await bridge(second!, rules)];
    await vi.waitFor(
      () => expect([a, b].some(({ status }) => status.role === 'carrier')).toBe(true),
      PATIENT,
    );
    const client = await outside('c', 'out/#', 'both/#');
    world.cut(first!, second!);
    await vi.waitFor(
      () => expect([a, b].every(({ status }) => status.role === 'carrier')).toBe(true),
      PATIENT,
    );
    for (const text of numbers(30)) {
      await first!.mesh.publish('out/a', text);
      await second!.mesh.publish('both/b', text);
      client.publish('in/c', text);
    }
    await vi.waitFor(() => {
      const inside = new Set([...a.payloads('in/c'), ...b.payloads('in/c')]);
      expect(sorted([...inside])).toEqual(numbers(30));
      expect(idsOf(client)).toHaveLength(60);
    }, PATIENT);
    world.heal(first!, second!);
    await vi.waitFor(() => {
      for (const node of [a, b]) {
        // What the broker had sent to one node and not heard of goes to the other one too.
        expect(sorted([...new Set(node.payloads('in/c'))])).toEqual(numbers(30));
        expect(node.payloads('out/a')).toEqual(numbers(30));
        expect(node.payloads('both/b')).toEqual(numbers(30));
      }
      expect([a, b].filter(({ status }) => status.role === 'carrier')).toHaveLength(1);
    }, PATIENT);
    // Whoever carries now has the session, though it was taken from it.
    client.publish('in/d', 'after');
    await vi.waitFor(() => {
      for (const node of [a, b]) expect(node.payloads('in/d')).toEqual(['after']);
    }, PATIENT);
    expect(idsOf(client)).toHaveLength(60);
    const contents = new Set(client.got.map(({ topic, payload }) => `${topic} ${payload}`));
    expect(contents.size).toBe(60);
  });

  function idsOf(client: OutsideClient): unknown[] {
    return [...new Set(client.got.map(({ userProperties }) => userProperties['sedge-id']))];
  }
});
