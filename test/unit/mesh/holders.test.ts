import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Holders } from '../../../src/mesh/index.ts';
import { numbers } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const FAST = { sync: { helloIntervalMs: 200 } };

describe('who holds a message', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  const brief = ({ holders }: Holders) =>
    holders.map(({ name, holds, source, connected }) => [name, holds, source, connected]);

  it('is asked of connected peers, who say what they hold after fsync', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await a.mesh.publish('t', 'x', { ack: { replicas: 1 } });
    const found = await b.mesh.holders({ author: 'a', seq: 1 });
    expect(found).toMatchObject({ author: a.mesh.node, channel: 'main', seq: 1 });
    expect(brief(found)).toEqual([
      ['b', true, 'disk', true],
      ['a', true, 'receipt', true],
    ]);
    const beyond = await b.mesh.holders({ author: 'a', seq: 2 });
    expect(brief(beyond)).toEqual([
      ['b', false, 'disk', true],
      ['a', false, 'receipt', true],
    ]);
  });

  it('is remembered of absent peers, with when it was known', async () => {
    const hub = await world.node('hub', FAST);
    const ferry = await world.node('ferry', FAST);
    await world.link(hub, ferry);
    await hub.mesh.publish('t', 'before');
    const inSync = () =>
      hub.mesh
        .peers()
        .some(({ channels }) =>
          channels.some((c) => c.channel === 'main' && c.inSyncAtMs !== null && c.missingThere === 0),
        );
    await until(inSync, 'both hold the same');
    world.cut(hub, ferry);
    await ferry.stop();
    await until(() => hub.mesh.peers().every(({ connected }) => !connected), 'the ferry left');
    await hub.mesh.publish('t', 'after');
    const before = await hub.mesh.holders({ author: 'hub', seq: 1 }, { timeoutMs: 100 });
    expect(brief(before)).toEqual([
      ['hub', true, 'disk', true],
      ['ferry', true, 'in-sync', false],
    ]);
    expect(before.holders[1]!.asOfMs).toBeGreaterThan(Date.now() - 10_000);
    const after = await hub.mesh.holders({ author: 'hub', seq: 2 }, { timeoutMs: 100 });
    expect(after.holders[1]!.holds).not.toBe(true);
    await hub.restart();
    const again = await hub.mesh.holders({ author: 'hub', seq: 1 }, { timeoutMs: 100 });
    expect(brief(again)[1]).toEqual(['ferry', true, 'in-sync', false]);
  });

  it('is unknown of nodes that were never met, and refused for what names no message', async () => {
    const [, b, c] = (await world.line(['a', 'b', 'c'])) as [WorldNode, WorldNode, WorldNode];
    await b.mesh.publish('t', 'x');
    await until(
      () => c.mesh.logs().some(({ name, channel }) => name === 'b' && channel === 'main'),
      'it came',
    );
    await until(() => c.mesh.realm().nodes.length === 3, 'all are known');
    const found = await c.mesh.holders({ author: 'b', seq: 1 });
    expect(found.holders.find(({ name }) => name === 'a')?.holds ?? null).not.toBe(false);
    const wrong = [
      { author: 'nobody', seq: 1 },
      { author: 'b', seq: 0 },
      { author: 'b', seq: 1, channel: 'nothing' },
      { author: 'b', seq: 1, epoch: 'x' },
    ];
    for (const message of wrong) await expect(c.mesh.holders(message)).rejects.toThrow();
  });
});

describe('the status of channels and peers', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  it('is in sync where both hold the same, and says who lacks how much where not', async () => {
    const a = await world.node('a', FAST);
    const b = await world.node('b', { ...FAST, syncOnly: true });
    await world.link(a, b);
    await a.mesh.publishMany(numbers(1, 20).map((payload) => ({ topic: 't', payload })));
    const main = (of: WorldNode) => of.mesh.peers()[0]!.channels.find(({ channel }) => channel === 'main');
    await until(
      () => [a, b].every((of) => main(of)?.inSyncAtMs !== null && main(of)?.missingThere === 0),
      'in sync',
    );
    expect(main(a)?.state).toBe('in-sync');
    expect(main(a)).toMatchObject({ missingHere: 0, missingThere: 0 });
    expect(a.mesh.peers()[0]).toMatchObject({ health: 'ok', connected: true });
    world.cut(a, b);
    await until(() => a.mesh.peers()[0]?.connected === false, 'cut');
    await a.mesh.publishMany(numbers(21, 50).map((payload) => ({ topic: 't', payload })));
    expect(main(a)).toMatchObject({ state: 'apart', missingHere: 0, missingThere: 30 });
    expect(a.mesh.peers()[0]!.health).toBe('down');
  });

  it('says what is lost and why', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await a.mesh.publish('t', 'x');
    await until(
      () => b.mesh.logs().some(({ channel, name }) => channel === 'main' && name === 'a'),
      'it came',
    );
    const main = b.mesh.channels().find(({ channel }) => channel === 'main');
    expect(main?.losses).toEqual([]);
  });
});
