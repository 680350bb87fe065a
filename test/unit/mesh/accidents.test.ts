import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, type EntryId, type EpochId, sealEntry } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import type { MemoryDisk } from '../../../src/journal/index.ts';
import { loadStoreId } from '../../../src/mesh/store-id.ts';
import { encodeChainPayload, grantNode } from '../../../src/realm/index.ts';
import { numbers, texts, within } from './deliveries.ts';
import { MeshWorld, until, type WorldNode, type WorldNodeOptions } from './mesh-world.ts';

const EPOCH = '00000000000000aa' as EpochId;
const QUICK: WorldNodeOptions = {
  sync: { helloIntervalMs: 300 },
  forks: { reportDelayMs: 20, settleMs: 100, restMs: 60_000 },
};
/** For a node whose backup was restored: it does not wait long for a clone. */
const ALONE: WorldNodeOptions = { ...QUICK, forks: { ...QUICK.forks, restMs: 300 } };

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

  const storeIdOf = (node: WorldNode) => loadStoreId(node.disk, node.place.directory, randomBytes);

  const isLinked = (node: WorldNode) => node.mesh.status().peersConnected > 0;

  /** Until a node is in sync with all its peers for a moment, and what it holds stays as it is. */
  async function settled(node: WorldNode): Promise<void> {
    let before = -1;
    let same = 0;
    await until(() => {
      const holds = node.mesh.status().channels.reduce((sum, { messages }) => sum + messages, 0);
      const inSync = node.mesh.peers().every(({ connected, sync }) => !connected || sync === 'in-sync');
      same = holds === before && inSync ? same + 1 : 0;
      before = holds;
      return same > 40;
    }, 'it settles');
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
    ['hundreds of messages', 400, 300],
  ])('a cloned card: both sides publish %s apart, and meet again', async (_, ours, theirs) => {
    const { left, right, a, copy } = await cloned(numbers(1, 10));
    const atLeft = left.mesh.subscribe('#', { from: 'all' });
    const live = right.mesh.subscribe('#', { from: 'all', order: 'arrival' });
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
    const all = [
      ...numbers(1, 10),
      ...numbers(1, ours).map((n) => `a${n}`),
      ...numbers(1, theirs).map((n) => `c${n}`),
    ];
    await until(() => [left, right].every((node) => mainOf(node) === all.length), 'what lost is there again');
    await agree([left, right]);
    // One fork, at the first number that differs; the rest goes on.
    expect(left.mesh.forks()).toMatchObject([{ channel: 'main', author: a.mesh.node, end: 11, name: 'a' }]);
    for (const node of [left, right]) {
      expect((await texts(node.mesh.subscribe('#', { from: 'all' }), all.length)).sort()).toEqual(
        all.toSorted(),
      );
    }
    for (const subscription of [atLeft, live]) {
      expect((await texts(subscription, all.length)).sort()).toEqual(all.toSorted());
      expect(await within(subscription, 150)).toEqual([]);
    }
  });

  it('a cloned card: both call at one neighbour in turns, and it gets what each of them has', async () => {
    const pi = await world.node('pi', QUICK);
    const a = await world.node('a', QUICK);
    await world.link(a, pi);
    await publish(a, ['1']);
    await until(() => mainOf(pi) === 1, 'pi has what is common');
    // In order: a copy goes on in the same incarnation, with the same id of the store.
    await a.mesh.stop();
    const disk = a.memoryDisk.clone();
    world.cut(a, pi);
    await a.revive();
    await publish(a, ['a1', 'a2']);
    await a.mesh.stop();
    const copy = await world.node('copy', { ...QUICK, place: a.place, disk });
    await publish(copy, ['c1', 'c2']);
    copy.want(pi);
    for (let turn = 0; turn < 3; turn++) {
      world.heal(copy, pi);
      await until(() => isLinked(pi), 'the copy calls');
      await settled(pi);
      await copy.mesh.stop();
      await until(() => !isLinked(pi), 'the copy is gone');
      world.heal(a, pi);
      await a.revive();
      await until(() => isLinked(pi), 'the first one calls');
      await settled(pi);
      await a.mesh.stop();
      await until(() => !isLinked(pi), 'the first one is gone');
      await copy.revive();
    }
    await until(() => mainOf(pi) === 5, 'pi has all');
    const subscription = pi.mesh.subscribe('#', { from: 'all' });
    expect((await texts(subscription, 5)).sort()).toEqual(['1', 'a1', 'a2', 'c1', 'c2']);
  });

  it('a cloned card: what was published again keeps the order of its author', async () => {
    const { left, right, a, copy } = await cloned(numbers(1, 3));
    const subscription = right.mesh.subscribe('#', { from: 'all' });
    await world.link(right, copy);
    await publish(
      a,
      numbers(1, 30).map((n) => `a${n}`),
    );
    await publish(copy, ['c1']);
    world.heal(left, right);
    const heard = await texts(subscription, 34);
    expect(heard.filter((one) => one.startsWith('a'))).toEqual(numbers(1, 30).map((n) => `a${n}`));
  });

  it('a cloned card: both go on in epochs of their own, and contradict each other no more', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    await world.link(right, copy);
    await publish(a, ['a1']);
    await publish(copy, ['c1']);
    world.heal(left, right);
    await until(() => [left, right].every((node) => mainOf(node) === 3), 'what lost is there again');
    // Offsets of a store and its copy mean other entries: peers must not take one for the other.
    await until(async () => (await storeIdOf(a)) !== (await storeIdOf(copy)), 'each has a store of its own');
    await publish(
      a,
      numbers(2, 9).map((n) => `a${n}`),
    );
    await publish(
      copy,
      numbers(2, 9).map((n) => `c${n}`),
    );
    await until(() => [left, right].every((node) => mainOf(node) === 19), 'all is there');
    await a.restart();
    await copy.restart();
    await publish(a, ['a10']);
    await publish(copy, ['c10']);
    await until(() => [left, right].every((node) => mainOf(node) === 21), 'the rest is there');
    await agree([left, right]);
    expect(left.mesh.forks()).toHaveLength(1);
  });

  it('a restored backup that is silent: begins a new epoch when a peer shows what it had written', async () => {
    const { left, a, backup } = await backedUp();
    await publish(a, ['lost 1', 'lost 2']);
    await until(() => mainOf(left) === 5, 'left has all');
    await a.mesh.stop();
    const restored = await world.node('restored', { ...ALONE, place: a.place, disk: backup });
    await world.link(left, restored);
    await until(() => mainOf(restored) === 5, 'it learned its own back');
    await publish(restored, ['new']);
    await until(() => mainOf(left) === 6, 'left has the new one');
    expect(left.mesh.forks()).toEqual([]);
    expect(left.mesh.logs().filter(({ channel, name }) => channel === 'main' && name === 'a')).toHaveLength(
      2,
    );
    expect(await texts(left.mesh.subscribe('#', { from: 'all' }), 6)).toEqual([
      '1',
      '2',
      '3',
      'lost 1',
      'lost 2',
      'new',
    ]);
  });

  it('a restored backup that publishes at once: its messages are published again, and nobody gets one twice', async () => {
    const { left, a, backup } = await backedUp();
    const subscription = left.mesh.subscribe('#', { from: 'all' });
    await publish(a, ['before 1', 'before 2']);
    await until(() => mainOf(left) === 5, 'left has all');
    await a.mesh.stop();
    const restored = await world.node('restored', { ...ALONE, place: a.place, disk: backup });
    await publish(restored, ['after 1', 'after 2', 'after 3']);
    await world.link(left, restored);
    expect(await texts(subscription, 8)).toEqual([
      '1',
      '2',
      '3',
      'before 1',
      'before 2',
      'after 1',
      'after 2',
      'after 3',
    ]);
    expect(await within(subscription, 150)).toEqual([]);
    expect(left.mesh.forks()).toMatchObject([{ channel: 'main', end: 4 }]);
    // What it had written before the backup was restored lives nowhere else than behind the end.
    await until(() => mainOf(restored) === 8, 'that is published again too');
    await agree([left, restored]);
    const late = await world.node('late', QUICK);
    await world.link(restored, late);
    const all = ['1', '2', '3', 'after 1', 'after 2', 'after 3', 'before 1', 'before 2'];
    expect((await texts(late.mesh.subscribe('#', { from: 'all' }), 8)).sort()).toEqual(all);
    expect(await within(subscription, 300)).toEqual([]);
  });

  it('a restored backup: what only a peer has that comes much later is published again as well', async () => {
    const { left, a, backup } = await backedUp();
    await publish(a, ['before 1', 'before 2']);
    await until(() => mainOf(left) === 5, 'left has all');
    await a.mesh.stop();
    await left.mesh.stop();
    const restored = await world.node('restored', { ...ALONE, place: a.place, disk: backup });
    const right = await world.node('right', QUICK);
    await world.link(right, restored);
    await publish(restored, ['after 1']);
    await restored.restart();
    await sleep(600);
    await left.revive();
    await world.link(left, right);
    await world.link(left, restored);
    await until(
      () => mainOf(right) === 6,
      () => `it is there again: ${rootsOf(right)}`,
    );
    expect(await within(right.mesh.subscribe('#', { from: 'all' }), 300)).toHaveLength(6);
  });

  async function backedUp(): Promise<{ left: WorldNode; a: WorldNode; backup: MemoryDisk }> {
    const left = await world.node('left', QUICK);
    const a = await world.node('a', QUICK);
    await world.link(left, a);
    await publish(a, ['1', '2', '3']);
    await until(() => mainOf(left) === 3, 'left has all');
    await a.mesh.stop();
    const backup = a.memoryDisk.clone();
    await a.revive();
    return { left, a, backup };
  }

  it('a wiped card with its key: learns its own messages back, serves them on, and goes on in a new epoch', async () => {
    const left = await world.node('left', QUICK);
    const a = await world.node('a', QUICK);
    await world.link(left, a);
    await publish(a, numbers(1, 20));
    await until(() => mainOf(left) === 20, 'left has all');
    await a.mesh.stop();
    const wiped = await world.node('wiped', { ...QUICK, place: a.place });
    await publish(wiped, ['21']);
    await world.link(left, wiped);
    await until(() => mainOf(wiped) === 21, 'it learned its own back');
    await left.mesh.stop();
    const late = await world.node('late', QUICK);
    await world.link(wiped, late);
    expect((await texts(late.mesh.subscribe('#', { from: 'all' }), 21)).sort()).toEqual(
      numbers(1, 21).sort(),
    );
    expect(late.mesh.forks()).toEqual([]);
  });

  it('a power cut: skipped numbers that a peer holds come back, are valid, and part of the root', async () => {
    const left = await world.node('left', QUICK);
    const a = await world.node('a', { ...QUICK, commitIntervalMs: 60_000 });
    await world.link(left, a);
    for (const n of numbers(1, 5)) await a.mesh.publish('t', n, { ack: 'accepted' });
    await until(() => mainOf(left) === 5, 'left has all');
    world.cut(left, a);
    await a.crash({ keepUnsynced: 'none' });
    await a.revive();
    await a.mesh.publish('t', '6', { ack: 'accepted' });
    expect(a.mesh.logs().find(({ channel }) => channel === 'main')!.last).toBeGreaterThan(60_000);
    world.heal(left, a);
    await until(() => mainOf(a) === 6 && mainOf(left) === 6, 'both have all');
    await agree([left, a]);
    expect(a.mesh.forks()).toEqual([]);
    expect(a.mesh.gaps()).toEqual([]);
    expect(
      new Set(
        a.mesh
          .logs()
          .filter(({ channel }) => channel === 'main')
          .map(({ epoch }) => epoch),
      ).size,
    ).toBe(1);
  });

  it('two halves that were shown different things meet: both end alike, and the rest goes on', async () => {
    const [left, right] = (await world.line(['left', 'right'], QUICK)) as [WorldNode, WorldNode];
    const mallory = Identity.generate();
    grantBy(left, mallory);
    await until(() => right.realm.standing(mallory.nodeId).status === 'granted', 'mallory is granted');
    world.cut(left, right);
    for (const [node, half] of [
      [left, 'left'],
      [right, 'right'],
    ] as const) {
      let prev: Entry | null = null;
      for (let seq = 1; seq <= 100; seq++) {
        prev = entryBy(node, mallory, {
          seq,
          prev: prev?.id ?? null,
          text: seq < 60 ? `${seq}` : `${seq} ${half}`,
        });
        node.gossipIn(prev.bytes);
      }
      await until(() => mainOf(node) === 100, `${half} has all`);
    }
    world.heal(left, right);
    const ends = () => [left, right].map(({ mesh }) => mesh.forks()[0]?.end);
    await until(
      () => ends().every((end) => end === 60),
      () => `both find where it began: ${ends()}`,
    );
    await agree([left, right]);
    expect(left.mesh.forks()).toMatchObject([{ author: mallory.nodeId, end: 60, kind: 'overlap' }]);
    await left.mesh.publish('t', 'good');
    await until(() => mainOf(right) === 60, 'the rest goes on');
  });

  it('a fork in the channel of the realm: grants go on to count, and a restart knows as much', async () => {
    const left = await world.node('left', QUICK);
    const mallory = Identity.generate();
    const chain = grantBy(left, mallory);
    await until(() => left.realm.standing(mallory.nodeId).status === 'granted', 'mallory is granted');
    const other = entryBy(left, mallory, {
      seq: 1,
      prev: null,
      channel: '$realm',
      topic: '$realm/other',
      text: 'x',
    });
    left.gossipIn(other.bytes);
    await until(() => left.mesh.forks().length === 1, 'left knows');
    const next = entryBy(left, mallory, { seq: 1, prev: null, text: 'still granted' });
    left.gossipIn(next.bytes);
    expect(await texts(left.mesh.subscribe('#', { from: 'all' }), 1)).toEqual(['still granted']);
    await until(() => reported(left), 'the proof is in the realm');
    await left.restart();
    expect(left.mesh.forks()).toMatchObject([{ channel: '$realm', end: 1, author: mallory.nodeId }]);
    expect(left.realm.standing(mallory.nodeId).status).toBe('granted');
    expect(chain.length).toBeGreaterThan(0);
    expect(
      left.mesh.logs().some(({ channel, author }) => channel === '$realm' && author === mallory.nodeId),
    ).toBe(false);
  });

  it('a restart in between: ends are in force before anything is served or delivered', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    await world.link(right, copy);
    await publish(a, ['a1', 'a2']);
    await publish(copy, ['c1', 'c2']);
    world.heal(left, right);
    await until(() => [left, right].every((node) => mainOf(node) === 5), 'what lost is there again');
    await agree([left, right]);
    const before = rootsOf(left);
    await left.restart();
    expect(rootsOf(left)).toEqual(before);
    expect((await texts(left.mesh.subscribe('#', { from: 'all' }), 5)).sort()).toEqual([
      '1',
      'a1',
      'a2',
      'c1',
      'c2',
    ]);
  });

  it('a durable subscriber that was away gets each message once, over restarts', async () => {
    const { left, right, a, copy } = await cloned(numbers(1, 5));
    let durable = left.mesh.subscribe('#', { from: 'all', durable: 'd' });
    await world.link(right, copy);
    await publish(
      a,
      numbers(1, 10).map((n) => `a${n}`),
    );
    await publish(
      copy,
      numbers(1, 10).map((n) => `c${n}`),
    );
    // The fifteenth is handed out and not acknowledged.
    const first = (await texts(durable, 13)).slice(0, 12);
    await left.restart();
    world.heal(left, right);
    await until(() => [left, right].every((node) => mainOf(node) === 25), 'what lost is there again');
    durable = left.mesh.subscribe('#', { from: 'all', durable: 'd' });
    const second = await texts(durable, 6);
    await durable.acknowledge();
    await left.restart();
    durable = left.mesh.subscribe('#', { from: 'all', durable: 'd' });
    const third = await texts(durable, 25 - 12 - 6);
    const all = [...numbers(1, 5), ...numbers(1, 10).flatMap((n) => [`a${n}`, `c${n}`])];
    expect([...first, ...second, ...third].sort()).toEqual(all.sort());
    expect(await within(durable, 150)).toEqual([]);
  });

  it('a publish id that lost in a fork is still the one message: a retry is a duplicate, of the new place', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    await world.link(right, copy);
    await a.mesh.publish('t', 'a1', { id: { producer: 'p', n: 1 } });
    await publish(copy, ['c1']);
    world.heal(left, right);
    await until(() => [left, right].every((node) => mainOf(node) === 3), 'what lost is there again');
    const again = await a.mesh.publish('t', 'a1', { id: { producer: 'p', n: 1 } });
    expect(again).toMatchObject({ duplicate: true, seq: 1 });
    expect(a.mesh.logs().find(({ own, channel }) => own && channel === 'main')!.epoch).toBe(again.epoch);
    await a.restart();
    expect(await a.mesh.publish('t', 'a1', { id: { producer: 'p', n: 1 } })).toMatchObject({
      duplicate: true,
      epoch: again.epoch,
    });
  });

  it('what expired meanwhile is not published again, and the rest lives no longer than it was to', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    await world.link(right, copy);
    await a.mesh.publish('t', 'short', { ttlSeconds: 1 });
    await a.mesh.publish('t', 'long', { ttlSeconds: 1_000 });
    await publish(copy, ['c1']);
    await sleep(1_100);
    world.heal(left, right);
    await until(() => mainOf(right) === 3, 'what lost is there again');
    expect((await texts(right.mesh.subscribe('#', { from: 'all' }), 3)).sort()).toEqual(['1', 'c1', 'long']);
    await agree([left, right]);
    expect(mainOf(left)).toBe(3);
  });

  it('a crash while it publishes again: the next start goes on, and repeats nothing', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    await world.link(right, copy);
    await a.mesh.publishMany(numbers(1, 2_000).map((n) => ({ topic: 't', payload: `a${n}` })));
    await publish(copy, ['c1']);
    world.heal(left, right);
    const inNewEpoch = () =>
      a.mesh
        .logs()
        .filter(({ channel, own }) => channel === 'main' && own)
        .reduce((sum, { last }) => sum + last, 0);
    await until(
      () => a.mesh.forks().length > 0 && inNewEpoch() > 0 && inNewEpoch() < 1_900,
      'it is in the middle',
    );
    await a.crash({ keepUnsynced: 'random' });
    await a.revive();
    await until(
      () => mainOf(right) === 2_002,
      () => `all is there again: ${mainOf(right)}`,
      15_000,
    );
    const subscription = right.mesh.subscribe('#', { from: 'all' });
    const heard = await texts(subscription, 2_002);
    expect(new Set(heard).size).toBe(2_002);
    expect(await within(subscription, 100)).toEqual([]);
  });

  it('entries of a megabyte: the proof comes in parts, also to a node that saw neither', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    const far = await world.node('far', QUICK);
    await world.link(left, far);
    await world.link(right, copy);
    const payload = new Uint8Array(1_000_000);
    await a.mesh.publish('t', payload.fill(1));
    await copy.mesh.publish('t', payload.fill(2));
    world.heal(left, right);
    await until(
      () => [left, right, far].every(({ mesh }) => mesh.forks()[0]?.end === 2),
      'all know of the fork',
    );
    await until(() => [left, right, far].every((node) => mainOf(node) === 3), 'what lost is there again');
    await agree([left, right, far]);
  });

  it('is shown: a problem that names author, channel, end and reporter, and what to do', async () => {
    const { left, right, a, copy } = await cloned(['1']);
    await world.link(right, copy);
    await publish(a, ['a1']);
    await publish(copy, ['c1']);
    world.heal(left, right);
    await until(() => left.mesh.forks().length > 0, 'left knows');
    const [fork] = left.mesh.forks();
    const [problem] = left.mesh.status().problems;
    expect(problem).toMatchObject({ code: 'entry.forked', severity: 'alarm' });
    for (const part of [
      'Node a (',
      'channel main',
      `epoch ${fork!.epoch}`,
      'from number 2 on',
      'reported by',
    ]) {
      expect(problem!.sentence).toContain(part);
    }
    expect(problem!.next).toContain('sedge revoke a');
    await until(() => a.mesh.status().problems.length > 0, 'the author knows');
    expect(a.mesh.status().problems[0]!.sentence).toContain('This node');
    await left.mesh.revoke('a');
    expect(left.mesh.status().problems).toEqual([]);
    expect(left.mesh.forks()).toMatchObject([{ alarm: false }]);
  });

  const reported = (node: WorldNode) =>
    node.mesh.logs().some(({ channel, last, own }) => channel === '$realm' && own && last > 2);

  function grantBy(node: WorldNode, author: Identity): readonly Uint8Array[] {
    const { anchor, root } = world;
    const chain = grantNode({ anchor, issuer: root, subject: author.publicKey, name: 'mallory' });
    node.gossipIn(
      entryBy(node, author, {
        seq: 1,
        prev: null,
        channel: '$realm',
        topic: '$realm/grant',
        payload: encodeChainPayload(chain),
      }).bytes,
    );
    return chain;
  }

  function entryBy(
    node: WorldNode,
    author: Identity,
    what: {
      seq: number;
      prev: EntryId | null;
      channel?: string;
      topic?: string;
      text?: string;
      payload?: Uint8Array;
    },
  ): Entry {
    const { seq, prev, channel = 'main', topic = 't', text = '', payload = Buffer.from(text) } = what;
    const header = { channel, epoch: EPOCH, seq, skip: 0, prev, lamport: seq, timeMs: 1, ttlSeconds: 0 };
    return sealEntry({ ...header, messages: [{ topic, payload, timeMs: 1 }] }, author, node.realm.entryAad());
  }
});

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
