import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientRates } from '../../../../node/gateways/http/client-rates.ts';
import { ConnectionWatch } from '../../../../node/gateways/http/connection-watch.ts';
import { HttpCounters } from '../../../../node/gateways/http/http-counters.ts';
import { networkOf } from '../../../../node/gateways/http/request-gate.ts';
import { HttpWorld } from './http-world.ts';

let world: HttpWorld;

afterEach(() => world?.stop());

/** What a socket is sent until it ends. */
async function answerTo(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

function open(): Socket {
  const socket = connect(world.port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

describe('a slow client', () => {
  it('that does not finish the head of its request is cut off', async () => {
    world = await HttpWorld.start({ headersTimeoutMs: 100 });
    const socket = open();
    socket.write('GET /v1/status HTTP/1.1\r\nhost: localhost\r\n');
    expect(await answerTo(socket)).toMatch(/^HTTP\/1.1 408 /);
    expect(world.count('connectionsTimedOut')).toBe(1);
  });

  it('that does not finish its body is cut off', async () => {
    world = await HttpWorld.start({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const socket = open();
    const head = 'POST /v1/publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    socket.write(`${head}content-length: 100\r\n\r\n{"topic"`);
    await answerTo(socket);
    expect(world.count('connectionsTimedOut')).toBe(1);
    expect(world.mesh.log).toEqual([]);
  });
});

it.each([
  ['a head that is too long', `GET / HTTP/1.1\r\nhost: localhost\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['what is no HTTP', 'hello\r\n\r\n', 400],
  ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na', 400],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    400,
  ],
  ['no host', 'GET /v1/status HTTP/1.1\r\n\r\n', 400],
])('%s is refused, and the connection ended', async (_, text, status) => {
  world = await HttpWorld.start();
  const socket = open();
  socket.write(text);
  expect(await answerTo(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

it('a body over its limit is refused', async () => {
  world = await HttpWorld.start({ bodyBytesMax: 1_000 });
  const json = { topic: 'a', payload: 'x'.repeat(2_000) };
  const answer = await world.ask('/v1/publish', { json });
  expect(answer).toMatchObject({ status: 413, body: { error: { code: 'agent.too-large' } } });
  expect(world.count('agent.too-large')).toBe(1);
});

it('connections over the limit are closed, and there is room again when one has left', async () => {
  world = await HttpWorld.start({ connectionsMax: 1 });
  const first = open();
  await once(first, 'connect');
  await expect.poll(() => world.gateway.status().connections, { timeout: 10_000 }).toBe(1);
  expect(await answerTo(open())).toBe('');
  expect(world.count('connectionsOverTotal')).toBe(1);
  first.destroy();
  await expect.poll(() => world.gateway.status().connections, { timeout: 10_000 }).toBe(0);
  expect((await world.ask('/healthz')).status).toBe(200);
});

describe('a client that asks too often', () => {
  it('is told what is left to it and how long to wait, by the standard headers', async () => {
    world = await HttpWorld.start({ requestsPerSecondMax: 1, nowMs: () => 0 });
    for (const left of [3, 2, 1, 0]) {
      const { status, headers } = await world.ask('/v1/status');
      expect(status).toBe(200);
      expect(headers.ratelimit).toBe(`"requests";r=${left};t=0`);
    }
    const answer = await world.ask('/v1/status');
    expect(answer).toMatchObject({ status: 429, body: { error: { code: 'http.too-many-requests' } } });
    expect(answer.headers).toMatchObject({ 'retry-after': '1', 'ratelimit-policy': '"requests";q=4;w=4' });
    expect(world.count('http.too-many-requests')).toBe(1);
  });

  it('is held to messages, too', async () => {
    world = await HttpWorld.start({ messagesPerSecondMax: 1, nowMs: () => 0 });
    const json = [1, 2, 3].map((n) => ({ topic: 'a', payload: String(n) }));
    expect((await world.ask('/v1/publish-many', { json })).status).toBe(200);
    expect((await world.ask('/v1/publish-many', { json })).status).toBe(429);
    expect(world.mesh.log).toHaveLength(3);
  });
});

describe('rates', () => {
  it('fill with time, for each client by itself, and not over their limit', () => {
    const rates = new ClientRates({ perSecond: 2, burst: 4 });
    expect(rates.take('a', 0, 4)).toEqual({ allowed: true, left: 0, waitSeconds: 0 });
    expect(rates.take('a', 0, 3)).toEqual({ allowed: false, left: 0, waitSeconds: 2 });
    expect(rates.take('b', 0, 1)).toMatchObject({ allowed: true, left: 3 });
    expect(rates.take('a', 1_500, 3)).toMatchObject({ allowed: true, left: 0 });
    expect(rates.take('a', 100_000, 0)).toMatchObject({ left: 4 });
  });

  it('do not stop for a clock that is set back', () => {
    const rates = new ClientRates({ perSecond: 1, burst: 1 });
    expect(rates.take('a', 10_000).allowed).toBe(true);
    expect(rates.take('a', 0).allowed).toBe(false);
    expect(rates.take('a', 1_000).allowed).toBe(true);
  });

  it('let a request through that is larger than there can ever be, once all is there', () => {
    const rates = new ClientRates({ perSecond: 1, burst: 10 });
    expect(rates.take('a', 0, 1_000)).toMatchObject({ allowed: true, left: 0 });
  });

  it('remember only so many clients', () => {
    const rates = new ClientRates({ perSecond: 1, burst: 1 });
    rates.take('first', 0);
    for (let n = 0; n < 5_000; n++) rates.take(String(n), 0);
    expect(rates.take('first', 0).allowed).toBe(true);
  });
});

describe('connections of one address', () => {
  /** A socket of somewhere else. */
  function socketFrom(remoteAddress: string): Socket & { readonly destroyed: boolean } {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      localAddress: '192.0.2.1',
      destroyed: false,
      setNoDelay: () => {},
      destroy: () => {
        socket.destroyed = true;
        socket.emit('close');
      },
    });
    return socket as never;
  }

  it('are limited, those of an IPv6 network together, and of others not', () => {
    const counters = new HttpCounters();
    const options = { connectionsMax: 100, connectionsPerAddressMax: 2, stallTimeoutMs: 1 };
    const watch = new ConnectionWatch(options, counters);
    const from = (address: string) => {
      const socket = socketFrom(address);
      watch.open(socket);
      return socket;
    };
    const first = from('2001:db8:0:1::1');
    expect([first, from('2001:db8:0:1::2'), from('2001:db8:0:1::3')].map((one) => one.destroyed)).toEqual([
      false,
      false,
      true,
    ]);
    expect(from('2001:db8:0:2::1').destroyed).toBe(false);
    first.destroy();
    expect(from('2001:db8:0:1::4').destroyed).toBe(false);
    expect(counters.snapshot().connectionsOverAddress).toBe(1);
  });

  it('are told by the address that IPv6 hides in front of IPv4', () => {
    expect(networkOf('::ffff:192.0.2.1')).toBe(networkOf('192.0.2.1'));
  });
});
