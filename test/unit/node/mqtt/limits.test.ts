import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AdmissionState, networkOf } from '../../../../node/gateways/mqtt/admission-state.ts';
import { RateLimit } from '../../../../node/gateways/mqtt/rate-limit.ts';
import { bytesOf, text, u16 } from './mqtt-client.ts';
import { type MqttNode, MqttWorld } from './mqtt-world.ts';

const OPTIONS = {
  connectionsMax: 100,
  connectionsPerAddressMax: 2,
  connectionsPerSecondMax: 10,
  halfOpenMax: 3,
  halfOpenBytesMax: 1_000,
};

function stateOf(options: Partial<typeof OPTIONS> = {}): AdmissionState<string> {
  return new AdmissionState<string>({ ...OPTIONS, ...options }, 0);
}

describe('a rate', () => {
  it('lets a burst through, and then as many as time passes', () => {
    const rate = new RateLimit({ perSecond: 10, burst: 2 }, 0);
    const taken = (nowMs: number) => {
      const allowed = rate.allows(nowMs);
      if (allowed) rate.take();
      return allowed;
    };
    expect([taken(0), taken(0), taken(0), taken(99)]).toEqual([true, true, false, false]);
    expect([taken(100), taken(100)]).toEqual([true, false]);
    expect([taken(60_000), taken(60_000), taken(60_000)]).toEqual([true, true, false]);
  });

  it('goes on after the clock was set back', () => {
    const rate = new RateLimit({ perSecond: 1, burst: 1 }, 10_000);
    rate.take();
    expect(rate.allows(5_000)).toBe(false);
    expect(rate.allows(6_000)).toBe(true);
  });
});

describe('admission', () => {
  it('takes so many connections of an address, and again when one is gone', () => {
    const state = stateOf();
    for (const name of ['a', 'b']) state.opened(name, '192.0.2.1');
    expect(state.refusalOf('192.0.2.1', 0)).toBe('connectionsOverAddress');
    expect(state.refusalOf('::ffff:192.0.2.1', 0)).toBe('connectionsOverAddress');
    expect(state.refusalOf('192.0.2.2', 0)).toBeNull();
    state.closed('a');
    expect(state.refusalOf('192.0.2.1', 0)).toBeNull();
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', null],
    ['::ffff:127.0.0.1', null],
    ['::1', null],
    [undefined, null],
  ])('takes %s for one of %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('takes no more in all than the listener may have', () => {
    const state = stateOf({ connectionsMax: 1 });
    state.opened('a', undefined);
    expect(state.refusalOf('192.0.2.1', 0)).toBe('connectionsOverTotal');
  });

  it('takes so many a second, four times as many at once', () => {
    const state = stateOf();
    for (let count = 0; count < 40; count++) {
      expect(state.refusalOf('127.0.0.1', 0)).toBeNull();
      state.opened(`c${count}`, '127.0.0.1');
    }
    expect(state.refusalOf('127.0.0.1', 0)).toBe('connectionsOverRate');
    expect(state.refusalOf('127.0.0.1', 100)).toBeNull();
  });

  it('has the oldest that never said CONNECT make room for the newest', () => {
    const state = stateOf();
    for (const name of ['a', 'b', 'c']) expect(state.opened(name, undefined)).toEqual([]);
    state.introduced('a');
    expect(state.opened('d', undefined)).toEqual([]);
    expect(state.opened('e', undefined)).toEqual(['b']);
  });

  it('bounds what all of them together have sent before their CONNECT is whole', () => {
    const state = stateOf();
    for (const name of ['a', 'b', 'c']) state.opened(name, undefined);
    expect(state.buffered('b', 900)).toEqual([]);
    expect(state.buffered('a', 100)).toEqual([]);
    expect(state.buffered('c', 1)).toEqual(['a']);
    state.introduced('b');
    expect(state.buffered('c', 1_000)).toEqual([]);
    state.closed('c');
    state.opened('d', undefined);
    expect(state.buffered('d', 1_000)).toEqual([]);
    expect(state.buffered('d', 1_001)).toEqual(['d']);
  });
});

describe('the gateway', () => {
  let world: MqttWorld;

  afterEach(() => world.stop());

  async function nodeWith(options: object): Promise<MqttNode> {
    world = await MqttWorld.start(['a'], options);
    return world.nodes[0]!;
  }

  it('closes what comes over the limit of an address, counts it, and takes others', async () => {
    const node = await nodeWith({ connectionsPerAddressMax: 1 });
    const streams = ['192.0.2.1', '192.0.2.1', '192.0.2.2'].map((remoteAddress) =>
      Object.assign(new PassThrough(), { remoteAddress }),
    );
    for (const stream of streams) node.gateway.accept(stream);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
    expect(node.count('connectionsOverAddress')).toBe(1);
    expect(node.count('connectionsRefused')).toBe(1);
    streams[0]!.destroy();
    await vi.waitFor(() => expect(node.gateway.status().connections).toBe(1));
    const later = Object.assign(new PassThrough(), { remoteAddress: '192.0.2.1' });
    node.gateway.accept(later);
    expect(later.destroyed).toBe(false);
    for (const stream of [later, ...streams]) stream.destroy();
  });

  it('closes what comes faster than it may, and takes it a second later', async () => {
    const node = await nodeWith({ connectionsPerSecondMax: 1 });
    for (let count = 0; count < 4; count++) await node.connect({ clientId: `c${count}` });
    expect(await (await node.open()).end()).toBe('closed');
    expect(node.count('connectionsOverRate')).toBe(1);
    node.pass(1_000);
    expect(await node.connect({ clientId: 'late' })).toBeDefined();
    expect(node.gateway.status().connections).toBe(5);
  });

  it('cuts off the oldest silent connection when there are too many, and no client that said who it is', async () => {
    const node = await nodeWith({ halfOpenMax: 2 });
    const client = await node.connect({ clientId: 'honest' });
    const silent = [await node.open(), await node.open(), await node.open()];
    expect(await silent[0]!.end()).toBe('closed');
    expect(node.count('halfOpenCut')).toBe(1);
    expect(node.gateway.status().connections).toBe(3);
    await client.quiet();
  });

  it('cuts off unfinished CONNECTs when they hold too many bytes', async () => {
    const node = await nodeWith({ halfOpenBytesMax: 1_000 });
    const client = await node.connect({ clientId: 'honest' });
    const half = await node.open();
    const whole = bytesOf(0x10, text('MQTT'), 4, 2, u16(60), text('x'.repeat(2_000)));
    half.raw(whole.subarray(0, 1_500));
    expect(await half.end()).toBe('closed');
    expect(node.count('halfOpenCut')).toBe(1);
    await client.quiet();
  });

  it('does not read on from a client that sends faster than it may, and loses none of its messages', async () => {
    const node = await nodeWith({ messagesPerSecondMax: 10 });
    const subscriber = await node.connect({ clientId: 'subscriber' });
    await subscriber.subscribe('x', { qos: 0 });
    const hasty = await node.connect({ clientId: 'hasty' });
    for (let count = 0; count < 25; count++)
      hasty.send({ cmd: 'publish', topic: 'x', payload: String(count), qos: 0, retain: false, dup: false });
    await vi.waitFor(() => expect(node.count('messagesInSlowed')).toBe(1));
    expect(node.count('messagesIn')).toBe(10);
    node.pass(1_000);
    await vi.waitFor(() => expect(node.count('messagesIn')).toBe(20));
    node.pass(2_000);
    expect(await subscriber.payloads(25)).toEqual(Array.from({ length: 25 }, (_, index) => String(index)));
  });
});
