import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSedgeError } from '../../src/errors/index.ts';
import type { NodeId } from '../../src/identity/index.ts';
import type { GossipVerdict, Overlay, OverlayStream, PeerEvent } from '../../src/overlay/index.ts';

/** Settings of a node of an {@link OverlayWorld}. */
export interface ContractNodeOptions {
  /** Nodes of one name have one key: a second one after the first was stopped is the same node. */
  readonly name: string;
  /** Where it listens; an address that another node had listened on before. Default: anywhere. */
  readonly listen?: string;
  readonly admits?: (node: NodeId) => boolean;
  readonly frameBytesMax?: number;
}

/** A network for one test. */
export interface OverlayWorld {
  /** A node that is not started. */
  make(options: ContractNodeOptions): Overlay;
  /** Lets time pass until the condition holds, or fails with the sentence. */
  until(condition: () => boolean, sentence: string): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** Stops all nodes. */
  stop(): Promise<void>;
}

const TOPIC = '/sedge/1/contract/0';
const PROTOCOL = '/sedge/contract/1';

/** What every implementation of {@link Overlay} promises to the layers above. */
export function describeOverlay(name: string, makeWorld: () => OverlayWorld): void {
  describe(`${name} as an overlay`, () => {
    let world: OverlayWorld;
    let nodes: Map<string, Overlay>;

    beforeEach(() => {
      world = makeWorld();
      nodes = new Map();
    });

    afterEach(async () => {
      await world.stop();
    });

    async function start(options: ContractNodeOptions): Promise<Overlay> {
      const node = world.make(options);
      await node.start();
      nodes.set(options.name, node);
      return node;
    }

    async function pair(): Promise<[Overlay, Overlay]> {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      await connect(a, b);
      return [a, b];
    }

    async function connect(a: Overlay, b: Overlay): Promise<void> {
      const events: PeerEvent[] = [];
      const ends = [a.onPeer((event) => events.push(event)), b.onPeer((event) => events.push(event))];
      a.want(b.addresses()[0]!, 'given');
      await world.until(() => events.length >= 2, 'both sides tell of the other');
      for (const end of ends) end();
    }

    function connected(a: Overlay, b: Overlay): boolean {
      return a.peers().some((peer) => peer.node === b.self && peer.connected);
    }

    function texts(node: Overlay, verdict: 'accept' | 'ignore' | 'reject' = 'accept'): string[] {
      const seen: string[] = [];
      node.join(TOPIC, (data) => {
        seen.push(Buffer.from(data).toString());
        return verdict;
      });
      return seen;
    }

    /** Opens a stream from `a` to `b` and hands out both ends. */
    async function streams(a: Overlay, b: Overlay): Promise<[OverlayStream, OverlayStream]> {
      const far = Promise.withResolvers<OverlayStream>();
      b.handle(PROTOCOL, (stream) => far.resolve(stream));
      const near = await a.open(b.self, PROTOCOL);
      return [near, await far.promise];
    }

    it('has addresses that end in its own id', async () => {
      const a = await start({ name: 'a' });
      expect(a.addresses().length).toBeGreaterThan(0);
      for (const address of a.addresses()) expect(address.endsWith(`/p2p/${a.self}`)).toBe(true);
    });

    it('connects to a wanted peer and tells both sides once', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      const events: string[] = [];
      a.onPeer((event) => events.push(`a ${event.kind} ${event.node === b.self}`));
      b.onPeer((event) => events.push(`b ${event.kind} ${event.node === a.self}`));
      a.want(b.addresses()[0]!, 'given');
      await world.until(() => events.length >= 2, 'both sides tell of the other');
      await world.pass(100);
      expect(events.sort()).toEqual(['a up true', 'b up true']);
      const [peer] = a.peers();
      expect(peer).toMatchObject({ node: b.self, source: 'given', connected: true, lastError: null });
      expect(b.peers()[0]).toMatchObject({ node: a.self, source: 'inbound', connected: true });
    });

    it('counts a wish from before the start', async () => {
      const b = await start({ name: 'b' });
      const a = world.make({ name: 'a' });
      a.want(b.addresses()[0]!, 'invitation');
      await a.start();
      await world.until(() => connected(a, b), 'the wish is fulfilled');
    });

    it('learns who answers at an address without an id', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      a.want(b.addresses()[0]!.replace(/\/p2p\/.*/, ''), 'given');
      await world.until(() => connected(a, b), 'the peer is known by its id');
      expect(a.peers()).toHaveLength(1);
    });

    it('lists a wanted address that nobody answers, with its failures', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      const address = b.addresses()[0]!.replace(/\/p2p\/.*/, '');
      await b.stop();
      a.want(address, 'given');
      expect(a.peers()[0]).toMatchObject({ node: null, addresses: [address], connected: false });
      await world.until(() => (a.peers()[0]?.failedDials ?? 0) > 1, 'dials fail');
      expect(a.peers()[0]?.lastError).toBe('overlay.no-route');
    });

    it('refuses an address that cannot be dialed', async () => {
      const a = await start({ name: 'a' });
      for (const address of ['nonsense', '', '/ip4/1.2.3.4', '/ip4/1.2.3.4/tcp/1/p2p/nobody']) {
        expect(() => a.want(address, 'given'), address).toThrow(
          expect.objectContaining({ code: 'overlay.bad-address' }),
        );
      }
    });

    it('does not want itself', async () => {
      const a = await start({ name: 'a' });
      a.want(a.addresses()[0]!, 'given');
      a.want(a.addresses()[0]!.replace(/\/p2p\/.*/, ''), 'given');
      await world.until(() => a.peers().length === 0, 'its own address is forgotten');
    });

    it('is connected again when a wanted peer comes back', async () => {
      const [a, b] = await pair();
      const listen = b.addresses()[0]!.replace(/\/p2p\/.*/, '');
      await b.stop();
      await world.until(() => !connected(a, b), 'the loss is noticed');
      await start({ name: 'b', listen });
      await world.until(() => connected(a, b), 'the peer is back');
    });

    it('ends the connection to a peer that is not wanted, for good', async () => {
      const [a, b] = await pair();
      const events: PeerEvent[] = [];
      a.onPeer((event) => events.push(event));
      a.unwant(b.self);
      await world.until(() => !connected(a, b), 'the connection ends');
      await world.pass(500);
      expect(events).toEqual([{ kind: 'down', node: b.self }]);
      expect(connected(a, b)).toBe(false);
    });

    it('lets in nobody that is not admitted', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b', admits: (node) => node !== a.self });
      const events: PeerEvent[] = [];
      for (const node of [a, b]) node.onPeer((event) => events.push(event));
      a.want(b.addresses()[0]!, 'given');
      b.want(a.addresses()[0]!, 'given');
      await world.pass(1_000);
      expect(events).toEqual([]);
    });

    it('delivers what is published as soon as the peer is up, both ways', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      const atA = texts(a);
      const atB = texts(b);
      a.onPeer(() => a.publish(TOPIC, Buffer.from('from a')));
      b.onPeer(() => b.publish(TOPIC, Buffer.from('from b')));
      a.want(b.addresses()[0]!, 'given');
      await world.until(() => atA.length > 0 && atB.length > 0, 'both messages arrive');
      expect([...atA, ...atB]).toEqual(['from b', 'from a']);
    });

    it('keeps the order of a publisher, with slow handlers too', async () => {
      const [a, b] = await pair();
      texts(a);
      const seen: number[] = [];
      b.join(TOPIC, async (data): Promise<GossipVerdict> => {
        const number = Number(Buffer.from(data).toString());
        if (number % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
        seen.push(number);
        return 'accept';
      });
      await reached(a, b, seen);
      for (let number = 1; number <= 200; number++) a.publish(TOPIC, Buffer.from(String(number)));
      await world.until(() => seen.includes(200), 'the last message arrives');
      const ours = seen.filter((number) => number > 0);
      expect(ours).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    });

    /** Publishes zeros until one arrives: joining after the connection takes a moment to be known. */
    async function reached(from: Overlay, _to: Overlay, seen: readonly unknown[]): Promise<void> {
      let probe = 0;
      await world.until(() => {
        // Never the same bytes twice: what was published once is not sent again.
        from.publish(TOPIC, Buffer.from(`-${++probe}`));
        return seen.length > 0;
      }, 'the topic is known to the peer');
    }

    it('relays what a handler accepts, each message once', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      const c = await start({ name: 'c' });
      texts(a);
      texts(b);
      const atC = texts(c);
      await connect(a, b);
      await connect(b, c);
      a.publish(TOPIC, Buffer.from('through b'));
      await world.until(() => atC.length > 0, 'the message arrives over two links');
      await connect(a, c);
      a.publish(TOPIC, Buffer.from('in a triangle'));
      await world.until(() => atC.length > 1, 'the second message arrives');
      await world.pass(300);
      expect(atC).toEqual(['through b', 'in a triangle']);
    });

    it.each(['ignore', 'reject'] as const)('does not relay what a handler says to %s', async (verdict) => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b' });
      const c = await start({ name: 'c' });
      texts(a);
      const atB = texts(b, verdict);
      const atC = texts(c);
      await connect(a, b);
      await connect(b, c);
      a.publish(TOPIC, Buffer.from('not for c'));
      await world.until(() => atB.length > 0, 'the message arrives at b');
      await world.pass(300);
      expect(atC).toEqual([]);
    });

    it('takes a handler that throws for one that ignores', async () => {
      const [a, b] = await pair();
      texts(a);
      const seen: string[] = [];
      b.join(TOPIC, (data) => {
        seen.push(Buffer.from(data).toString());
        throw new Error('a bug above');
      });
      await reached(a, b, seen);
      a.publish(TOPIC, Buffer.from('after the bug'));
      await world.until(() => seen.includes('after the bug'), 'gossip goes on');
    });

    it('publishes into the void without an error', async () => {
      const a = await start({ name: 'a' });
      texts(a);
      expect(a.publish(TOPIC, Buffer.from('alone'))).toBe(true);
    });

    it('carries frames of all sizes whole and in order, both ways', async () => {
      const [a, b] = await pair();
      const [near, far] = await streams(a, b);
      const sizes = [0, 1, 5, 1_000, 65_536, 300_000, 2_097_152, 0, 7];
      const frames = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        const sending = (async () => {
          for (const frame of frames) await from.send(frame);
          await from.close();
        })();
        let index = 0;
        for await (const frame of to.frames) {
          expect(Buffer.compare(frame, frames[index]!), `frame ${index}`).toBe(0);
          index++;
        }
        await sending;
        expect(index).toBe(frames.length);
      }
    });

    it('knows the peer and the protocol of a stream on both ends', async () => {
      const [a, b] = await pair();
      const [near, far] = await streams(a, b);
      expect([near.peer, near.protocol, far.peer, far.protocol]).toEqual([
        b.self,
        PROTOCOL,
        a.self,
        PROTOCOL,
      ]);
    });

    it('keeps frames whole whose senders did not wait', async () => {
      const [a, b] = await pair();
      const [near, far] = await streams(a, b);
      const sends = Array.from({ length: 50 }, (_, index) => near.send(new Uint8Array(10_000).fill(index)));
      void Promise.all(sends).then(() => near.close());
      let index = 0;
      for await (const frame of far.frames)
        expect(
          frame.every((byte) => byte === index),
          'whole',
        ).toBe(++index > 0);
      expect(index).toBe(50);
    });

    it('holds the sender back while nobody reads, and loses nothing', async () => {
      const [a, b] = await pair();
      const [near, far] = await streams(a, b);
      const frame = new Uint8Array(256 * 1024);
      let sent = 0;
      const sending = (async () => {
        for (let index = 0; index < 100; index++) {
          await near.send(frame.fill(index));
          sent++;
        }
        await near.close();
      })();
      let before = -1;
      while (before !== sent) {
        before = sent;
        await world.pass(300);
      }
      expect(sent, 'frames of 256 KiB that nobody read').toBeLessThan(24);
      let read = 0;
      for await (const received of far.frames) expect(received[0]).toBe(read++);
      await sending;
      expect(read).toBe(100);
    });

    it('tells of an aborted stream on the other end', async () => {
      const [a, b] = await pair();
      const [near, far] = await streams(a, b);
      await near.send(Buffer.from('one'));
      const reading = far.frames[Symbol.asyncIterator]();
      expect((await reading.next()).done).toBe(false);
      near.abort();
      await expect(reading.next()).rejects.toSatisfy((error) => isSedgeError(error, 'overlay.stream-closed'));
      await expect(near.send(Buffer.from('two'))).rejects.toSatisfy((error) =>
        isSedgeError(error, 'overlay.stream-closed'),
      );
    });

    it('ends the streams of a peer that stops', async () => {
      const [a, b] = await pair();
      const [near, far] = await streams(a, b);
      await near.send(Buffer.from('one'));
      await far.frames[Symbol.asyncIterator]().next();
      await b.stop();
      await world.until(() => !connected(a, b), 'the loss is noticed');
      await expect(near.send(Buffer.from('two'))).rejects.toSatisfy((error) =>
        isSedgeError(error, 'overlay.stream-closed'),
      );
    });

    it('ends a stream whose peer announces a frame over the limit', async () => {
      const a = await start({ name: 'a' });
      const b = await start({ name: 'b', frameBytesMax: 1_024 });
      await connect(a, b);
      const [near, far] = await streams(a, b);
      await near.send(new Uint8Array(1_024));
      await near.send(new Uint8Array(1_025));
      const reading = far.frames[Symbol.asyncIterator]();
      expect((await reading.next()).value).toHaveLength(1_024);
      await expect(reading.next()).rejects.toSatisfy((error) =>
        isSedgeError(error, 'overlay.frame-too-large'),
      );
    });

    it('says that there is no route to a node that is not connected', async () => {
      const [a, b] = await pair();
      const stranger = world.make({ name: 'c' });
      await expect(a.open(stranger.self, PROTOCOL)).rejects.toSatisfy((error) =>
        isSedgeError(error, 'overlay.no-route'),
      );
      await expect(a.open(b.self, '/sedge/unheard-of/1')).rejects.toSatisfy((error) =>
        isSedgeError(error, 'overlay.stream-closed'),
      );
    });

    it('starts and stops as often as it is told', async () => {
      const a = world.make({ name: 'a' });
      await Promise.all([a.start(), a.start()]);
      await Promise.all([a.stop(), a.stop()]);
      await a.stop();
      expect(a.publish(TOPIC, Buffer.from('too late'))).toBe(false);
    });
  });
}
