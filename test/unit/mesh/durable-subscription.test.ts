import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SYNC_DATA_PROTOCOL } from '../../../src/sync/index.ts';
import { brief, messagesOf, numbers, take, texts, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

describe('durable subscriptions', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  async function publish(node: WorldNode, first: number, last: number, topic = 't'): Promise<void> {
    for (const payload of numbers(first, last)) await node.mesh.publish(topic, payload);
  }

  const open = (node: WorldNode, filter = '#') =>
    node.mesh.subscribe(filter, { durable: 'd', from: 'all', gapPatienceMs: 100 });

  it('go on behind what was acknowledged after a restart', async () => {
    const a = await world.node('a');
    await publish(a, 1, 10);
    expect(await texts(open(a), 5)).toEqual(numbers(1, 5));
    await a.restart();
    const again = open(a);
    expect(await texts(again, 6)).toEqual(numbers(5, 10));
    await publish(a, 11, 11);
    expect(await texts(again, 1)).toEqual(['11']);
  });

  it('go on behind what was acknowledged by itself, without asking for more', async () => {
    const a = await world.node('a');
    await publish(a, 1, 3);
    const first = open(a);
    expect(await first.nextBatch(2)).toHaveLength(2);
    await first.acknowledge();
    await first.close();
    expect(await texts(open(a), 1)).toEqual(['3']);
  });

  it('go on within an entry of many messages', async () => {
    const a = await world.node('a');
    await a.mesh.publishMany(numbers(1, 200).map((payload) => ({ topic: 't', payload })));
    expect(await texts(open(a), 50)).toEqual(numbers(1, 50));
    await a.restart();
    expect(await texts(open(a), 151)).toEqual(numbers(50, 200));
  });

  it('repeat after a power cut only what was not acknowledged', async () => {
    const a = await world.node('a');
    await publish(a, 1, 100);
    expect(await texts(open(a), 30)).toEqual(numbers(1, 30));
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    expect(await texts(open(a), 71)).toEqual(numbers(30, 100));
  });

  it('acknowledge a batch when the next is asked for', async () => {
    const a = await world.node('a');
    await publish(a, 1, 100);
    const first = open(a);
    await until(async () => (await first.nextBatch(40)).length > 0, 'a batch');
    const batch = await first.nextBatch(25);
    const acknowledged = Number(Buffer.from(messagesOf(batch)[0]!.payload)) - 1;
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    expect((await texts(open(a), 1))[0]).toBe(String(acknowledged + 1));
  });

  it('keep only what their filters want apart, and do not repeat what they do not', async () => {
    const a = await world.node('a');
    await publish(a, 1, 5, 'x');
    await publish(a, 6, 10, 'y');
    await publish(a, 11, 12, 'x');
    const first = open(a, 'x');
    expect(await texts(first, 7)).toEqual([...numbers(1, 5), '11', '12']);
    await a.restart();
    expect(await texts(open(a, 'x'), 1)).toEqual(['12']);
  });

  it('refuse other filters under the same name, and a second reader', async () => {
    const a = await world.node('a');
    const first = open(a, 'x');
    expect(() => open(a, 'x')).toThrow(expect.objectContaining({ code: 'mesh.subscription-in-use' }));
    await first.close();
    const other = open(a, 'y');
    await expect(other.next()).rejects.toMatchObject({ code: 'mesh.subscription-mismatch' });
    await open(a, 'x').close();
  });

  it('serve many logs, each in its order, over a restart', async () => {
    const nodes = await world.line(['a', 'b', 'c', 'd', 'e']);
    const e = nodes[4]!;
    await Promise.all(nodes.map((node) => publish(node, 1, 40)));
    const byAuthor = new Map<string, Set<number>>();
    const note = (deliveries: Awaited<ReturnType<typeof take>>) => {
      for (const { author, payload } of messagesOf(deliveries)) {
        const number = Number(Buffer.from(payload));
        const seen = byAuthor.get(author) ?? new Set<number>();
        byAuthor.set(author, seen);
        expect(seen.size === 0 || Math.max(...seen) + 1 === number || seen.has(number)).toBe(true);
        seen.add(number);
      }
    };
    note(await take(open(e), 90));
    await e.restart();
    note(await take(open(e), 111));
    expect([...byAuthor.values()].map(({ size }) => size)).toEqual([40, 40, 40, 40, 40]);
  });

  /** `b` misses 4 to 6 of `a`, and holds 1 to 3 and 7 to 8. */
  async function withGap(): Promise<[WorldNode, WorldNode]> {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publish(a, 1, 3);
    await until(() => b.mesh.logs().some(({ author, last }) => author === a.mesh.node && last === 3), 'held');
    world.network.passFrame = ({ protocol }) => protocol !== SYNC_DATA_PROTOCOL;
    world.network.passGossip = () => false;
    await publish(a, 4, 6);
    world.network.passGossip = () => true;
    await publish(a, 7, 8);
    return [a, b];
  }

  async function fill(a: WorldNode, b: WorldNode): Promise<void> {
    world.network.passFrame = () => true;
    world.cut(a, b);
    await world.link(a, b);
    await until(() => b.mesh.gaps().length === 0, 'the gap is filled');
  }

  it('report a gap again that was not acknowledged, once', async () => {
    const [, b] = await withGap();
    expect((await take(open(b), 4)).map(brief)).toEqual([...numbers(1, 3), 'gap 4-6']);
    await b.crash({ keepUnsynced: 'none' });
    await b.revive();
    expect((await take(open(b), 3)).map(brief)).toEqual(['gap 4-6', '7', '8']);
  });

  it('deliver in order what filled a gap whose report was not acknowledged', async () => {
    const [a, b] = await withGap();
    expect((await take(open(b), 4)).map(brief)).toEqual([...numbers(1, 3), 'gap 4-6']);
    await b.restart();
    await fill(a, b);
    const again = open(b);
    expect((await take(again, 5)).map(brief)).toEqual(numbers(4, 8));
    expect(await within(again, 50)).toEqual([]);
  });

  it('deliver as late what filled a reported gap while nobody read', async () => {
    const [a, b] = await withGap();
    const first = open(b);
    expect((await take(first, 6)).map(brief)).toEqual([...numbers(1, 3), 'gap 4-6', '7', '8']);
    expect(await within(first, 20)).toEqual([]);
    await b.restart();
    await fill(a, b);
    const again = open(b);
    expect((await take(again, 3)).map(brief)).toEqual(['late 4', 'late 5', 'late 6']);
    expect(await within(again, 50)).toEqual([]);
  });

  it('repeat after a power cut what was late and not acknowledged', async () => {
    const [a, b] = await withGap();
    const first = open(b);
    await take(first, 6);
    await fill(a, b);
    expect((await take(first, 2)).map(brief)).toEqual(['late 4', 'late 5']);
    await b.crash({ keepUnsynced: 'none' });
    await b.revive();
    const again = open(b);
    expect((await take(again, 2)).map(brief)).toEqual(['late 5', 'late 6']);
    expect(await within(again, 50)).toEqual([]);
  });

  it('do not wait for numbers that an author skipped, and deliver what turns up in them', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const c = await world.node('c');
    c.want(b);
    await until(() => c.mesh.peers().some(({ sync }) => sync === 'in-sync'), 'c is in sync');
    await publish(a, 1, 3);
    await until(() => c.mesh.logs().some(({ author, last }) => author === a.mesh.node && last === 3), 'held');
    world.cut(b, c);
    const reader = c.mesh.subscribe('#', { durable: 'd', from: 'all' });
    expect(await texts(reader, 3)).toEqual(numbers(1, 3));
    // b alone hears of 4, which a loses with its power.
    a.memoryDisk.onOperation = ({ kind, path }) => {
      if (kind === 'sync' && path.includes('journal'))
        throw Object.assign(new Error('slow'), { code: 'EIO' });
    };
    await a.mesh.publish('t', '4', { ack: 'accepted' });
    await until(
      () => b.mesh.logs().some(({ author, last }) => author === a.mesh.node && last === 4),
      'b has 4',
    );
    world.cut(a, b);
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    await a.mesh.publish('t', '5');
    c.want(a);
    expect((await take(reader, 1)).map(brief)).toEqual(['5']);
    world.heal(b, c);
    expect((await take(reader, 1)).map(brief)).toEqual(['late 4']);
  });

  it('lose nothing and say so when the disk is full, and go on when there is room', async () => {
    const a = await world.node('a');
    await publish(a, 1, 5);
    const reader = open(a);
    await texts(reader, 2);
    a.memoryDisk.capacityBytes = a.memoryDisk.usedBytes;
    await expect(reader.next()).rejects.toMatchObject({ code: 'journal.disk-full' });
    a.memoryDisk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await texts(reader, 3)).toEqual(numbers(3, 5));
    await a.restart();
    expect(await texts(open(a), 1)).toEqual(['5']);
  });

  it('hand out nothing more until an acknowledgement that failed is durable', async () => {
    const a = await world.node('a');
    await publish(a, 1, 5);
    const reader = open(a);
    await texts(reader, 2);
    a.memoryDisk.capacityBytes = a.memoryDisk.usedBytes;
    await expect(reader.next()).rejects.toMatchObject({ code: 'journal.disk-full' });
    await expect(reader.next()).rejects.toMatchObject({ code: 'journal.disk-full' });
    a.memoryDisk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await texts(reader, 1)).toEqual(['3']);
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    expect(await texts(open(a), 1)).toEqual(['3']);
  });

  it('wait for an acknowledgement that is under way', async () => {
    const a = await world.node('a');
    await publish(a, 1, 5);
    const reader = open(a);
    await texts(reader, 2);
    a.memoryDisk.capacityBytes = a.memoryDisk.usedBytes;
    const results = await Promise.allSettled([reader.acknowledge(), reader.next()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
