import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Realm } from '../../../src/realm/index.ts';
import { numbers, texts } from './deliveries.ts';
import { MeshWorld, until } from './mesh-world.ts';

describe('the life of a mesh', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  it('leaves no timer behind', async () => {
    const before = timers();
    const [a, b] = await world.line(['a', 'b', 'c']);
    const subscriptions = [a!, b!].map((node) => node.mesh.subscribe('#', { durable: 'd' }));
    void subscriptions[0]!.next();
    await a!.mesh.publish('t', 'x');
    await subscriptions[1]!.next();
    await world.stop();
    await until(() => timers() <= before, 'all timers ended', 300);
  });

  it('leaves no timer behind where a peer refuses its streams', async () => {
    const before = timers();
    const [a] = await world.line(['a', 'b']);
    world.network.passFrame = () => false;
    world.cut(a!, world.nodes[1]!);
    world.heal(a!, world.nodes[1]!);
    await until(() => a!.mesh.peers().some(({ connected }) => connected), 'connected again');
    await world.stop();
    await until(() => timers() <= before, 'all timers ended', 300);
  });

  it('stops while it starts', async () => {
    const a = await world.node('a');
    await a.stop();
    const restarting = a.restart();
    const stopping = a.mesh.stop();
    await Promise.all([restarting.catch(() => {}), stopping]);
    await a.mesh.stop();
    await a.restart();
    await a.mesh.publish('t', 'x');
  });

  it('stops twice, and is not started or used again', async () => {
    const a = await world.node('a');
    await Promise.all([a.mesh.stop(), a.mesh.stop()]);
    await expect(a.mesh.publish('t', 'x')).rejects.toMatchObject({ code: 'mesh.not-started' });
    expect(() => a.mesh.subscribe('#')).toThrow(expect.objectContaining({ code: 'mesh.not-started' }));
    await expect(a.mesh.start()).rejects.toMatchObject({ code: 'mesh.not-started' });
  });

  it('says what is wrong where it cannot start, leaves nothing open, and can be stopped', async () => {
    const before = timers();
    const a = await world.node('a');
    await a.stop();
    a.memoryDisk.onOperation = ({ path }) => {
      if (path.includes('store-id')) throw Object.assign(new Error('gone'), { code: 'EIO' });
    };
    await expect(a.restart()).rejects.toMatchObject({ code: 'journal.io-failed' });
    await a.mesh.stop();
    await until(() => timers() <= before, 'all timers ended', 300);
    a.memoryDisk.onOperation = null;
    await a.restart();
    await a.mesh.publish('t', 'x');
  });

  it('leaves nothing open where it cannot introduce itself', async () => {
    const before = timers();
    const place = world.place('full', 'admin');
    const full = world.node('full', { place });
    const node = world.nodes[0]!;
    node.memoryDisk.onOperation = ({ kind, path }) => {
      if (kind === 'create' && path.includes('numbers')) throw Object.assign(new Error(), { code: 'ENOSPC' });
    };
    await expect(full).rejects.toMatchObject({ code: 'journal.disk-full' });
    expect(node.overlay.peers()).toEqual([]);
    await node.mesh.stop();
    await until(() => timers() <= before, 'all timers ended', 300);
  });

  it('says that the disk is full where it could not even reserve its numbers', async () => {
    const a = await world.node('a');
    a.memoryDisk.onOperation = ({ kind, path }) => {
      if (kind === 'create' && path.includes('numbers')) throw Object.assign(new Error(), { code: 'ENOSPC' });
    };
    await expect(a.mesh.publish('t', 'x')).rejects.toMatchObject({ code: 'journal.disk-full' });
    expect(a.mesh.status().problems.map(({ code }) => code)).toEqual(['journal.disk-full']);
    a.memoryDisk.onOperation = null;
    await a.mesh.publish('t', 'x');
    expect(a.mesh.status().problems).toEqual([]);
  });

  it('settles what is published while it stops', async () => {
    const a = await world.node('a');
    const publishing = numbers(1, 500).map((n) => a.mesh.publish('t', n));
    const settled = Promise.allSettled(publishing);
    await a.mesh.stop();
    const results = await settled;
    await a.restart();
    const kept = results.filter(({ status }) => status === 'fulfilled').length;
    const held = a.mesh.logs().find(({ channel, own }) => channel === 'main' || own)?.held ?? 0;
    expect(held).toBeGreaterThanOrEqual(0);
    if (kept > 0) expect(await texts(a.mesh.subscribe('#', { from: 'all' }), kept)).toEqual(numbers(1, kept));
  });

  it('knows its realm again after a restart', async () => {
    const [a, b] = await world.line(['a', 'b']);
    await until(() => b!.mesh.realm().nodes.length === 2, 'b knows both');
    await b!.restart();
    expect(b!.mesh.realm().nodes.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(a!.realm).toBeInstanceOf(Realm);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
