import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskError } from '../../../src/journal/index.ts';
import type { Delivery } from '../../../src/mesh/index.ts';
import { messagesOf, numbers, text } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

describe('a subscription whose reader says what it wants', () => {
  let world: MeshWorld;
  let a: WorldNode;

  beforeEach(async () => {
    world = new MeshWorld({ channels: [{ name: 'alarm', filter: 'alarm/#' }] });
    a = await world.node('a');
  });

  afterEach(() => world.stop());

  async function publish(first: number, last: number, topic = 't'): Promise<void> {
    for (const payload of numbers(first, last)) await a.mesh.publish(topic, payload);
  }

  async function taken(
    from: { take(max: number): Promise<readonly Delivery[]> },
    count: number,
  ): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) found.push(...(await from.take(count - found.length)).map(text));
    return found;
  }

  it('gets what it wants at the time it is read, from all channels', async () => {
    const wanted = new Set(['t']);
    const subscription = a.mesh.subscribeWhere((topic) => wanted.has(topic));
    await publish(1, 2);
    await publish(3, 3, 'other');
    expect(await taken(subscription, 2)).toEqual(['1', '2']);
    wanted.add('other').add('alarm/fire');
    await publish(4, 4, 'other');
    await publish(5, 5, 'alarm/fire');
    expect((await taken(subscription, 2)).sort()).toEqual(['4', '5']);
    await subscription.close();
  });

  it('tells where a message lies, so that what came before can be left out', async () => {
    await publish(1, 3);
    const since = a.mesh.positions();
    const subscription = a.mesh.subscribeWhere(
      (_topic, { channel, position }) => position > (since.get(channel) ?? 0),
      { from: 'all' },
    );
    await publish(4, 4);
    expect(await taken(subscription, 1)).toEqual(['4']);
    await subscription.close();
  });

  it('repeats after a crash just what was taken and not acknowledged, of several batches too', async () => {
    const open = () => a.mesh.subscribeWhere(() => true, { durable: 'd', from: 'all' });
    await publish(1, 10);
    const first = open();
    await first.ready();
    expect(await taken(first, 3)).toEqual(numbers(1, 3));
    expect(await taken(first, 3)).toEqual(numbers(4, 6));
    await first.acknowledge(4);
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    const again = open();
    expect(await taken(again, 6)).toEqual(numbers(5, 10));
    await again.close();
  });

  it.each([
    ['the end of the process', 'all', 5],
    ['a power cut', 'none', 3],
  ] as const)('acknowledged without fsync, goes on after %s where it may', async (_, keepUnsynced, next) => {
    const open = () => a.mesh.subscribeWhere(() => true, { durable: 'd', from: 'all' });
    await publish(1, 10);
    const first = open();
    expect(await taken(first, 6)).toEqual(numbers(1, 6));
    await first.acknowledge(2);
    await first.acknowledge(2, { sync: false });
    await a.crash({ keepUnsynced });
    await a.revive();
    const again = open();
    expect(await taken(again, 11 - next)).toEqual(numbers(next, 10));
    await again.close();
  });

  it('keeps what it acknowledged without fsync once a later fsync fails and the one after does not', async () => {
    const open = () => a.mesh.subscribeWhere(() => true, { durable: 'd', from: 'all' });
    await publish(1, 10);
    const first = open();
    expect(await taken(first, 6)).toEqual(numbers(1, 6));
    await first.acknowledge(2, { sync: false });
    a.memoryDisk.onOperation = ({ kind, path }) => {
      if (kind === 'sync') throw diskError('EIO', path);
    };
    await expect(first.acknowledge(1)).rejects.toMatchObject({ code: 'journal.io-failed' });
    a.memoryDisk.onOperation = null;
    await first.acknowledge(0);
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    const again = open();
    expect(await taken(again, 7)).toEqual(numbers(4, 10));
    await again.close();
  });

  it('exists once it is ready: what is published then survives a crash for it', async () => {
    const subscription = a.mesh.subscribeWhere(() => true, { durable: 'd' });
    await subscription.ready();
    await publish(1, 1);
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    const again = a.mesh.subscribeWhere(() => true, { durable: 'd' });
    expect(await taken(again, 1)).toEqual(['1']);
    await again.close();
  });

  it('is forgotten on request, though not while it is open', async () => {
    const open = () => a.mesh.subscribeWhere(() => true, { durable: 'd', from: 'all' });
    const first = open();
    await expect(a.mesh.forgetSubscription('d')).rejects.toMatchObject({ code: 'mesh.subscription-in-use' });
    await publish(1, 1);
    expect(await taken(first, 1)).toEqual(['1']);
    await first.acknowledge(1);
    await first.close();
    await a.mesh.forgetSubscription('d');
    await a.mesh.forgetSubscription('never-made');
    const again = open();
    expect(await taken(again, 1)).toEqual(['1']);
    await again.close();
    await expect(a.mesh.forgetSubscription('../x')).rejects.toMatchObject({ code: 'mesh.bad-option' });
  });

  it('says how much of its lifetime a message has left', async () => {
    const subscription = a.mesh.subscribeWhere(() => true);
    await a.mesh.publish('t', 'brief', { ttlSeconds: 60 });
    await a.mesh.publish('t', 'lasting');
    const [brief, lasting] = messagesOf([...(await subscription.take(1)), ...(await subscription.take(1))]);
    expect(brief!.lifetimeLeftMs).toBeGreaterThan(50_000);
    expect(brief!.lifetimeLeftMs).toBeLessThanOrEqual(60_000);
    expect(lasting!.lifetimeLeftMs).toBeUndefined();
    await subscription.close();
  });
});

