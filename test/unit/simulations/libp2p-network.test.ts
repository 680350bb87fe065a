import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Libp2pNetwork } from '../../../simulations/world/libp2p-network.ts';
import { SeededRandom } from '../../../simulations/world/seeded-random.ts';
import { VirtualClock } from '../../../simulations/world/virtual-clock.ts';
import { createRealm, Identity, type NodeId, type Overlay } from '../../../src/index.ts';

const { anchor } = createRealm({ name: 'test' });
const TOPIC = '/sedge/1/test/0';
/** An overlay, what it heard and who is up. */
type Heard = Overlay & { readonly heard: string[]; readonly up: Set<NodeId> };

/** What the overlay promises: silence is noticed within 7 s. */
const NOTICED_MS = 7_000;

describe('Libp2pNetwork', () => {
  const random = new SeededRandom('libp2p');
  let clock: VirtualClock;
  let network: Libp2pNetwork;

  beforeEach(() => {
    clock = new VirtualClock({ random: random.next });
    clock.install();
    network = new Libp2pNetwork({ random: random.next, link: { latencyMs: 10 }, unset: 'up' });
  });

  afterEach(async () => {
    await clock.settle(network.stop());
    // Time-outs of what was given up run out; no interval, watchdog or dial is left.
    await clock.advance(60_000);
    expect([clock.armed, network.connections]).toEqual([0, 0]);
    clock.uninstall();
  });

  async function start(name: string, key = name): Promise<Heard> {
    const identity = Identity.fromSeed(new SeededRandom(`key ${key}`).bytes(32));
    const nowMs = () => Date.now();
    const overlay = network.make(name, { identity, anchor, admits: () => true, nowMs, random: random.next });
    const heard: string[] = [];
    overlay.join(TOPIC, (data) => {
      heard.push(Buffer.from(data).toString());
      return 'accept';
    });
    const up = new Set<NodeId>();
    overlay.onPeer(({ kind, node }) => (kind === 'up' ? up.add(node) : up.delete(node)));
    await clock.settle(overlay.start());
    return Object.assign(overlay, { heard, up });
  }

  async function pair() {
    const a = await start('a');
    const b = await start('b');
    a.want(b.addresses()[0]!, 'given');
    await until(() => isUp(a, b) && isUp(b, a), 1_000);
    return { a, b };
  }

  function isUp(node: Heard, peer: Overlay): boolean {
    return node.up.has(peer.self);
  }

  /** Virtual milliseconds until the condition held. */
  async function until(condition: () => boolean, withinMs: number): Promise<number> {
    const beganMs = clock.elapsedMs;
    while (!condition()) {
      if (clock.elapsedMs - beganMs > withinMs) throw new Error(`not within ${withinMs} ms`);
      await clock.advance(10);
    }
    return clock.elapsedMs - beganMs;
  }

  async function flows(from: Overlay, to: Heard): Promise<void> {
    const text = `probe ${clock.elapsedMs}`;
    from.publish(TOPIC, Buffer.from(text));
    await until(() => to.heard.includes(text), 2_000);
  }

  it('connects in six round trips and delivers in one latency', async () => {
    const a = await start('a');
    const b = await start('b');
    a.want(b.addresses()[0]!, 'given');
    expect(await until(() => isUp(a, b) && isUp(b, a), 1_000)).toBeLessThanOrEqual(160);
    a.publish(TOPIC, Buffer.from('hello'));
    await clock.advance(9);
    expect(b.heard).toEqual([]);
    await clock.advance(3);
    expect(b.heard).toEqual(['hello']);
  });

  it('notices a silent link at both ends, and is up again when it is over', async () => {
    const { a, b } = await pair();
    network.setState('a', 'b', 'silent');
    network.setState('b', 'a', 'silent');
    await until(() => !isUp(a, b) && !isUp(b, a), NOTICED_MS);
    await clock.advance(60_000);
    network.setState('a', 'b', 'up');
    network.setState('b', 'a', 'up');
    await until(() => isUp(a, b) && isUp(b, a), 10_000);
    await flows(a, b);
    await flows(b, a);
  });

  it('notices a link that carries one way only, at the end that hears nothing and then at the other', async () => {
    const { a, b } = await pair();
    network.setState('b', 'a', 'silent');
    await until(() => !isUp(a, b) && !isUp(b, a), 2 * NOTICED_MS);
    network.setState('b', 'a', 'up');
    await until(() => isUp(a, b) && isUp(b, a), 10_000);
    await flows(b, a);
  });

  it('loses nothing that a stream sent into a silence shorter than that', async () => {
    const { a, b } = await pair();
    network.setState('a', 'b', 'silent');
    a.publish(TOPIC, Buffer.from('late'));
    await clock.advance(3_000);
    network.setState('a', 'b', 'up');
    await until(() => b.heard.includes('late'), 100);
    expect(isUp(a, b)).toBe(true);
  });

  it('notices a cut at once', async () => {
    const { a, b } = await pair();
    network.setState('a', 'b', 'down');
    await clock.advance(1);
    expect([isUp(a, b), isUp(b, a)]).toEqual([false, false]);
    await clock.advance(600_000);
    network.setState('a', 'b', 'up');
    await until(() => isUp(a, b) && isUp(b, a), 2_000);
    await flows(a, b);
  });

  it('tells the peers of a killed process, and takes its next life', async () => {
    const { a, b } = await pair();
    network.kill('b', 'reset');
    await until(() => !isUp(a, b), 100);
    await clock.settle(b.stop());
    const again = await start('b');
    await until(() => isUp(a, again) && isUp(again, a), 2_000);
    await flows(a, again);
  });

  it('notices a machine that lost its power within seconds', async () => {
    const { a, b } = await pair();
    network.kill('b', 'silent');
    await clock.settle(b.stop());
    expect(isUp(a, b)).toBe(true);
    await until(() => !isUp(a, b), NOTICED_MS);
  });

  it('gets gossip going both ways with a peer that lost power and was back before that was noticed', async () => {
    const { a, b } = await pair();
    network.kill('b', 'silent');
    await clock.settle(b.stop());
    const again = await start('b');
    again.want(a.addresses()[0]!, 'given');
    await until(() => isUp(again, a), 2_000);
    await clock.advance(NOTICED_MS);
    await flows(a, again);
    await flows(again, a);
  });

  it('lets a slow link carry what its rate allows, and no more', async () => {
    network.setLink('a', 'b', { bytesPerSecond: 10_000 });
    const { a, b } = await pair();
    const beganMs = clock.elapsedMs;
    for (let index = 0; index < 10; index++) a.publish(TOPIC, new Uint8Array(5_000).fill(index));
    await until(() => b.heard.length === 10, 20_000);
    expect(clock.elapsedMs - beganMs).toBeGreaterThan(5_000);
    expect(clock.elapsedMs - beganMs).toBeLessThan(6_500);
  });

  it('tells traffic by kind, of a link and of all', async () => {
    const { a, b } = await pair();
    const before = network.trafficOf('a', 'b').gossip?.bytes ?? 0;
    a.publish(TOPIC, new Uint8Array(10_000));
    b.handle('/test/1', async (stream) => {
      for await (const _ of stream.frames);
    });
    const stream = await clock.settle(a.open(b.self, '/test/1'));
    await clock.settle(stream.send(new Uint8Array(2_000)));
    await clock.advance(1_000);
    const sent = network.trafficOf('a', 'b');
    expect(sent.gossip!.bytes - before).toBeGreaterThan(10_000);
    expect(sent.gossip!.bytes - before).toBeLessThan(10_400);
    expect(sent['/test/1']).toEqual({ packets: 1, bytes: 2_004 });
    expect(sent.connection!.bytes).toBeGreaterThan(500);
    expect(network.trafficOf('b', 'a')['/test/1']).toBeUndefined();
    expect(network.traffic()['/test/1']).toEqual(sent['/test/1']);
    stream.abort();
  });

  it('has no work done on other threads, for which virtual time would not wait, with Noise either', async () => {
    const subtle = Object.getPrototypeOf(globalThis.crypto.subtle);
    const spies = [
      'sign',
      'verify',
      'digest',
      'importKey',
      'generateKey',
      'deriveBits',
      'encrypt',
      'decrypt',
    ].map((method) => vi.spyOn(subtle, method));
    network = new Libp2pNetwork({
      random: random.next,
      link: { latencyMs: 10 },
      unset: 'up',
      security: 'noise',
    });
    const { a, b } = await pair();
    await flows(a, b);
    expect(spies.filter((spy) => spy.mock.calls.length > 0)).toEqual([]);
    for (const spy of spies) spy.mockRestore();
  });

  it('has room for two hosts with one key', async () => {
    const { a, b } = await pair();
    const clone = await start('clone', 'b');
    expect(clone.self).toBe(b.self);
    a.want(clone.addresses()[0]!, 'given');
    const c = await start('c');
    c.want(clone.addresses()[0]!, 'given');
    await until(() => isUp(c, clone) && isUp(clone, c), 2_000);
    await flows(clone, c);
  });
});
