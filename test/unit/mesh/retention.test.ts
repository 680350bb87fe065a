import { afterEach, describe, expect, it, vi } from 'vitest';
import { brief, take, within } from './deliveries.ts';
import type { WorldNode } from './mesh-world.ts';
import { MeshWorld, until } from './mesh-world.ts';
import { PassingTime } from './passing-time.ts';

let world = new MeshWorld();
afterEach(async () => {
  vi.restoreAllMocks();
  await world.stop();
  world = new MeshWorld();
});

const PAYLOAD = 'x'.repeat(1_000);
const SMALL = { retention: { main: { retentionBytes: 200_000 } }, retentionIntervalMs: 3_600_000 };

/** Publishes `count` messages of about 1 KB, one an entry. */
async function fill(node: WorldNode, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number++) {
    await node.mesh.publish('site/a', `${number} ${PAYLOAD}`);
  }
}

const holds = (node: WorldNode) => node.mesh.channels().find(({ channel }) => channel === 'main')!;
const lastOf = (node: WorldNode) =>
  Math.max(0, ...node.mesh.logs().flatMap(({ channel, last }) => (channel === 'main' ? [last] : [])));
const first = (text: string) => text.split(' ')[0];

describe('nodes that keep different amounts', () => {
  it('come to be in sync, ask for nothing again, and each keeps its own', { timeout: 60_000 }, async () => {
    const large = await world.node('large', { sync: { helloIntervalMs: 300 } });
    const small = await world.node('small', { sync: { helloIntervalMs: 300 }, mesh: SMALL });
    await world.link(large, small);
    await fill(large, 1, 600);
    await until(() => lastOf(small) === 600 && small.mesh.gaps().length === 0, 'all arrived');
    await small.mesh.applyRetention();
    expect(holds(small).bytes).toBeLessThanOrEqual(200_000);
    expect(holds(large).messages).toBe(600);
    const inSync = (a: WorldNode, b: WorldNode) =>
      a.mesh.peers().some(({ node, sync }) => node === b.mesh.node && sync === 'in-sync');
    await until(() => inSync(large, small) && inSync(small, large), 'both are in sync');
    const before = holds(small).messages;
    await fill(large, 601, 605);
    await until(() => lastOf(small) === 605, 'news arrives');
    await until(() => inSync(large, small) && inSync(small, large), 'both are in sync again');
    expect(holds(small).messages - before).toBe(5);
    expect(small.mesh.gaps()).toEqual([]);
    await small.restart();
    await until(() => inSync(large, small) && inSync(small, large), 'both are in sync after a restart');
    expect(small.mesh.status().received).toBe(0);
    expect(small.counters.get('journal.let-go')).toBe(0);
  });
});

describe('a subscription that retention overtakes', () => {
  it('is told of what it had not read, when it goes on', async () => {
    const node = await world.node('a', { mesh: SMALL });
    const reading = node.mesh.subscribe('site/#', { durable: 'app', from: 'all' });
    await fill(node, 1, 20);
    await take(reading, 10);
    await reading.acknowledge();
    await reading.close();
    await fill(node, 21, 600);
    await node.mesh.applyRetention();
    const again = node.mesh.subscribe('site/#', { durable: 'app', from: 'all' });
    const [gap, next] = await take(again, 2);
    expect(gap).toMatchObject({ kind: 'gap', first: 11, reason: 'let-go' });
    const behind = gap!.kind === 'gap' ? gap!.last + 1 : 0;
    expect(behind).toBeGreaterThan(300);
    expect(next).toMatchObject({ kind: 'message', seq: behind });
    await again.close();
  });

  it('is told while it is open, also where nothing is left of a log', async () => {
    const node = await world.node('a', { mesh: SMALL });
    const reading = node.mesh.subscribe('site/#', { from: 'all', bufferMessages: 5 });
    await fill(node, 1, 600);
    const before = await take(reading, 5);
    await node.mesh.applyRetention();
    const after = await within(reading, 500);
    const got = [...before, ...after].map(brief);
    expect(got.filter((text) => text.startsWith('gap'))).toHaveLength(1);
    expect(first(got.at(-1)!)).toBe('600');
  });

  it('begins with what is held and hears nothing of what went before it', async () => {
    const node = await world.node('a', { mesh: SMALL });
    await fill(node, 1, 600);
    await node.mesh.applyRetention();
    const held = holds(node).messages;
    const reading = node.mesh.subscribe('site/#', { from: 'all' });
    const got = await within(reading, 500);
    expect(got.every(({ kind }) => kind === 'message')).toBe(true);
    expect(got).toHaveLength(held);
  });
});

