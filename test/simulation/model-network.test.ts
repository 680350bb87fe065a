import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelNetwork, SeededRandom, VirtualClock } from '../../simulations/index.ts';
import { Identity } from '../../src/identity/index.ts';
import type { Overlay, OverlayStream, PeerEvent } from '../../src/overlay/index.ts';

const TOPIC = '/sedge/1/model/0';
const PROTOCOL = '/sedge/model/1';
const KB = 1_024;

describe('the model network', () => {
  let clock: VirtualClock;
  let network: ModelNetwork;

  beforeEach(() => {
    const random = new SeededRandom('model');
    clock = new VirtualClock({ random: random.next });
    network = new ModelNetwork({ random: random.next });
    clock.install();
  });

  afterEach(async () => {
    await clock.settle(network.stop());
    clock.uninstall();
  });

  function identityOf(name: string): Identity {
    return Identity.fromSeed(createHash('sha256').update(name).digest());
  }

  async function start(name: string, key = name): Promise<Overlay> {
    const overlay = network.make(name, { identity: identityOf(key), admits: () => true });
    await overlay.start();
    return overlay;
  }

  async function pair(): Promise<[Overlay, Overlay]> {
    network.setState('a', 'b', 'up');
    const [a, b] = [await start('a'), await start('b')];
    a.want(b.addresses()[0]!, 'given');
    await clock.advance(1_000);
    expect(a.peers()[0]?.connected).toBe(true);
    return [a, b];
  }

  function received(overlay: Overlay): { text: string; atMs: number }[] {
    const got: { text: string; atMs: number }[] = [];
    overlay.join(TOPIC, (data) => {
      got.push({ text: Buffer.from(data).toString().slice(0, 8), atMs: clock.elapsedMs });
      return 'accept';
    });
    return got;
  }

  async function streams(a: Overlay, b: Overlay): Promise<[OverlayStream, OverlayStream]> {
    const far = Promise.withResolvers<OverlayStream>();
    b.handle(PROTOCOL, (stream) => far.resolve(stream));
    const near = await a.open(b.self, PROTOCOL);
    return [near, await clock.settle(far.promise)];
  }

  it('takes the latency of a link for each hop', async () => {
    const [a, b] = await pair();
    network.setState('b', 'c', 'up');
    network.setLink('b', 'c', { latencyMs: 70 });
    const c = await start('c');
    b.want(c.addresses()[0]!, 'given');
    await clock.advance(1_000);
    a.join(TOPIC, () => 'accept');
    const [atB, atC] = [received(b), received(c)];
    const sentMs = clock.elapsedMs;
    a.publish(TOPIC, Buffer.from('hop'));
    await clock.advance(1_000);
    expect([atB[0]!.atMs - sentMs, atC[0]!.atMs - sentMs]).toEqual([5, 75]);
  });

  it('keeps the order of what it sends, whatever the jitter', async () => {
    const [a, b] = await pair();
    network.setLink('a', 'b', { latencyMs: 10, jitterMs: 50 });
    const [near, far] = await streams(a, b);
    const sending = (async () => {
      for (let index = 0; index < 200; index++) await near.send(Uint8Array.of(index));
      await near.close();
    })();
    const got: number[] = [];
    const reading = (async () => {
      for await (const [index] of far.frames) got.push(index!);
    })();
    await clock.settle(Promise.all([sending, reading]));
    expect(got).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it('lets bytes leave at the rate of the link', async () => {
    const [a, b] = await pair();
    network.setLink('a', 'b', { latencyMs: 0, bytesPerSecond: 10 * KB });
    const [near, far] = await streams(a, b);
    const beganMs = clock.elapsedMs;
    await near.send(new Uint8Array(50 * KB));
    await clock.settle(far.frames[Symbol.asyncIterator]().next());
    expect(clock.elapsedMs - beganMs).toBeGreaterThan(4_990);
    expect(clock.elapsedMs - beganMs).toBeLessThan(5_100);
    expect(network.trafficOf('a', 'b')[PROTOCOL]!.bytes).toBeGreaterThan(50 * KB);
  });

  it('lets gossip pass between the frames of a bulk stream', async () => {
    const [a, b] = await pair();
    network.setLink('a', 'b', { bytesPerSecond: 10 * KB });
    a.join(TOPIC, () => 'accept');
    const atB = received(b);
    const [near] = await streams(a, b);
    const beganMs = clock.elapsedMs;
    for (let frame = 0; frame < 20; frame++) void near.send(new Uint8Array(10 * KB));
    a.publish(TOPIC, Buffer.from('alarm'));
    await clock.advance(30_000);
    // One frame is under way, and one has its turn.
    expect(atB[0]!.atMs - beganMs).toBeLessThan(2_200);
  });

  it('skips a peer that does not keep up, says so, and takes the message again later', async () => {
    const [a, b] = await pair();
    network.setLink('a', 'b', { bytesPerSecond: 100 * KB });
    a.join(TOPIC, () => 'accept');
    const atB = received(b);
    const skipped: string[] = [];
    a.onSkipped((node) => skipped.push(node));
    let taken = 0;
    const message = (index: number) => Buffer.from(`${index}`.padEnd(64 * KB, '.'));
    while (taken < 100 && a.publish(TOPIC, message(taken))) taken++;
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(30);
    expect(skipped).toEqual([b.self]);
    await clock.advance(60_000);
    expect(a.publish(TOPIC, message(taken))).toBe(true);
    await clock.advance(5_000);
    expect(atB).toHaveLength(taken + 1);
  });

  it('loses nothing of a stream over a silence that ends in time', async () => {
    const [a, b] = await pair();
    const [near, far] = await streams(a, b);
    await near.send(Buffer.from('before'));
    network.setState('a', 'b', 'silent');
    await near.send(Buffer.from('during'));
    await clock.advance(5_000);
    const reading = far.frames[Symbol.asyncIterator]();
    expect(Buffer.from((await reading.next()).value!).toString()).toBe('before');
    network.setState('a', 'b', 'up');
    const next = await clock.settle(reading.next());
    expect(Buffer.from(next.value!).toString()).toBe('during');
    await clock.advance(60_000);
    expect(a.peers()[0]?.connected).toBe(true);
  });

  it('a newer connection of a node takes the place of a dead one, and the application is told', async () => {
    const [, b] = await pair();
    const events: PeerEvent['kind'][] = [];
    b.onPeer(({ kind }) => events.push(kind));
    network.kill('a', 'silent');
    const again = await start('a');
    again.want(b.addresses()[0]!, 'given');
    await clock.advance(1_000);
    expect(events).toEqual(['down', 'up']);
    expect(b.peers().filter(({ connected }) => connected)).toHaveLength(1);
  });

  it('two hosts of one key push each other out', async () => {
    const [a, b] = await pair();
    network.setState('clone', 'b', 'up');
    const clone = await start('clone', 'a');
    expect(clone.self).toBe(a.self);
    clone.want(b.addresses()[0]!, 'given');
    const events: PeerEvent['kind'][] = [];
    b.onPeer(({ kind }) => events.push(kind));
    await clock.advance(3_000);
    expect(events.slice(0, 4)).toEqual(['down', 'up', 'down', 'up']);
  });

  it('dials nobody while nobody can be reached, and soon when somebody can', async () => {
    network.setState('a', 'b', 'up');
    network.setState('a', 'b', 'down');
    const [a, b] = [await start('a'), await start('b')];
    a.want(b.addresses()[0]!, 'given');
    await clock.advance(60_000);
    expect(a.peers()[0]).toMatchObject({ connected: false, lastError: 'overlay.no-route' });
    expect(clock.armed).toBe(0);
    const beganMs = clock.elapsedMs;
    network.setState('a', 'b', 'up');
    while (a.peers()[0]?.connected !== true) await clock.advance(10);
    expect(clock.elapsedMs - beganMs).toBeLessThan(1_100);
  });

  it('counts what it sends, by kind', async () => {
    const [a, b] = await pair();
    a.join(TOPIC, () => 'accept');
    received(b);
    a.publish(TOPIC, new Uint8Array(100));
    await clock.advance(100);
    expect(network.trafficOf('a', 'b')).toMatchObject({ gossip: { packets: 1, bytes: 172 } });
    expect(network.trafficOf('b', 'a').gossip).toBeUndefined();
    expect(network.traffic()).toMatchObject({ gossip: { packets: 1, bytes: 172 } });
  });
});
