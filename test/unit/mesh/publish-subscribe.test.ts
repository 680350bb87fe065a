import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Subscription } from '../../../src/mesh/index.ts';
import { SYNC_DATA_PROTOCOL } from '../../../src/sync/index.ts';
import { brief, messagesOf, numbers, take, text, texts, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';
import { PassingTime } from './passing-time.ts';

const ORIGIN = {
  device: '5e09e00000000001',
  epoch: 7,
  counter: 1_042,
  uptimeMs: 90_000,
  timeMs: 1_790_000_000_000,
  uncertaintyMs: 12,
};

describe('publish and subscribe', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld({ channels: [{ name: 'alarm', filter: 'alarm/#' }] });
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await world.stop();
  });

  async function publishNumbers(node: WorldNode, first: number, last: number, topic = 'a/b'): Promise<void> {
    await node.mesh.publishMany(numbers(first, last).map((payload) => ({ topic, payload })));
  }

  it('delivers on the own node, in order, with what was published', async () => {
    const a = await world.node('a');
    const subscription = a.mesh.subscribe('a/#');
    await a.mesh.publish('a/b', 'one', {
      contentType: 'text/plain',
      key: 'k',
      headers: { h: 'v' },
      ttlSeconds: 60,
      origin: ORIGIN,
      client: { id: 'c', user: 'u', qos: 1 },
    });
    const [delivery] = messagesOf(await take(subscription, 1));
    expect(delivery).toMatchObject({
      topic: 'a/b',
      author: a.mesh.node,
      name: 'a',
      channel: 'main',
      seq: 1,
      contentType: 'text/plain',
      key: 'k',
      headers: { h: 'v' },
      origin: ORIGIN,
      client: { id: 'c', user: 'u', qos: 1 },
      late: false,
    });
    await publishNumbers(a, 1, 1_000);
    expect(await texts(subscription, 1_000)).toEqual(numbers(1, 1_000));
  });

  it('keeps the order of several authors on every node', async () => {
    const nodes = await world.line(['a', 'b', 'c']);
    await world.link(nodes[0]!, nodes[2]!);
    const subscriptions = nodes.map((node) => node.mesh.subscribe('#'));
    await Promise.all(nodes.map((node) => publishNumbers(node, 1, 500)));
    for (const subscription of subscriptions) {
      const deliveries = messagesOf(await take(subscription, 1_500));
      for (const node of nodes) {
        const own = deliveries.filter(({ author }) => author === node.mesh.node);
        expect(own.map(text)).toEqual(numbers(1, 500));
      }
    }
  });

  it('starts a subscription to all that is held at the first message', async () => {
    const a = await world.node('a');
    await publishNumbers(a, 1, 2_000);
    const subscription = a.mesh.subscribe('#', { from: 'all' });
    await publishNumbers(a, 2_001, 2_100);
    expect(await texts(subscription, 2_100)).toEqual(numbers(1, 2_100));
  });

  it('starts a new subscription at what comes after it', async () => {
    const a = await world.node('a');
    await publishNumbers(a, 1, 10);
    const subscription = a.mesh.subscribe('#');
    await publishNumbers(a, 11, 20);
    expect(await texts(subscription, 10)).toEqual(numbers(11, 20));
  });

  it('starts a durable subscription to what is new at what comes after it, also while its file is made', async () => {
    const a = await world.node('a');
    await publishNumbers(a, 1, 10);
    const subscription = a.mesh.subscribe('#', { durable: 'd', from: 'new' });
    const publishing = a.mesh.publish('a/b', '11', { ack: 'accepted' });
    expect(await texts(subscription, 1)).toEqual(['11']);
    await publishing;
  });

  it('refuses offsets that say nothing here', async () => {
    const a = await world.node('a');
    await a.mesh.publish('a/b', 'x');
    const across = a.mesh.subscribe('#', { from: { offset: '0123456789abcdef:1' } });
    await expect(across.next()).rejects.toMatchObject({ code: 'mesh.bad-option' });
    const others = a.mesh.subscribe('$realm/#', { from: { offset: '0123456789abcdef:1' } });
    await expect(others.next()).rejects.toMatchObject({ code: 'journal.offset-unknown' });
  });

  it('starts after an offset within one channel and misses nothing that arrives meanwhile', async () => {
    const a = await world.node('a');
    const first = a.mesh.subscribe('alarm/#', { from: 'all' });
    for (const number of numbers(1, 10)) await a.mesh.publish('alarm/b', number);
    const fifth = messagesOf(await take(first, 5)).at(-1)!;
    const subscription = a.mesh.subscribe('alarm/#', { from: { offset: fifth.offset } });
    const publishing = publishNumbers(a, 11, 20, 'alarm/b');
    expect(await texts(subscription, 15)).toEqual(numbers(6, 20));
    await publishing;
  });

  it.each(['author', 'arrival'] as const)(
    'goes on within an entry after the offset of one of its messages (%s)',
    async (order) => {
      const a = await world.node('a');
      await a.mesh.publishMany(numbers(1, 100).map((payload) => ({ topic: 't', payload })));
      const some = messagesOf(await take(a.mesh.subscribe('t', { from: 'all' }), 100));
      expect(new Set(some.map(({ offset }) => offset)).size).toBe(100);
      const behind = (index: number) =>
        a.mesh.subscribe('t', { order, from: { offset: some[index]!.offset } });
      expect(await texts(behind(41), 58)).toEqual(numbers(43, 100));
      const last = behind(99);
      await a.mesh.publish('t', 'next');
      expect(await texts(last, 1)).toEqual(['next']);
    },
  );

  it('starts at a time of receipt', async () => {
    let skewMs = 0;
    const a = await world.node('a', { skewMs: () => skewMs });
    await publishNumbers(a, 1, 10);
    skewMs = 60_000;
    const timeMs = Date.now() + skewMs;
    await publishNumbers(a, 11, 20);
    const subscription = a.mesh.subscribe('#', { from: { timeMs } });
    const publishing = publishNumbers(a, 21, 25);
    expect(await texts(subscription, 15)).toEqual(numbers(11, 25));
    await publishing;
  });

  it('misses nothing of another author that arrives while the start at a time is looked up', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publishNumbers(b, 1, 3);
    await until(() => a.mesh.logs().some(({ author, last }) => author === b.mesh.node && last === 3), 'held');
    const subscription = a.mesh.subscribe('#', { from: { timeMs: Date.now() + 3_600_000 } });
    const gate = Promise.withResolvers<unknown>();
    void b.mesh.publish('a/b', '4', { ack: 'accepted' }).then(gate.resolve);
    await gate.promise;
    await publishNumbers(b, 5, 5);
    const delivered = await texts(subscription, 1);
    expect(['4', '5']).toContain(delivered[0]);
  });

  it('gives the last value of each topic, without the cleared ones, then what is new', async () => {
    const a = await world.node('a');
    for (const topic of ['a/1', 'a/2', 'a/3']) await publishNumbers(a, 1, 5, topic);
    await a.mesh.publish('a/2', '', { retain: true });
    await a.mesh.publish('a/3', '');
    const subscription = a.mesh.subscribe('a/#', { from: 'last' });
    const last = messagesOf(await take(subscription, 2));
    expect(last.map((message) => [message.topic, text(message)])).toEqual([
      ['a/1', '5'],
      ['a/3', ''],
    ]);
    await a.mesh.publish('a/1', 'new');
    expect(await texts(subscription, 1)).toEqual(['new']);
  });

  it('gives no last value that expired', async () => {
    const time = new PassingTime();
    const a = await world.node('a', { skewMs: () => time.passedMs });
    await a.mesh.publish('a/1', 'short', { ttlSeconds: 1 });
    await a.mesh.publish('a/2', 'long', { ttlSeconds: 3_600 });
    time.passedMs = 10_000;
    const subscription = a.mesh.subscribe('a/#', { from: 'last' });
    expect(await texts(subscription, 1)).toEqual(['long']);
    expect(await within(subscription, 50)).toEqual([]);
  });

  it('delivers nothing that expired', async () => {
    const time = new PassingTime();
    const a = await world.node('a', { skewMs: () => time.passedMs });
    await a.mesh.publish('a/1', 'short', { ttlSeconds: 1 });
    await a.mesh.publish('a/2', 'long', { ttlSeconds: 3_600 });
    time.passedMs = 10_000;
    const subscription = a.mesh.subscribe('a/#', { from: 'all' });
    expect(await texts(subscription, 1)).toEqual(['long']);
  });

  it('does not take a clock that was set ahead for time that passed', async () => {
    let skewMs = 0;
    const a = await world.node('a', { skewMs: () => skewMs });
    await a.mesh.publish('a/1', 'short', { ttlSeconds: 60 });
    skewMs = 10 * 365 * 86_400_000;
    const subscription = a.mesh.subscribe('a/#', { from: 'all' });
    expect(await texts(subscription, 1)).toEqual(['short']);
  });

  it('orders by arrival where that is asked for', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#', { order: 'arrival', from: 'all' });
    for (let round = 0; round < 20; round++) {
      await publishNumbers(round % 2 === 0 ? a : b, round * 10, round * 10 + 9);
    }
    const deliveries = messagesOf(await take(subscription, 200));
    const positions = deliveries.map(({ offset }) => Number.parseInt(offset.split(':')[1]!, 10));
    expect(positions).toEqual([...positions].sort((x, y) => x - y));
    expect(deliveries.map(text).sort()).toEqual(numbers(0, 199).sort());
  });

  it('puts topics into their channels and reads filters across them', async () => {
    const a = await world.node('a');
    const all = a.mesh.subscribe('#');
    const alarms = a.mesh.subscribe('alarm/#');
    const one = a.mesh.subscribe(['x/+', 'alarm/fire']);
    await a.mesh.publish('alarm/fire', 'fire');
    await a.mesh.publish('alarm/flood', 'flood');
    await a.mesh.publish('x/1', 'x');
    expect(messagesOf(await take(alarms, 2)).map(({ channel }) => channel)).toEqual(['alarm', 'alarm']);
    expect((await texts(all, 3)).sort()).toEqual(['fire', 'flood', 'x']);
    expect((await texts(one, 2)).sort()).toEqual(['fire', 'x']);
  });

  it('gives a subscription the channels that are declared after it', async () => {
    const a = await world.node('a');
    const subscription = a.mesh.subscribe('#');
    await a.mesh.declareChannels([
      { name: 'alarm', filter: 'alarm/#' },
      { name: 'later', filter: 'later/#' },
    ]);
    await a.mesh.publish('later/x', 'here');
    const [delivery] = messagesOf(await take(subscription, 1));
    expect(delivery).toMatchObject({ channel: 'later', topic: 'later/x' });
  });

  it('loses nothing for a slow reader and keeps little in memory', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#', { bufferMessages: 10 });
    for (let round = 0; round < 20; round++) {
      await publishNumbers(a, round * 300 + 1, round * 300 + 300);
      if (round % 5 === 0) await subscription.next().then(() => {});
    }
    const rest = await texts(subscription, 6_000 - 4);
    expect(rest).toEqual(numbers(5, 6_000));
  });

  it('answers several waiting calls', async () => {
    const a = await world.node('a');
    const subscription = a.mesh.subscribe('#');
    const waiting = [subscription.next(), subscription.next(), subscription.next()];
    await publishNumbers(a, 1, 3);
    const values = await Promise.all(waiting);
    expect(values.map(({ value }) => text(value!)).sort()).toEqual(['1', '2', '3']);
  });

  it('ends for its reader when it is closed, aborted, or the mesh stops', async () => {
    const a = await world.node('a');
    const abort = new AbortController();
    const ended: Subscription[] = [
      a.mesh.subscribe('#', { durable: 'd', from: 'all' }),
      a.mesh.subscribe('#', { signal: abort.signal }),
      a.mesh.subscribe('#'),
    ];
    const nexts = ended.map((subscription) => subscription.next());
    await Promise.all([ended[0]!.close(), ended[0]!.close()]);
    abort.abort();
    await a.stop();
    for (const next of nexts) expect(await next).toEqual({ done: true, value: undefined });
    for (const subscription of ended) expect((await subscription.next()).done).toBe(true);
  });

  it('says done after a close also where something was handed out', async () => {
    const a = await world.node('a');
    const subscription = a.mesh.subscribe('#', { durable: 'd', from: 'all' });
    await publishNumbers(a, 1, 2);
    await subscription.next();
    await subscription.close();
    expect((await subscription.next()).done).toBe(true);
  });

  it.each([
    ['an empty topic', '', 'topic.empty'],
    ['a wildcard', 'a/+', 'topic.wildcard'],
    ['a reserved topic', '$realm/grant', 'topic.reserved'],
  ])('refuses %s', async (_, topic, code) => {
    const a = await world.node('a');
    await expect(a.mesh.publish(topic, 'x')).rejects.toMatchObject({ code });
  });

  it('refuses what no entry can carry, and goes on', async () => {
    const a = await world.node('a');
    const bad: [unknown, object, string][] = [
      [new Uint8Array(1_048_577), {}, 'entry.payload-too-large'],
      ['x', { ttlSeconds: 0 }, 'mesh.bad-option'],
      ['x', { ttlSeconds: 2 ** 32 }, 'mesh.bad-option'],
      ['x', { ack: 'replicas' }, 'mesh.bad-option'],
      ['x', { id: { producer: '', n: 1 } }, 'mesh.bad-option'],
      ['x', { id: { producer: 'p', n: -1 } }, 'mesh.bad-option'],
      ['x', { headers: { h: 'x'.repeat(40_000) } }, 'mesh.bad-option'],
      ['x', { contentType: 5 }, 'mesh.bad-option'],
      ['x', { key: 5n }, 'mesh.bad-option'],
      ['x', { headers: { h: 5 } }, 'mesh.bad-option'],
      ['x', { headers: 'h' }, 'mesh.bad-option'],
      ['x', { origin: {} }, 'mesh.bad-option'],
      ['x', { origin: { ...ORIGIN, device: 'UNO' } }, 'mesh.bad-option'],
      ['x', { origin: { ...ORIGIN, counter: -1 } }, 'mesh.bad-option'],
      ['x', { origin: { ...ORIGIN, signature: new Uint8Array(64) } }, 'mesh.bad-option'],
      ['x', { origin: { ...ORIGIN, topic: 'half \ud800' } }, 'mesh.bad-option'],
      [
        'x',
        { origin: { ...ORIGIN, signature: new Uint8Array(64), value: new Uint8Array(40_000) } },
        'mesh.bad-option',
      ],
      ['x', { client: {} }, 'mesh.bad-option'],
      ['x', { client: { id: '' } }, 'mesh.bad-option'],
      ['x', { client: { id: 'c', user: '' } }, 'mesh.bad-option'],
      ['x', { client: { id: 'c', qos: 3 } }, 'mesh.bad-option'],
      ['x', { client: { id: 'half \ud800' } }, 'mesh.bad-option'],
      ['x', { client: { id: 'x'.repeat(1_025) } }, 'mesh.bad-option'],
      [5, {}, 'mesh.bad-option'],
    ];
    for (const [payload, options, code] of bad) {
      await expect(
        a.mesh.publish('t', payload as string, options),
        JSON.stringify(code),
      ).rejects.toMatchObject({
        code,
      });
    }
    await a.mesh.publish('t', new Uint8Array(1_048_576));
  });

  it('refuses bad filters and options of a subscription', async () => {
    const a = await world.node('a');
    const bad: [string | string[], object, string][] = [
      ['a/#/b', {}, 'topic.bad-filter'],
      [[], {}, 'mesh.bad-option'],
      ['a', { durable: '../x' }, 'mesh.bad-option'],
      ['a', { gapPatienceMs: -1 }, 'mesh.bad-option'],
      ['a', { bufferMessages: 0 }, 'mesh.bad-option'],
      ['a', { order: 'arrival', durable: 'd' }, 'mesh.bad-option'],
      ['a', { durable: 'd', from: 'never' }, 'mesh.bad-option'],
      ['a', { from: { timeMs: 'x' } }, 'mesh.bad-option'],
      ['a', { order: 'none' }, 'mesh.bad-option'],
    ];
    for (const [filters, options, code] of bad) {
      expect(() => a.mesh.subscribe(filters, options), JSON.stringify([filters, options])).toThrow(
        expect.objectContaining({ code }),
      );
    }
    await a.mesh.subscribe('a', { durable: 'd' }).close();
  });

  it('reports a gap after its patience, and what fills it later as late', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#', { gapPatienceMs: 100 });
    await publishNumbers(a, 1, 3);
    expect(await texts(subscription, 3)).toEqual(numbers(1, 3));
    world.network.passFrame = ({ protocol }) => protocol !== SYNC_DATA_PROTOCOL;
    world.network.passGossip = () => false;
    await publishNumbers(a, 4, 6);
    world.network.passGossip = () => true;
    await publishNumbers(a, 7, 8);
    expect((await take(subscription, 3)).map(brief)).toEqual(['gap 4-6', '7', '8']);
    world.network.passFrame = () => true;
    world.cut(a, b);
    await world.link(a, b);
    expect((await take(subscription, 3)).map(brief)).toEqual(['late 4', 'late 5', 'late 6']);
  });

  it('waits for a gap that is filled within its patience', async () => {
    const [a, b] = (await world.line(['a', 'b'], { sync: { holeDelayMs: 100 } })) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#');
    world.network.passGossip = () => false;
    await publishNumbers(a, 1, 6);
    world.network.passGossip = () => true;
    await publishNumbers(a, 7, 8);
    expect((await take(subscription, 8)).map(brief)).toEqual(numbers(1, 8));
  });
});
