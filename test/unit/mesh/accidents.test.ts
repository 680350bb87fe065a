import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbers, texts, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode, type WorldNodeOptions } from './mesh-world.ts';

const QUICK: WorldNodeOptions = {
  sync: { helloIntervalMs: 300 },
  forks: { reportDelayMs: 20, settleMs: 100 },
};

describe('accidents with the identity of a node', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  const rootsOf = (node: WorldNode) =>
    node.mesh
      .logs()
      .map(({ channel, author, epoch, last, held }) => `${channel} ${author} ${epoch} ${last} ${held}`)
      .sort();
  const endsOf = (node: WorldNode) =>
    node.mesh
      .forks()
      .map(({ channel, epoch, end }) => `${channel} ${epoch} ${end}`)
      .sort();

  /** All hold the same, and know the same forks. */
  async function agree(nodes: readonly WorldNode[], ms = 15_000): Promise<void> {
    const [first, ...others] = nodes;
    await until(
      () =>
        others.every(
          (other) => equal(rootsOf(first!), rootsOf(other)) && equal(endsOf(first!), endsOf(other)),
        ),
      () =>
        JSON.stringify(
          nodes.map((node) => [node.place.nodeName, rootsOf(node), endsOf(node)]),
          null,
          1,
        ),
      ms,
    );
  }

  /** Publishes one after the other, an entry each. */
  async function publish(node: WorldNode, payloads: readonly string[]): Promise<void> {
    for (const payload of payloads) await node.mesh.publish('t', payload);
  }

  /** A node that published some, and the clone that its card made; not linked. */
  async function cloned(
    common: readonly string[],
  ): Promise<{ left: WorldNode; right: WorldNode; a: WorldNode; copy: WorldNode }> {
    const [left, right] = (await world.line(['left', 'right'], QUICK)) as [WorldNode, WorldNode];
    const a = await world.node('a', QUICK);
    await world.link(left, a);
    await publish(a, common);
    await until(() => mainOf(right) === common.length, 'right has what is common');
    await a.mesh.stop();
    const disk = a.memoryDisk.clone();
    world.cut(left, right);
    await a.revive();
    const copy = await world.node('copy', { ...QUICK, place: a.place, disk });
    return { left, right, a, copy };
  }

  const mainOf = (node: WorldNode) =>
    node.mesh
      .logs()
      .filter(({ channel }) => channel === 'main')
      .reduce((sum, { held }) => sum + held, 0);

  it.each([
    ['as many messages', 20, 20],
    ['more messages on one side', 30, 5],
    ['one message', 1, 1],
  ])('a cloned card: both sides publish %s apart, and meet again', async (_, ours, theirs) => {
    const { left, right, a, copy } = await cloned(numbers(1, 10));
    const atLeft = left.mesh.subscribe('#', { from: 'all' });
    await world.link(right, copy);
    await publish(
      a,
      numbers(1, ours).map((n) => `a${n}`),
    );
    await publish(
      copy,
      numbers(1, theirs).map((n) => `c${n}`),
    );
    await until(() => mainOf(left) === 10 + ours && mainOf(right) === 10 + theirs, 'both sides have theirs');
    world.heal(left, right);
    await until(
      () => [left, right, a, copy].every(({ mesh }) => mesh.forks().length > 0),
      'all know of the fork',
    );
    await agree([left, right]);
    expect(left.mesh.forks()).toMatchObject([{ channel: 'main', author: a.mesh.node, end: 11, name: 'a' }]);
    const all = [
      ...numbers(1, 10),
      ...numbers(1, ours).map((n) => `a${n}`),
      ...numbers(1, theirs).map((n) => `c${n}`),
    ];
    for (const node of [left, right]) {
      await until(() => mainOf(node) === all.length, 'what lost is there again');
      expect((await texts(node.mesh.subscribe('#', { from: 'all' }), all.length)).sort()).toEqual(
        all.toSorted(),
      );
    }
    expect((await texts(atLeft, all.length)).sort()).toEqual(all.toSorted());
    expect(await within(atLeft, 200)).toEqual([]);
  });
});

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
