import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Mesh } from '../../../../src/mesh/index.ts';
import { numbers } from '../../mesh/deliveries.ts';
import { HttpWorld, type HttpWorldOptions } from './http-world.ts';
import { SseClient } from './sse-client.ts';

let world: HttpWorld<Mesh>;

afterEach(() => world?.stop());

async function start(options: HttpWorldOptions = {}): Promise<void> {
  world = await HttpWorld.startReal(options);
}

async function publish(payloads: readonly string[], topic = 't'): Promise<void> {
  await world.mesh.publishMany(payloads.map((payload) => ({ topic, payload })));
}

describe('a stream of events', () => {
  it('brings what arrives on its topics, from now on', async () => {
    await start();
    await publish(['0']);
    const client = await SseClient.open(world, 'filter=t&filter=alarm/%23');
    expect(client.response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8' });
    await publish(['x'], 'other');
    await publish(numbers(1, 3));
    await publish(['fire'], 'alarm/a');
    expect((await client.payloads(4)).sort()).toEqual(['1', '2', '3', 'fire']);
    client.close();
  });

  it.each([
    ['from=all', numbers(1, 3)],
    ['from=last', ['3']],
    ['since=1000', numbers(1, 3)],
    ['from=new', []],
  ])('starts with ?%s where that says, and goes on with what arrives', async (query, before) => {
    await start();
    await publish(numbers(1, 3));
    const client = await SseClient.open(world, `filter=t&${query}`);
    await publish(['4']);
    expect(await client.payloads(before.length + 1)).toEqual([...before, '4']);
    client.close();
  });

  it('goes on behind each of its events without a gap or a repetition', async () => {
    await start();
    await publish(numbers(1, 3));
    await publish(['fire'], 'alarm/a');
    await publish(numbers(4, 6));
    const client = await SseClient.open(world, 'filter=%23&from=all');
    const events = await client.events(7);
    client.close();
    for (const [index, { id }] of events.entries()) {
      const again = await SseClient.open(world, 'filter=%23', { 'last-event-id': id });
      const rest = events.slice(index + 1).map(({ data }) => data.payload);
      expect(await again.payloads(rest.length), id).toEqual(rest);
      again.close();
    }
  });

  it('gets each message once, also where much arrives while it catches up', async () => {
    await start();
    await publish(numbers(1, 2_000));
    const client = await SseClient.open(world, 'filter=t&from=all');
    const more = (async () => {
      for (let n = 2_001; n <= 4_000; n += 50) await publish(numbers(n, n + 49));
    })();
    expect(await client.payloads(4_000)).toEqual(numbers(1, 4_000));
    await more;
    client.close();
  });

  it('that is not read holds no memory, and has everything once it is read again', async () => {
    await start({ streamBytesMax: 16_384 });
    const client = await SseClient.open(world, 'filter=t');
    const padding = 'x'.repeat(4_000);
    let sent = 0;
    // Beyond what the system's buffers take.
    while (sent - world.count('messagesOut') < 500 && sent < 20_000) {
      await publish(Array.from({ length: 100 }, () => `${++sent} ${padding}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.count('streamsBehind')).toBeGreaterThan(0);
    const written = world.count('messagesOut');
    await publish(Array.from({ length: 500 }, () => `${++sent} ${padding}`));
    expect(world.count('messagesOut') - written).toBeLessThan(50);
    const got = (await client.payloads(sent)).map((payload) => Number(payload.split(' ')[0]));
    expect(got).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    client.close();
  });

  it('that is not read for too long is cut off', async () => {
    await start({ stallTimeoutMs: 1, streamBytesMax: 16_384 });
    const client = await SseClient.open(world, 'filter=t');
    client.response.on('error', () => {});
    const padding = 'x'.repeat(10_000);
    // Beyond what the system's buffers take.
    for (let sent = 0; sent - world.count('messagesOut') < 500 && sent < 10_000; sent += 50)
      await publish(Array.from({ length: 50 }, () => padding));
    await expect.poll(() => world.count('connectionsStalled'), { timeout: 20_000 }).toBe(1);
    await expect.poll(() => world.gateway.status().streams, { timeout: 10_000 }).toBe(0);
  });

  it.each([
    ['', 400, 'agent.bad-request'],
    ['filter=a/%23/b', 400, 'topic.bad-filter'],
    ['filter=a&from=then', 400, 'agent.bad-request'],
    ['filter=a&from=all&since=1', 400, 'agent.bad-request'],
    ['filter=a&cursor=main%3D0011223344556677:9', 410, 'journal.offset-unknown'],
  ])('is refused before it begins for ?%s', async (query, status, code) => {
    await start();
    expect(await world.ask(`/v1/stream?${query}`)).toMatchObject({ status, body: { error: { code } } });
    expect(world.gateway.status().streams).toBe(0);
  });

  it('is refused where there are too many, and has room again when one has left', async () => {
    await start({ streamsMax: 1 });
    const client = await SseClient.open(world, 'filter=t');
    const answer = await world.ask('/v1/stream?filter=t');
    expect(answer).toMatchObject({ status: 429, body: { error: { code: 'http.too-many-streams' } } });
    client.close();
    await expect.poll(() => world.gateway.status().streams, { timeout: 10_000 }).toBe(0);
    (await SseClient.open(world, 'filter=t')).close();
  });

  it('ends within a second when its token is taken away', async () => {
    await start();
    const authorization = `Bearer ${await world.token(['read'])}`;
    const client = await SseClient.open(world, 'filter=t', { authorization });
    await world.revokeAll();
    expect(await client.events(2)).toMatchObject([
      { event: 'error', data: { error: { code: 'http.bad-token' } } },
    ]);
    expect(world.count('streamsUnauthorized')).toBe(1);
  });
});

describe('a stream over WebSocket', () => {
  const open = (query: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}) => {
    const url = `${world.url.replace('http', 'ws')}/v1/socket?${query}`;
    return new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
  };

  /** The next messages of a socket, as they were published. */
  async function taken(socket: WebSocket, count: number): Promise<{ cursor: string; payload: string }[]> {
    const found: { cursor: string; payload: string }[] = [];
    await new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        const { cursor, message } = JSON.parse(String(data)) as never as {
          cursor: string;
          message: { payload: string };
        };
        found.push({ cursor, payload: message.payload });
        if (found.length === count) resolve();
      });
      if (count === 0) resolve();
    });
    return found;
  }

  /** How a socket that was not let in was answered. */
  async function refusal(socket: WebSocket): Promise<number> {
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    return response.statusCode;
  }

  it('brings what arrives, and goes on from a cursor', async () => {
    await start();
    await publish(numbers(1, 3));
    const first = open('filter=t&from=all');
    const got = await taken(first, 3);
    first.close();
    const second = open(`filter=t&cursor=${encodeURIComponent(got[0]!.cursor)}`);
    expect((await taken(second, 2)).map(({ payload }) => payload)).toEqual(['2', '3']);
    const live = taken(second, 1);
    await publish(['4']);
    expect(await live).toMatchObject([{ payload: '4' }]);
    second.close();
  });

  it('takes a token as a subprotocol, as browsers cannot set headers', async () => {
    await start({ local: 'none' });
    const token = await world.token(['read']);
    expect(await refusal(open('filter=t'))).toBe(401);
    const socket = open('filter=t', { protocols: ['sedge', `sedge.token.${token}`] });
    await once(socket, 'open');
    expect(socket.protocol).toBe('sedge');
    socket.close();
  });

  it('is refused to pages of other sites, for what is no stream, and with a wrong token', async () => {
    await start();
    expect(await refusal(open('filter=t', { headers: { origin: 'https://evil.example' } }))).toBe(403);
    expect(await refusal(open('filter=t', { headers: { host: 'evil.example' } }))).toBe(421);
    expect(await refusal(open('colour=red'))).toBe(400);
    expect(await refusal(open('filter=t', { headers: { authorization: 'Bearer nonsense' } }))).toBe(401);
    expect(await refusal(new WebSocket(`${world.url.replace('http', 'ws')}/v1/stream`))).toBe(400);
  });

  it('is closed where the client says something, and where it is malformed', async () => {
    await start();
    const talker = open('filter=t');
    await once(talker, 'open');
    talker.send('hello');
    expect((await once(talker, 'close'))[0]).toBe(1008);
    const bad = open('filter=a/%23/b');
    const [data] = await once(bad, 'message');
    expect(JSON.parse(String(data))).toMatchObject({ error: { code: 'topic.bad-filter' } });
  });
});
