import { afterEach, describe, expect, it } from 'vitest';
import { Counters } from '../../../src/errors/index.ts';
import type { GossipVerdict } from '../../../src/overlay/index.ts';
import { collect, connectPair, flows, isUp, until } from '../../unit/overlay/test-overlays.ts';
import { ProxiedOverlays } from './proxied-overlays.ts';

const TOPIC = '/sedge/1/traps/0';

/** The numbers are those of the traps in the README of `src/overlay`. */
describe('a trap of libp2p', () => {
  const overlays = new ProxiedOverlays();
  afterEach(() => overlays.stop());

  it('1: gossip comes back after a message that the receiver refuses for its length', async () => {
    const a = await overlays.start({ gossipBytesMax: 1024 * 1024 });
    const b = await overlays.start({ gossipBytesMax: 1024 });
    const atA = collect(a, TOPIC);
    const atB = collect(b, TOPIC);
    await connectPair(a, b);
    await flows(a, atB, TOPIC, 2_000);
    a.publish(TOPIC, new Uint8Array(1024 * 1024));
    await flows(a, atB, TOPIC, 6_000);
    await flows(b, atA, TOPIC, 6_000);
    expect(isUp(a, b)).toBe(true);
  });

  it('2 and 12: many peers behind one address come in at once and are heard', async () => {
    const hub = await overlays.start();
    const atHub = collect(hub, TOPIC);
    const spokes = await Promise.all(Array.from({ length: 20 }, () => overlays.start()));
    for (const spoke of spokes) collect(spoke, TOPIC);
    const startMs = performance.now();
    for (const spoke of spokes) spoke.want(hub.addresses()[0]!, 'given');
    await until(() => spokes.every((spoke) => isUp(hub, spoke)), 'all are connected');
    expect(performance.now() - startMs).toBeLessThan(3_000);
    // Scores are looked at anew after a second.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    for (const [index, spoke] of spokes.entries()) spoke.publish(TOPIC, Buffer.from(`spoke ${index}`));
    await until(() => new Set(atHub).size === spokes.length, 'the hub hears every spoke');
  });

  it('5: a bulk stream does not starve gossip and other streams of a slow link', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    const link = await overlays.linkTo(b);
    const atB = collect(b, TOPIC);
    collect(a, TOPIC);
    b.handle('/sedge/bulk/1', async (stream) => {
      for await (const _frame of stream.frames);
    });
    b.handle('/sedge/echo/1', async (stream) => {
      for await (const frame of stream.frames) await stream.send(frame);
    });
    await connectPair(a, b, link.address());
    await flows(a, atB, TOPIC, 2_000);
    link.bytesPerSecond = 1024 * 1024;
    const bulk = await a.open(b.self, '/sedge/bulk/1');
    let isRunning = true;
    const sending = (async () => {
      while (isRunning) await bulk.send(new Uint8Array(256 * 1024));
    })();
    const echo = await a.open(b.self, '/sedge/echo/1');
    const echoed = echo.frames[Symbol.asyncIterator]();
    const endMs = performance.now() + 4_000;
    while (performance.now() < endMs) {
      const startMs = performance.now();
      a.publish(TOPIC, Buffer.from(`at ${startMs}`));
      await echo.send(Buffer.from('small'));
      await echoed.next();
      await until(() => atB.includes(`at ${startMs}`), 'gossip arrives', 2_000);
      expect(performance.now() - startMs).toBeLessThan(1_500);
    }
    isRunning = false;
    await sending;
  });

  it('6: a forged message does not block the one that it imitates', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    collect(a, TOPIC);
    const seen: string[] = [];
    b.join(TOPIC, (data) => {
      seen.push(Buffer.from(data).toString());
      return seen.at(-1)?.endsWith('forged') === true ? 'reject' : 'accept';
    });
    await connectPair(a, b);
    await until(
      () => a.publish(TOPIC, Buffer.from(`warm up ${Math.random()}`)) && seen.length > 0,
      'it flows',
    );
    a.publish(TOPIC, Buffer.from('author 1, number 7, forged'));
    a.publish(TOPIC, Buffer.from('author 1, number 7, signed'));
    await until(() => seen.includes('author 1, number 7, signed'), 'the real one is delivered');
  });

  it('8: a receiver that is stuck holds the publisher back within bounds, and misses nothing it was sent', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    collect(a, TOPIC);
    let received = 0;
    let release: () => void = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isStuck = false;
    b.join(TOPIC, async (): Promise<GossipVerdict> => {
      if (isStuck) await stuck;
      received++;
      return 'accept';
    });
    await connectPair(a, b);
    await until(() => a.publish(TOPIC, Buffer.from(`${Math.random()}`)) && received > 0, 'it flows');
    isStuck = true;
    const before = received;
    let published = 0;
    let refused = 0;
    for (let index = 0; index < 3_000; index++) {
      const data = new Uint8Array(20_000).fill(index);
      new DataView(data.buffer).setUint32(0, index);
      if (a.publish(TOPIC, data)) published++;
      else refused++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(refused).toBeGreaterThan(2_500);
    expect(published * 20_000).toBeLessThan(6_000_000);
    expect(isUp(a, b)).toBe(true);
    release();
    await until(() => received - before >= published, 'what was taken is delivered');
    await until(() => a.publish(TOPIC, Buffer.from(`${Math.random()}`)), 'there is room again');
  });

  it('8: a peer that is stuck does not keep gossip from the others', async () => {
    const counters = new Counters();
    const a = await overlays.start({}, { counters });
    const slow = await overlays.start();
    const fast = await overlays.start();
    collect(a, TOPIC);
    slow.join(TOPIC, () => new Promise(() => {}));
    const atFast = collect(fast, TOPIC);
    await connectPair(a, slow);
    await connectPair(a, fast);
    await flows(a, atFast, TOPIC, 2_000);
    const before = atFast.length;
    for (let index = 0; index < 1_000; index++) {
      const data = new Uint8Array(20_000).fill(7);
      new DataView(data.buffer).setUint32(0, index);
      await until(() => a.publish(TOPIC, data), 'there is room', 2_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => atFast.length - before === 1_000, 'the other peer hears all');
    expect(isUp(a, slow)).toBe(true);
    expect(counters.get('overlay.peer-slow')).toBeGreaterThan(700);
  });

  it('13: sending and receiving in a loop lets timers run', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    b.handle('/sedge/bulk/1', async (stream) => {
      for await (const _frame of stream.frames);
    });
    await connectPair(a, b);
    for (const frameBytes of [100, 64 * 1024]) {
      const stream = await a.open(b.self, '/sedge/bulk/1');
      let last = performance.now();
      let gapMs = 0;
      const timer = setInterval(() => {
        gapMs = Math.max(gapMs, performance.now() - last);
        last = performance.now();
      }, 5);
      const endMs = performance.now() + 1_000;
      const frame = new Uint8Array(frameBytes);
      while (performance.now() < endMs) await stream.send(frame);
      clearInterval(timer);
      stream.abort();
      expect(gapMs, `frames of ${frameBytes} bytes`).toBeLessThan(300);
    }
  });
});