describe('retained values', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  async function valuesOf(
    node: WorldNode,
    wants = (_topic: string) => true,
  ): Promise<Record<string, string>> {
    const values: Record<string, string> = {};
    for await (const message of node.mesh.retained(wants)) values[message.topic] = text(message);
    return values;
  }

  it('are those of the last retained message of each topic, whatever was published since', async () => {
    const a = await world.node('a');
    const retain = { retain: true };
    await a.mesh.publish('x', '1', retain);
    await a.mesh.publish('x', '2', retain);
    await a.mesh.publish('x', 'not retained');
    await a.mesh.publish('y', '3', retain);
    await a.mesh.publish('z', '4', retain);
    await a.mesh.publish('z', '', retain);
    expect(await valuesOf(a)).toEqual({ x: '2', y: '3' });
    expect(await valuesOf(a, (topic) => topic === 'y')).toEqual({ y: '3' });
    await a.restart();
    expect(await valuesOf(a)).toEqual({ x: '2', y: '3' });
  });

  it('are the same on every node', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await a.mesh.publish('x', '1', { retain: true });
    await until(async () => (await valuesOf(b)).x === '1', 'the value of a at b');
    await b.mesh.publish('x', '', { retain: true });
    await until(async () => (await valuesOf(a)).x === undefined, 'no value at a');
  });
});

describe('what was published with the ids of a producer', () => {
  it('is found again after a crash, from a number on, the highest first kept', async () => {
    const world = new MeshWorld({ channels: [{ name: 'alarm', filter: 'alarm/#' }] });
    const a = await world.node('a');
    for (const n of [1, 2, 5, 70_000])
      await a.mesh.publish(n === 2 ? 'alarm/x' : 't', `m${n}`, { id: { producer: 'p', n } });
    await a.mesh.publish('t', 'other', { id: { producer: 'q', n: 3 } });
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    const found = async (from: number, max: number) =>
      (await a.mesh.publishedBy('p', { from, max })).map(({ payload }) => Buffer.from(payload).toString());
    expect(await found(0, 10)).toEqual(['m1', 'm2', 'm5', 'm70000']);
    expect(await found(2, 10)).toEqual(['m2', 'm5', 'm70000']);
    expect(await found(0, 2)).toEqual(['m5', 'm70000']);
    expect(await found(70_001, 2)).toEqual([]);
    expect(await a.mesh.publishedBy('nobody', { from: 0, max: 5 })).toEqual([]);
    await world.stop();
  });
});
