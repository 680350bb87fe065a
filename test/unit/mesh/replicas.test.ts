import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../src/bytes/index.ts';
import { isSedgeError } from '../../../src/errors/index.ts';
import { heldItems, readHeldWanted } from '../../../src/receipts/receipt-frames.ts';
import { encodeControlFrame } from '../../../src/sync/sync-frames.ts';
import { numbers } from './deliveries.ts';
import { HostilePeer } from './hostile-peer.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

describe('an acknowledgement by replicas', () => {
  let world: MeshWorld;

  beforeEach(() => {
    world = new MeshWorld();
  });

  afterEach(() => world.stop());

  /** A hub with so many neighbours. */
  async function star(neighbours: number): Promise<WorldNode[]> {
    const hub = await world.node('hub');
    const nodes = [hub];
    for (let n = 1; n <= neighbours; n++) {
      const node = await world.node(`n${n}`);
      await world.link(hub, node);
      nodes.push(node);
    }
    return nodes;
  }

  it('comes when so many neighbours hold the message on their disks', async () => {
    const [hub, a, b] = (await star(2)) as [WorldNode, WorldNode, WorldNode];
    const published = await hub.mesh.publish('t', 'x', { ack: { replicas: 2 } });
    expect(published).toMatchObject({ seq: 1, duplicate: false, replicas: 2 });
    // The power goes at once; what was acknowledged is there.
    for (const node of [a, b]) {
      await node.crash({ keepUnsynced: 'none' });
      await node.revive();
      expect(node.mesh.logs()).toContainEqual(
        expect.objectContaining({ author: hub.mesh.node, channel: 'main', last: published.seq }),
      );
    }
  });

  it('does not come while a neighbour has it in memory alone', async () => {
    const hub = await world.node('hub');
    const slow = await world.node('slow', { commitIntervalMs: 400 });
    await world.link(hub, slow);
    // The first commit of a pause is at once; the second waits for the interval.
    await hub.mesh.publish('t', '1', { ack: { replicas: 1 } });
    const startedAt = performance.now();
    await hub.mesh.publish('t', '2', { ack: { replicas: 1 } });
    expect(performance.now() - startedAt).toBeGreaterThan(100);
  });

  it('rejects in time with the count so far, and the message stays', async () => {
    const [hub, a] = (await star(1)) as [WorldNode, WorldNode];
    const rejected = await hub.mesh
      .publish('t', 'x', { ack: { replicas: 2 }, replicasTimeoutMs: 200 })
      .catch((error: unknown) => error);
    expect(rejected).toMatchObject({
      code: 'mesh.not-acknowledged',
      details: { replicas: 1, wanted: 2, first: 1, last: 1 },
    });
    expect(a.mesh.logs()).toContainEqual(expect.objectContaining({ author: hub.mesh.node, last: 1 }));
    expect(hub.mesh.status().counters['mesh.not-acknowledged']).toBe(1);
  });

  it('comes from neighbours that connect only later', async () => {
    const hub = await world.node('hub');
    const publishing = hub.mesh.publish('t', 'x', { ack: { replicas: 1 } });
    const late = await world.node('late');
    await world.link(hub, late);
    expect((await publishing).replicas).toBe(1);
  });

  it('counts only who is directly connected, not who got it by others', async () => {
    const [a, b, c] = (await world.line(['a', 'b', 'c'])) as [WorldNode, WorldNode, WorldNode];
    const publishing = a.mesh.publish('t', 'x', { ack: { replicas: 2 }, replicasTimeoutMs: 400 });
    await until(() => c.mesh.status().received > 0 && b.mesh.status().received > 0, 'all have it');
    await expect(publishing).rejects.toMatchObject({ details: { replicas: 1 } });
  });

  it('costs few frames for many messages', async () => {
    const [hub] = (await star(1)) as [WorldNode, WorldNode];
    const published = await hub.mesh.publishMany(
      numbers(1, 5_000).map((payload) => ({ topic: 't', payload })),
      { replicas: 1 },
    );
    expect(published.map(({ seq }) => seq)).toEqual(numbers(1, 5_000).map(Number));
    expect(published.every(({ replicas }) => replicas === 1)).toBe(true);
  });

  it('comes for a retry of what was published before', async () => {
    const [hub] = (await star(1)) as [WorldNode, WorldNode];
    const id = { producer: 'p', n: 1 };
    const first = await hub.mesh.publish('t', 'x', { id });
    const again = await hub.mesh.publish('t', 'x', { id, ack: { replicas: 1 } });
    expect(again).toMatchObject({ seq: first.seq, duplicate: true, replicas: 1 });
  });

  it('mixes with the other acknowledgements in one entry', async () => {
    const [hub] = (await star(1)) as [WorldNode, WorldNode];
    const acks = ['accepted', 'durable', { replicas: 1 }, { replicas: 1 }] as const;
    const published = await Promise.all(acks.map((ack) => hub.mesh.publish('t', 'x', { ack })));
    expect(published.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(published.map(({ replicas }) => replicas)).toEqual([undefined, undefined, 1, 1]);
  });

  it('is refused where it cannot be meant', async () => {
    const hub = await world.node('hub');
    const acks = [{ replicas: 0 }, { replicas: 1.5 }, { replicas: 65 }, {}, 'replicas', null];
    for (const ack of acks) {
      await expect(hub.mesh.publish('t', 'x', { ack: ack as never })).rejects.toMatchObject({
        code: 'mesh.bad-option',
      });
    }
    await expect(hub.mesh.publish('t', 'x', { replicasTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'mesh.bad-option',
    });
  });

  it('ends with the mesh', async () => {
    const hub = await world.node('hub');
    const publishing = hub.mesh.publish('t', 'x', { ack: { replicas: 1 } }).catch((error: unknown) => error);
    await until(() => hub.mesh.logs().some(({ channel }) => channel === 'main'), 'it is stored');
    await hub.stop();
    const error = await publishing;
    expect(isSedgeError(error, 'mesh.not-started')).toBe(true);
  });

  describe('that is forged', () => {
    /** A peer that says it holds all that is asked for, so many times, and for others too. */
    function liar(hub: WorldNode, version: number): HostilePeer {
      const peer: HostilePeer = new HostilePeer(world, {
        onControl: (frame, stream) => {
          const wanted = frame.kind === 'unknown' ? readHeldWanted(frame.items) : null;
          if (wanted === null) return;
          const items = heldItems({ ...wanted, ranges: [{ first: 1, last: 2 ** 40 }] });
          for (let n = 0; n < 5; n++) void stream.send(encodeCbor(items));
          // Claims of a third node are of no shape that anybody reads.
          void stream.send(encodeCbor([...items, hub.mesh.node]));
          void stream.send(encodeCbor([5, 'main', new Uint8Array(3)]));
        },
        get opening() {
          return encodeControlFrame({ kind: 'grant', version, chain: peer.chain });
        },
      });
      return peer;
    }

    it('counts once, as the peer that the connection belongs to', async () => {
      const hub = await world.node('hub');
      const peer = liar(hub, 2);
      await peer.meet(hub);
      await until(() => peer.count('hello') > 0, 'they met');
      await expect(
        hub.mesh.publish('t', 'x', { ack: { replicas: 2 }, replicasTimeoutMs: 300 }),
      ).rejects.toMatchObject({ details: { replicas: 1 } });
      expect(hub.mesh.status().counters['sync.malformed']).toBeGreaterThan(0);
      expect(hub.mesh.gaps()).toEqual([]);
      await peer.overlay.stop();
    });

    it('counts no more once the peer is revoked', async () => {
      const hub = await world.node('hub');
      const peer = liar(hub, 2);
      await peer.meet(hub);
      await until(() => peer.count('hello') > 0, 'they met');
      const publishing = hub.mesh
        .publish('t', 'x', { ack: { replicas: 2 }, replicasTimeoutMs: 400 })
        .catch((error: unknown) => error);
      await until(() => peer.count('unknown') > 0, 'it was asked');
      await hub.mesh.revoke('mallory');
      expect(await publishing).toMatchObject({ details: { replicas: 0 } });
      await peer.overlay.stop();
    });

    it('is not even asked of a peer of an older version', async () => {
      const hub = await world.node('hub');
      const peer = liar(hub, 1);
      await peer.meet(hub);
      await until(() => peer.count('hello') > 0, 'they met');
      await expect(
        hub.mesh.publish('t', 'x', { ack: { replicas: 1 }, replicasTimeoutMs: 200 }),
      ).rejects.toMatchObject({ details: { replicas: 0 } });
      expect(peer.count('unknown')).toBe(0);
      await peer.overlay.stop();
    });
  });
});
