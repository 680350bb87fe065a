import { afterEach, describe, expect, it } from 'vitest';
import { brief, take, within } from './deliveries.ts';
import type { WorldNode } from './mesh-world.ts';
import { MeshWorld, until } from './mesh-world.ts';

let world = new MeshWorld();
afterEach(async () => {
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
