import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messagesOf, numbers, take, text, texts, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

describe('publish ids', () => {
  let world: MeshWorld;
  let a: WorldNode;

  beforeEach(async () => {
    world = new MeshWorld();
    a = await world.node('a');
  });

  afterEach(() => world.stop());

  const publish = (n: number, ack: 'accepted' | 'durable' = 'durable', producer = 'p') =>
    a.mesh.publish('t', String(n), { id: { producer, n }, ack });

  it('drop a retry at once and one in flight, with the numbers of the first', async () => {
    const subscription = a.mesh.subscribe('#');
    const [first, second] = await Promise.all([publish(1), publish(1)]);
    const third = await publish(1);
    expect([first.duplicate, second.duplicate, third.duplicate]).toEqual([false, true, true]);
    expect([second.seq, third.seq, third.epoch]).toEqual([first.seq, first.seq, first.epoch]);
    await publish(2);
    expect(await texts(subscription, 2)).toEqual(['1', '2']);
  });

  it('keep the order of a producer, also behind a retry', async () => {
    const subscription = a.mesh.subscribe('#');
    await Promise.all([1, 2, 3].map((n) => publish(n)));
    const results = await Promise.all([2, 3, 4, 5, 4, 6, 7].map((n) => publish(n)));
    expect(results.map(({ duplicate }) => duplicate)).toEqual([true, true, false, false, true, false, false]);
    expect(await texts(subscription, 7)).toEqual(numbers(1, 7));
  });

  it('are apart for each producer', async () => {
    const results = [await publish(1, 'durable', 'p'), await publish(1, 'durable', 'q')];
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, false]);
  });

  it('tell where a message went, also after a restart, and nothing of what was never published', async () => {
    const { channel, epoch, seq } = await publish(7);
    const place = { channel, epoch, seq };
    expect(await a.mesh.findPublished({ producer: 'p', n: 7 })).toEqual(place);
    await a.restart();
    expect(await a.mesh.findPublished({ producer: 'p', n: 7 })).toEqual(place);
    expect(await a.mesh.findPublished({ producer: 'p', n: 8 })).toBeNull();
    expect(await a.mesh.findPublished({ producer: 'q', n: 7 })).toBeNull();
  });

  it('are known after a restart', async () => {
    const first = await publish(1);
    await a.restart();
    expect(await publish(1)).toMatchObject({ duplicate: true, seq: first.seq, epoch: first.epoch });
    expect(await publish(2)).toMatchObject({ duplicate: false });
  });

  it('are known after a power cut, if they were durable, and free if they were not', async () => {
    await publish(1);
    a.memoryDisk.onOperation = ({ kind, path }) => {
      if (kind === 'sync' && path.includes('journal'))
        throw Object.assign(new Error('slow'), { code: 'EIO' });
    };
    await publish(2, 'accepted');
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    expect((await publish(1)).duplicate).toBe(true);
    expect((await publish(2)).duplicate).toBe(false);
    const subscription = a.mesh.subscribe('#', { from: 'all' });
    expect(await texts(subscription, 2)).toEqual(['1', '2']);
    expect(await within(subscription, 30)).toEqual([]);
  });

  it('are handed to nobody before they are durable', async () => {
    const b = await world.node('b');
    await world.link(a, b);
    const seen = [a, b].map((node) => node.mesh.subscribe('#'));
    await a.mesh.publish('t', '0');
    for (const subscription of seen) expect(await texts(subscription, 1)).toEqual(['0']);
    let blocked = true;
    a.memoryDisk.onOperation = ({ kind, path }) => {
      if (blocked && kind === 'sync' && path.includes('journal'))
        throw Object.assign(new Error('slow'), { code: 'EIO' });
    };
    await publish(1, 'accepted');
    for (const subscription of seen) expect(await within(subscription, 100)).toEqual([]);
    blocked = false;
    for (const node of [a, b]) {
      const all = node.mesh.subscribe('#', { from: 'all' });
      expect(await texts(all, 2)).toEqual(['0', '1']);
    }
  });

  it('do not slow down what a producer publishes behind a retry', async () => {
    await Promise.all(numbers(1, 500).map((n) => publish(Number(n))));
    const before = a.memoryDisk.totals.syncs;
    const retried = numbers(1, 1_000).map((n) => publish(Number(n)));
    expect((await Promise.all(retried)).filter(({ duplicate }) => duplicate)).toHaveLength(500);
    expect(a.memoryDisk.totals.syncs - before).toBeLessThan(100);
  });

  it('stay in order with messages that wait for their numbers', async () => {
    // The disk takes its time with the reserve file, and meanwhile the numbers run out.
    let slow = true;
    const subscription = a.mesh.subscribe('#', { from: 'all' });
    await a.mesh.publish('t', '0');
    a.memoryDisk.onOperation = ({ kind, path }) => {
      if (slow && kind === 'rename' && path.endsWith('/numbers'))
        throw Object.assign(new Error('busy'), { code: 'EIO' });
    };
    const results: Promise<unknown>[] = [];
    for (let n = 1; n <= 65_600; n++)
      results.push(a.mesh.publish('t', String(n), { ack: 'accepted' }).catch(() => {}));
    await Promise.race(results);
    setTimeout(() => {
      slow = false;
    }, 20);
    await Promise.all(results);
    await a.mesh.publish('t', 'end');
    const read: number[] = [];
    for await (const delivery of subscription) {
      if (text(delivery) === 'end') break;
      read.push(Number(text(delivery)));
    }
    expect(read).toEqual([...read].sort((x, y) => x - y));
    expect(read.length).toBeGreaterThan(65_000);
  });

  it('are refused where too many messages wait', async () => {
    await a.mesh.publish('t', 'x');
    const results = Array.from({ length: 65_537 }, (_, n) =>
      a.mesh.publish('t', String(n), { ack: 'accepted' }),
    );
    const last = results.pop()!;
    await expect(last).rejects.toMatchObject({ code: 'mesh.too-many-pending' });
    await Promise.all(results);
  });

  it('publish nothing on a full disk, say so, and go on when there is room', async () => {
    const b = await world.node('b');
    await world.link(a, b);
    const atB = b.mesh.subscribe('#', { from: 'all' });
    await publish(1);
    a.memoryDisk.capacityBytes = a.memoryDisk.usedBytes;
    await expect(publish(2)).rejects.toMatchObject({ code: 'journal.disk-full' });
    await expect(publish(3)).rejects.toMatchObject({ code: 'journal.disk-full' });
    expect(a.mesh.status().problems.map(({ code }) => code)).toContain('journal.disk-full');
    expect(await texts(a.mesh.subscribe('#', { from: 'all' }), 1)).toEqual(['1']);
    a.memoryDisk.capacityBytes = Number.POSITIVE_INFINITY;
    await until(
      () =>
        publish(2).then(
          () => true,
          () => false,
        ),
      'there is room again',
    );
    await publish(3);
    expect(messagesOf(await take(atB, 3)).map(text)).toEqual(['1', '2', '3']);
    expect(a.mesh.status().problems).toEqual([]);
  });
});