describe('what the realm says about keeping', () => {
  it('reaches every node, goes behind its own settings, and is in force at once', async () => {
    const admin = await world.node('admin');
    const follows = await world.node('follows');
    const own = await world.node('own', { mesh: { retention: { main: { retentionMessages: 7 } } } });
    await world.link(admin, follows);
    await world.link(admin, own);
    await admin.mesh.declarePolicy({ main: { retentionMessages: 20, priority: 'alarm' } });
    const policyOf = (node: WorldNode) => holds(node).policy;
    await until(() => policyOf(follows).retentionMessages === 20, 'the policy has come');
    await until(() => policyOf(own).priority === 'alarm', 'the policy has come');
    expect(policyOf(own)).toEqual({ retentionMessages: 7, priority: 'alarm' });
    expect(follows.mesh.realm().policy).toEqual({ main: { retentionMessages: 20, priority: 'alarm' } });
    await fill(admin, 1, 60);
    await until(() => lastOf(follows) === 60 && lastOf(own) === 60, 'all arrived');
    for (const node of [follows, own]) await node.mesh.applyRetention();
    expect(holds(follows).messages).toBeLessThanOrEqual(20);
    expect(holds(own).messages).toBeLessThanOrEqual(7);
    expect(holds(own).dropped.messages).toBe(60 - holds(own).messages);
    await follows.restart();
    expect(policyOf(follows).retentionMessages).toBe(20);
    await expect(follows.mesh.declarePolicy({})).rejects.toMatchObject({ code: 'realm.not-admin' });
  });

  it('keeps own messages that nobody else holds, while the reserve has room', async () => {
    const node = await world.node('a', { mesh: { retention: { main: { retentionMessages: 10 } } } });
    await fill(node, 1, 100);
    await node.mesh.applyRetention();
    expect(holds(node).messages).toBe(100);
    expect(node.mesh.status().problems).toEqual([]);
  });

  it('drops own messages in their time once another node holds them', async () => {
    const limits = { mesh: { retention: { main: { retentionMessages: 10 } } } };
    const node = await world.node('a', { ...limits, sync: { helloIntervalMs: 200 } });
    const other = await world.node('b', { sync: { helloIntervalMs: 200 } });
    await world.link(node, other);
    await fill(node, 1, 100);
    await until(() => lastOf(other) === 100, 'all arrived');
    const applied = async () => {
      await node.mesh.applyRetention();
      return holds(node).messages <= 10;
    };
    await until(applied, 'the other is known to hold all');
    expect(node.counters.get('journal.dropped-unreplicated')).toBe(0);
  });

  it('shares the storage of all channels by priority, and says what was lost for good', async () => {
    world = new MeshWorld({
      channels: [
        { name: 'alarm', filter: 'alarm/#' },
        { name: 'logs', filter: 'logs/#' },
      ],
    });
    const node = await world.node('a', { mesh: { storageBytesMax: 1_048_576 } });
    await node.mesh.declarePolicy({ alarm: { priority: 'alarm' }, logs: { priority: 'bulk' } });
    for (let number = 1; number <= 600; number++) {
      const payload = 'x'.repeat(4_000);
      await node.mesh.publish(number % 10 === 0 ? 'alarm/a' : 'logs/a', payload);
    }
    await node.mesh.applyRetention();
    const byName = new Map(node.mesh.channels().map((channel) => [channel.channel, channel]));
    expect(byName.get('alarm')?.messages).toBe(60);
    expect(byName.get('logs')!.messages).toBeLessThan(540);
    expect(node.mesh.status().problems.map(({ code }) => code)).toEqual(['journal.dropped-unreplicated']);
  });
});

describe('lifetimes', () => {
  it('of a channel end what has none of its own: it is neither delivered nor handed on', async () => {
    const time = new PassingTime();
    const skew = { skewMs: () => time.passedMs };
    const a = await world.node('a', { ...skew, mesh: { retention: { main: { ttlSeconds: 60 } } } });
    await a.mesh.publish('site/old', 'old');
    await a.mesh.publish('site/long', 'long', { ttlSeconds: 3_600 });
    time.passedMs = 120_000;
    const b = await world.node('b', skew);
    await world.link(a, b);
    await until(() => lastOf(b) === 2, 'what lives has come');
    expect(holds(b).messages).toBe(1);
    const reading = a.mesh.subscribe('site/#', { from: 'all' });
    expect((await take(reading, 1)).map(brief)).toEqual(['long']);
  });
});
