import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EpochId, sealEntry } from '../../../src/entry/index.ts';
import { SYNC_DATA_PROTOCOL, SYNC_PROTOCOL } from '../../../src/sync/index.ts';
import { brief, numbers, take, texts } from './deliveries.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const FAST = { sync: { helloIntervalMs: 300 } };

describe('sync between meshes', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  async function publish(node: WorldNode, first: number, last: number, bytes = 0): Promise<void> {
    await node.mesh.publishMany(
      numbers(first, last).map((n) => ({ topic: 't', payload: n.padEnd(bytes, ' ') })),
    );
  }

  const last = (at: WorldNode, of: WorldNode) =>
    at.mesh.logs().find(({ author, channel }) => author === of.mesh.node && channel === 'main')?.last ?? 0;

  const arrives = (at: WorldNode, of: WorldNode, seq: number, ms = 10_000) =>
    until(() => last(at, of) >= seq && at.mesh.gaps().length === 0, `${seq} arrives`, ms);

  it('brings a mule to carry between two that never meet', async () => {
    const [a, mule] = (await world.line(['a', 'mule'])) as [WorldNode, WorldNode];
    await publish(a, 1, 500);
    await arrives(mule, a, 500);
    world.cut(a, mule);
    await a.stop();
    const b = await world.node('b');
    await world.link(mule, b);
    expect(await texts(b.mesh.subscribe('#', { from: 'all' }), 500)).toEqual(numbers(1, 500));
    expect(b.mesh.realm().nodes.map(({ name }) => name)).toEqual(['a', 'b', 'mule']);
  });

  it('begins also with a peer that was not known to be there when it was told to be up', async () => {
    const [a, b] = [await world.node('a', FAST), await world.node('b', FAST)];
    await publish(a, 1, 50);
    const peers = [a, b].map(({ overlay }) => {
      const known = overlay.peers.bind(overlay);
      overlay.peers = () => [];
      return () => {
        overlay.peers = known;
      };
    });
    const up = [a, b].map(({ overlay }) => new Promise((resolve) => overlay.onPeer(resolve)));
    const linked = world.link(a, b);
    await Promise.all(up);
    for (const know of peers) know();
    await linked;
    await arrives(b, a, 50);
  });

  it('reaches a late joiner behind a node that only syncs', async () => {
    const a = await world.node('a');
    const relay = await world.node('relay', { syncOnly: true, ...FAST });
    await world.link(a, relay);
    await publish(a, 1, 50);
    await arrives(relay, a, 50);
    const late = await world.node('late');
    await world.link(relay, late);
    const subscription = late.mesh.subscribe('#', { from: 'all' });
    expect(await texts(subscription, 50)).toEqual(numbers(1, 50));
    await publish(a, 51, 60);
    expect(await texts(subscription, 10)).toEqual(numbers(51, 60));
  });

  it('carries an entry too large to gossip hop by hop', async () => {
    const [a, , , d] = (await world.line(['a', 'b', 'c', 'd'])) as [
      WorldNode,
      WorldNode,
      WorldNode,
      WorldNode,
    ];
    const subscription = d.mesh.subscribe('#');
    const payload = new Uint8Array(1_048_576).fill(7);
    await a.mesh.publish('t', payload);
    await a.mesh.publish('t', 'small');
    const [large, small] = await take(subscription, 2);
    expect(large?.kind === 'message' && Buffer.compare(large.payload, payload)).toBe(0);
    expect(brief(small!)).toBe('small');
  });

  it('notices a large entry that is published while another is pulled', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#');
    for (let n = 0; n < 10; n++) await a.mesh.publish('t', new Uint8Array(200_000 + n));
    const sizes = (await take(subscription, 10, 3_000)).map((d) => d.kind === 'message' && d.payload.length);
    expect(sizes).toEqual(Array.from({ length: 10 }, (_, n) => 200_000 + n));
  });

  it('brings a lost gossip message within a second of the next', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#');
    for (let round = 0; round < 5; round++) {
      world.network.passGossip = () => false;
      await publish(a, round * 2 + 1, round * 2 + 1);
      world.network.passGossip = () => true;
      await publish(a, round * 2 + 2, round * 2 + 2);
      expect(await texts(subscription, 2, 1_000)).toEqual(numbers(round * 2 + 1, round * 2 + 2));
    }
  });

  it('brings a lost gossip message that nothing follows within the hello interval', async () => {
    const [a, b] = (await world.line(['a', 'b'], FAST)) as [WorldNode, WorldNode];
    const subscription = b.mesh.subscribe('#');
    world.network.passGossip = () => false;
    await publish(a, 1, 1);
    expect(await texts(subscription, 1, 1_000)).toEqual(['1']);
  });

  it('goes on after cuts of the data stream at many points', async () => {
    const a = await world.node('a');
    await publish(a, 1, 3_000, 100);
    const b = await world.node('b');
    let frames = 0;
    let cuts = 0;
    world.network.passFrame = ({ protocol }) => {
      if (protocol !== SYNC_DATA_PROTOCOL || ++frames % 3 !== 0 || cuts >= 4) return true;
      cuts++;
      return false;
    };
    b.want(a);
    await arrives(b, a, 3_000, 15_000);
    expect(cuts).toBe(4);
  });

  it('goes on after cuts of the link at many points', async () => {
    const a = await world.node('a');
    for (let n = 0; n < 100; n++) await publish(a, n * 30 + 1, n * 30 + 30, 300);
    const b = await world.node('b');
    let frames = 0;
    let cuts = 0;
    world.network.passFrame = () => {
      if (++frames < 5 + ((cuts * 7) % 40) || cuts >= 20) return true;
      frames = 0;
      cuts++;
      world.cut(a, b);
      setTimeout(() => world.heal(a, b), 5);
      return false;
    };
    b.want(a);
    await arrives(b, a, 3_000, 20_000);
    expect(cuts).toBeGreaterThan(2);
  });

  it('goes on when the link was away for long', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    world.cut(a, b);
    await publish(a, 1, 100);
    await publish(b, 1, 100);
    world.heal(a, b);
    await arrives(a, b, 100);
    await arrives(b, a, 100);
  });

  it('fetches the same log once where two peers have it', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publish(a, 1, 4_000, 200);
    await arrives(b, a, 4_000);
    const before = world.network.traffic.get(SYNC_DATA_PROTOCOL)?.bytes ?? 0;
    const c = await world.node('c');
    c.want(a);
    c.want(b);
    await arrives(c, a, 4_000);
    const bytes = world.network.traffic.get(SYNC_DATA_PROTOCOL)!.bytes - before;
    expect(bytes).toBeGreaterThan(800_000);
    expect(bytes).toBeLessThan(1_200_000);
  });

  it('takes from another peer what one was to supply when it went away', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publish(a, 1, 4_000, 200);
    await arrives(b, a, 4_000);
    const c = await world.node('c');
    let supplier: string | null = null;
    world.network.passFrame = ({ protocol, from, to }) => {
      if (protocol !== SYNC_DATA_PROTOCOL || to !== c.mesh.node) return true;
      supplier ??= from;
      if (from !== supplier) return true;
      setImmediate(() => world.cut(c, from === a.mesh.node ? a : b));
      return false;
    };
    c.want(a);
    c.want(b);
    await arrives(c, a, 4_000);
    expect(supplier).not.toBeNull();
  });

  it('takes from another peer what one claims and does not send', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publish(a, 1, 1_000, 200);
    await arrives(b, a, 1_000);
    const c = await world.node('c', { sync: { pullStallMs: 300 } });
    // b accepts the request and stays silent.
    world.network.holdFrame = ({ protocol, from }) => protocol === SYNC_DATA_PROTOCOL && from === b.mesh.node;
    c.want(b);
    await until(() => c.mesh.peers().some(({ connected }) => connected), 'c met b');
    c.want(a);
    await arrives(c, a, 1_000, 5_000);
  });

  it('takes entries of a newcomer at once, with its grant before them', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    const subscription = a.mesh.subscribe('#', { from: 'all' });
    const newcomer = await world.node('newcomer');
    await publish(newcomer, 1, 300);
    await world.link(newcomer, b);
    expect(await texts(subscription, 300)).toEqual(numbers(1, 300));
    expect(a.mesh.status().parked).toBe(0);
  });

  it('brings more logs than one request may name', async () => {
    const a = await world.node('a');
    // Every crash after a lost reserve file begins another epoch: many logs of one author.
    const journals = () => a.mesh.logs().filter(({ channel }) => channel === 'main').length;
    await a.mesh.publish('t', '0');
    await seedLogs(a, 1_500);
    expect(journals()).toBeGreaterThan(1_500);
    const b = await world.node('b');
    b.want(a);
    await until(
      () => b.mesh.logs().filter(({ channel }) => channel === 'main').length === journals(),
      'all logs arrive',
      10_000,
    );
  });

  it('serves what it has while its disk is full', async () => {
    const a = await world.node('a');
    await publish(a, 1, 20);
    a.memoryDisk.capacityBytes = a.memoryDisk.usedBytes;
    await expect(a.mesh.publish('t', 'x')).rejects.toMatchObject({ code: 'journal.disk-full' });
    const b = await world.node('b');
    b.want(a);
    await arrives(b, a, 20);
  });

  it('fetches what a full disk refused once there is room', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    await publish(a, 1, 1);
    await arrives(b, a, 1);
    b.memoryDisk.capacityBytes = b.memoryDisk.usedBytes;
    await publish(a, 2, 200, 500);
    await until(() => b.mesh.status().problems.some(({ code }) => code === 'journal.disk-full'), 'b is full');
    b.memoryDisk.capacityBytes = Number.POSITIVE_INFINITY;
    world.cut(a, b);
    world.heal(a, b);
    await arrives(b, a, 200);
    const subscription = b.mesh.subscribe('#', { from: 'all' });
    expect((await texts(subscription, 200)).map((text) => text.trim())).toEqual(numbers(1, 200));
  });

  it('fetches nothing for a disk that takes nothing', async () => {
    const [a, b] = (await world.line(['a', 'b'], FAST)) as [WorldNode, WorldNode];
    await publish(a, 1, 1);
    await arrives(b, a, 1);
    b.memoryDisk.capacityBytes = b.memoryDisk.usedBytes;
    await publish(a, 2, 100, 500);
    await until(() => b.mesh.status().problems.some(({ code }) => code === 'journal.disk-full'), 'b is full');
    const frames = () => ({
      control: world.network.frames(SYNC_PROTOCOL),
      data: world.network.frames(SYNC_DATA_PROTOCOL),
    });
    world.cut(a, b);
    await publish(a, 101, 150, 500);
    const before = frames();
    world.heal(a, b);
    await until(() => frames().control > before.control + 10, 'they greet each other');
    expect(frames().data).toBe(before.data);
    b.memoryDisk.capacityBytes = Number.POSITIVE_INFINITY;
    await arrives(b, a, 150, 20_000);
  });

  it('fetches again what its disk damaged', async () => {
    const [a, b] = (await world.line(['a', 'b'])) as [WorldNode, WorldNode];
    for (let n = 1; n <= 50; n++) await publish(a, n, n, 500);
    await arrives(b, a, 50);
    await b.stop();
    const [segment] = await segmentsOf(b);
    b.memoryDisk.flip(segment!, 10_000);
    await b.restart();
    expect(b.counters.get('journal.segment-corrupt')).toBeGreaterThan(0);
    await arrives(b, a, 50);
    expect(await texts(b.mesh.subscribe('#', { from: 'all' }), 50)).toHaveLength(50);
  });

  it('exchanges little where nothing is new', async () => {
    const [a, b] = (await world.line(['a', 'b'], FAST)) as [WorldNode, WorldNode];
    await publish(a, 1, 100);
    await arrives(b, a, 100);
    const before = { ...world.network.traffic.get(SYNC_PROTOCOL)! };
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const after = world.network.traffic.get(SYNC_PROTOCOL)!;
    const frames = after.frames - before.frames;
    expect(frames).toBeGreaterThan(2);
    expect(frames).toBeLessThan(40);
    expect((after.bytes - before.bytes) / frames).toBeLessThan(200);
  });

  it('greets now and then, not at every message, while both are busy', async () => {
    const [a, b] = (await world.line(['a', 'b'], FAST)) as [WorldNode, WorldNode];
    const before = world.network.frames(SYNC_PROTOCOL);
    const end = performance.now() + 1_000;
    while (performance.now() < end) await Promise.all([publish(a, 1, 20), publish(b, 1, 20)]);
    expect(world.network.frames(SYNC_PROTOCOL) - before).toBeLessThan(150);
    await until(() => last(a, b) === last(b, b) && last(b, a) === last(a, a), 'both have all');
  });
});

async function segmentsOf(node: WorldNode): Promise<string[]> {
  const found: string[] = [];
  for (const directory of await node.disk.list(`${node.place.directory}/journal`)) {
    const path = `${node.place.directory}/journal/${directory}`;
    for (const name of await node.disk.list(path))
      if (name.endsWith('.segment') && node.memoryDisk.file(`${path}/${name}`).size > 15_000)
        found.push(`${path}/${name}`);
  }
  return found;
}

/** Puts entries of many epochs of the node's own key into its journal, as if it had begun them. */
async function seedLogs(node: WorldNode, logs: number): Promise<void> {
  for (let n = 0; n < logs; n++) {
    const entry = sealEntry(
      {
        channel: 'main',
        epoch: n.toString(16).padStart(16, '0') as EpochId,
        seq: 1,
        skip: 0,
        prev: null,
        lamport: 1,
        timeMs: Date.now(),
        ttlSeconds: 0,
        messages: [{ topic: 't', payload: Buffer.from(String(n)), timeMs: Date.now() }],
      },
      node.place.identity,
      node.realm.entryAad(),
    );
    node.gossipIn(entry.bytes);
  }
  await until(() => node.mesh.logs().length > logs, 'all are in');
}
