import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Subscription } from '../../../src/mesh/index.ts';
import { seededRandom } from '../journal/journal-world.ts';
import { text, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode, type WorldNodeOptions } from './mesh-world.ts';

const QUICK: WorldNodeOptions = {
  sync: { helloIntervalMs: 300 },
  forks: { reportDelayMs: 20, settleMs: 100, restMs: 300 },
};
const ROUNDS = 3;

describe('a node and its clone, publishing as they please through partitions', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  it.each(Array.from({ length: ROUNDS }, () => Math.floor(Math.random() * 2 ** 31)))(
    'reach every subscriber with each message exactly once (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const upTo = (n: number) => 1 + Math.floor(random() * n);
      const [left, right] = (await world.line(['left', 'right'], QUICK)) as [WorldNode, WorldNode];
      const a = await world.node('a', QUICK);
      await world.link(left, a);
      const published: string[] = [];
      const publish = async (node: WorldNode, name: string, count: number) => {
        const payloads = Array.from({ length: count }, (_, n) => `${name} ${published.length + n}`);
        published.push(...payloads);
        // One entry for all, or one each.
        if (random() < 0.5) await node.mesh.publishMany(payloads.map((payload) => ({ topic: 't', payload })));
        else for (const payload of payloads) await node.mesh.publish('t', payload);
      };
      await publish(a, 'common', upTo(20));
      await until(() => heldBy(right) === published.length, 'right has what is common');
      await a.mesh.stop();
      const disk = a.memoryDisk.clone();
      await a.revive();
      const copy = await world.node('copy', { ...QUICK, place: a.place, disk });
      world.cut(left, right);
      await world.link(right, copy);
      const all = [left, right].flatMap((node) => [
        node.mesh.subscribe('#', { from: 'all' }),
        node.mesh.subscribe('#', { from: 'all', order: 'arrival' }),
        node.mesh.subscribe('#', { from: 'all', durable: 'd' }),
      ]);
      const heard = all.map((subscription) => listen(subscription));
      for (let step = 0; step < 6; step++) {
        await publish(a, 'a', upTo(30));
        await publish(copy, 'copy', upTo(30));
        if (random() < 0.5) world.heal(left, right);
        else world.cut(left, right);
      }
      world.heal(left, right);
      await until(
        () => heard.every((payloads) => new Set(payloads).size === published.length),
        () => `all of ${published.length} are heard: ${heard.map(({ length }) => length)}; seed ${seed}`,
        20_000,
      );
      // What a late subscriber gets, and that nothing comes twice.
      for (const node of [left, right]) {
        const late = await within(node.mesh.subscribe('#', { from: 'all' }), 600);
        expect(late.map(text).sort(), `late, seed ${seed}`).toEqual(published.toSorted());
      }
      for (const payloads of heard) expect(payloads.toSorted(), `seed ${seed}`).toEqual(published.toSorted());
      for (const payloads of [heard[0]!, heard[2]!, heard[3]!, heard[5]!]) {
        expect(payloads.filter((one) => one.startsWith('common'))).toEqual(
          published.filter((one) => one.startsWith('common')),
        );
      }
    },
  );

  const heldBy = (node: WorldNode) =>
    node.mesh.logs().reduce((sum, { channel, held }) => sum + (channel === 'main' ? held : 0), 0);

  function listen(subscription: Subscription): string[] {
    const payloads: string[] = [];
    void (async () => {
      for await (const delivery of subscription) payloads.push(text(delivery));
    })();
    return payloads;
  }
});
