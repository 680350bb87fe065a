import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AddressBookRow } from '../../../src/overlay/index.ts';
import { bytesOf, collect, connectPair, flows, isUp, until } from '../../unit/overlay/test-overlays.ts';
import { ProxiedOverlays, reconnected } from './proxied-overlays.ts';

const TOPIC = '/sedge/1/reconnect/0';

describe('an outage', () => {
  const overlays = new ProxiedOverlays();
  afterEach(() => overlays.stop());

  it('of a second ends within a second of the link coming back', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    const link = await overlays.linkTo(b);
    const atB = collect(b, TOPIC);
    collect(a, TOPIC);
    await connectPair(a, b, link.address());
    for (let round = 0; round < 3; round++) {
      await link.refuse();
      await until(() => !isUp(a, b) && !isUp(b, a), 'both notice');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await link.open();
      expect(await reconnected(a, b)).toBeLessThan(800);
      await flows(a, atB, TOPIC, 1_000);
    }
  });

  it('that ends while a node still reads its address book leaves nobody unknown', async () => {
    const port = await freePort();
    const listen = [`/ip4/127.0.0.1/tcp/${port}`];
    const book = Promise.withResolvers<readonly AddressBookRow[]>();
    const addressBook = { load: () => book.promise, save: async () => {} };
    const a = overlays.make({ listen }, { addressBook });
    const known: boolean[] = [];
    a.onPeer(({ kind, node }) => {
      if (kind === 'up') known.push(a.peers().some((peer) => peer.node === node && peer.connected));
    });
    const starting = a.start();
    const b = await overlays.start();
    b.want(`${listen[0]}/p2p/${a.self}`, 'given');
    await until(() => known.length > 0, 'the peer that called is up', 10_000);
    book.resolve([]);
    await starting;
    expect(known).toEqual([true]);
  });

  it('is noticed in 8 s where the link swallows everything, and spares a link that is busy', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    const c = await overlays.start();
    const dead = await overlays.linkTo(b);
    const busy = await overlays.linkTo(c);
    await connectPair(a, b, dead.address());
    await connectPair(a, c, busy.address());
    const downs: string[] = [];
    a.onPeer(
      (event) => event.kind === 'down' && downs.push(`${event.kind} ${event.node === b.self ? 'b' : 'c'}`),
    );
    // A trickle, so that one frame takes seconds: an answer to a ping waits behind it.
    busy.bytesPerSecond = 32 * 1024;
    c.handle('/sedge/bulk/1', async (stream) => {
      for await (const _frame of stream.frames);
    });
    const bulk = await a.open(c.self, '/sedge/bulk/1');
    void (async () => {
      for (;;) await bulk.send(new Uint8Array(1024 * 1024));
    })().catch(() => {});
    await dead.swallow();
    const startMs = performance.now();
    await until(() => downs.includes('down b'), 'the dead link is noticed', 8_000);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startMs + 14_000 - performance.now())));
    expect(downs).toEqual(['down b']);
  });

  it('leaves a working pair where both sides dial at once', async () => {
    for (let round = 0; round < 5; round++) {
      const a = await overlays.start();
      const b = await overlays.start();
      const toB = await overlays.linkTo(b);
      const toA = await overlays.linkTo(a);
      const atA = collect(a, TOPIC);
      const atB = collect(b, TOPIC);
      a.want(toB.address(b.self), 'given');
      b.want(toA.address(a.self), 'given');
      await until(() => isUp(a, b) && isUp(b, a), 'they are connected');
      await flows(a, atB, TOPIC, 2_000);
      await flows(b, atA, TOPIC, 2_000);
      // Each of the connections may be the one that carries gossip.
      (round % 2 === 0 ? toB : toA).cut();
      await flows(a, atB, TOPIC, 6_000);
      await flows(b, atA, TOPIC, 6_000);
      await Promise.all([a.stop(), b.stop()]);
    }
  });

  it('by a peer that lost power and dials anew leaves gossip alive both ways', async () => {
    const a = await overlays.start();
    const seed = bytesOf(`power ${process.pid}`);
    const b = await overlays.start({ seed });
    const toA = await overlays.linkTo(a);
    const atA = collect(a, TOPIC);
    collect(b, TOPIC);
    b.want(toA.address(a.self), 'given');
    await until(() => isUp(a, b), 'they are connected');
    await flows(b, atA, TOPIC, 2_000);
    // The old connection stays half-open at a: nothing tells it that b is gone.
    await toA.swallow();
    await b.stop();
    const again = await overlays.start({ seed });
    const atAgain = collect(again, TOPIC);
    again.want(a.addresses()[0]!, 'given');
    await until(() => isUp(again, a), 'the peer is back');
    await flows(again, atA, TOPIC, 4_500);
    await flows(a, atAgain, TOPIC, 4_500);
  });
});

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
