import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { ControlServer } from '../../../node/control/index.ts';
import { silentLog } from '../../../src/errors/index.ts';
import { FakeDevices } from './fake-devices.ts';
import { FakeMesh } from './fake-mesh.ts';

let directory: string;
let mesh: FakeMesh;
let server: ControlServer;
let agent: AgentClient;
let stops = 0;

function serve(where: string): ControlServer {
  const agentFacts = (): object => ({ pid: 1 });
  return new ControlServer({
    directory: where,
    mesh,
    devices: new FakeDevices(),
    log: silentLog,
    agentFacts: agentFacts as never,
    onStop: () => stops++,
  });
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-control-'));
  mesh = new FakeMesh();
  server = serve(directory);
  agent = connectAgent({ directory });
  await server.start();
});

afterEach(async () => {
  await agent.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

async function payloads(count: number, from: AsyncIterable<{ kind: string }>): Promise<string[]> {
  const found: string[] = [];
  for await (const delivery of from) {
    if (delivery.kind === 'message')
      found.push(Buffer.from((delivery as never as { payload: Uint8Array }).payload).toString());
    if (found.length === count) break;
  }
  return found;
}

const ORIGIN = {
  device: '5e09e00000000001',
  epoch: 7,
  counter: 1_042,
  uptimeMs: 90_000,
  timeMs: 1_000,
  uncertaintyMs: 12,
  signature: Buffer.alloc(64, 0xff),
  value: Buffer.from('fa41a8cccd', 'hex'),
  topic: 'temp',
};

const CLIENT = { id: 'c', user: 'u', qos: 2 } as const;

describe('control socket', () => {
  test('is open to its owner alone', async () => {
    expect((await stat(join(directory, 'control.sock'))).mode & 0o777).toBe(0o600);
  });

  test('works in a directory whose path is longer than a socket path may be', async () => {
    const deep = join(directory, 'd'.repeat(90), 'e'.repeat(90));
    await mkdir(deep, { recursive: true });
    const deepServer = serve(deep);
    await deepServer.start();
    const deepAgent = connectAgent({ directory: deep });
    expect((await deepAgent.status()).name).toBe('fake');
    await deepAgent.close();
    await deepServer.stop();
  });

  test('says that no agent runs where there is no socket, no directory, or a dead socket', async () => {
    await server.stop();
    for (const where of [directory, join(directory, 'nowhere'), join(directory, 'n'.repeat(120))]) {
      const nobody = connectAgent({ directory: where });
      await expect(nobody.status()).rejects.toMatchObject({ code: 'agent.not-running' });
      await expect(nobody.publisher().publish('a', 'x')).rejects.toMatchObject({ code: 'agent.not-running' });
      await expect(nobody.subscribe('#').nextBatch()).rejects.toMatchObject({ code: 'agent.not-running' });
    }
  });

  test('refuses an unknown route, a body that is no JSON, and an unknown key, with codes', async () => {
    expect(await raw('GET', '/v1/nothing')).toMatchObject({
      status: 404,
      body: { error: { code: 'agent.bad-request' } },
    });
    expect(await raw('POST', '/v1/publish', '{')).toMatchObject({
      status: 400,
      body: { error: { code: 'agent.bad-request' } },
    });
    const unknown = await raw('POST', '/v1/publish', '{"topic":"a","payload":"b","colour":1}');
    expect(unknown).toMatchObject({
      status: 400,
      body: { error: { code: 'agent.bad-request', details: { reason: 'unknown key "colour"' } } },
    });
  });

  test('refuses a body over its limit', async () => {
    const body = JSON.stringify({ topic: 'a', payload: 'x'.repeat(9 * 1_048_576) });
    expect(await raw('POST', '/v1/publish', body)).toMatchObject({
      status: 413,
      body: { error: { code: 'agent.too-large' } },
    });
  });

  test("passes the mesh's errors on with code and details", async () => {
    await expect(agent.publish('a/#', 'x')).rejects.toMatchObject({
      code: 'topic.wildcard',
      details: { topic: 'a/#' },
    });
    await expect(agent.revoke('barn')).rejects.toMatchObject({ code: 'realm.unknown-node' });
    await expect(agent.subscribe('##').opened()).rejects.toMatchObject({ code: 'topic.bad-filter' });
  });

  test('tells the agent to stop after answering', async () => {
    await agent.stop();
    await expect.poll(() => stops).toBe(1);
  });

  test('declares channels', async () => {
    await agent.declareChannels([{ name: 'alarm', filter: 'alarm/#' }]);
    expect((await agent.realm()).channels).toEqual([{ name: 'alarm', filter: 'alarm/#' }]);
  });
});

describe('publishing', () => {
  test('gives a payload of any bytes and all options to the mesh', async () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0x0a);
    const id = { producer: 'p', n: 7 };
    const options = { id, ttlSeconds: 5, contentType: 't', key: 'k', headers: { a: 'b' }, retain: true };
    await agent.publish('a', bytes, { ...options, origin: ORIGIN, client: CLIENT });
    await agent.publisher().publish('a', bytes, { ...options, origin: ORIGIN, client: CLIENT });
    const { publishId, ...message } = mesh.log[0] as never as { payload: Uint8Array; publishId: unknown };
    expect(Buffer.from(message.payload)).toEqual(Buffer.from(bytes));
    expect(publishId).toEqual(id);
    expect(message).toMatchObject({ contentType: 't', key: 'k', headers: { a: 'b' }, retain: true });
    expect(message).toMatchObject({ origin: ORIGIN, client: CLIENT });
    expect(mesh.log[1]).toMatchObject({ ...message, seq: 2, offset: expect.anything() });
  });

  test('refuses an origin that is none, naming what is wrong', async () => {
    const reasons = [
      ['5', 'origin must be an object'],
      ['{"port":"a"}', 'unknown key "port" of origin'],
      ['{"valueBase64":"?"}', 'signatureBase64 and valueBase64 of origin must be base64 with padding'],
    ];
    for (const [origin, reason] of reasons) {
      expect(
        await raw('POST', '/v1/publish', `{"topic":"a","payload":"b","origin":${origin}}`),
      ).toMatchObject({
        status: 400,
        body: { error: { code: 'agent.bad-request', details: { reason } } },
      });
    }
  });

  test('keeps order and pairs every message with its acknowledgement, whatever lines they share', async () => {
    const publisher = agent.publisher();
    const seqs: number[] = [];
    const sent = 5_000;
    for (let index = 0; index < sent; index++) {
      const payload = index % 7 === 0 ? Uint8Array.of(0xff, index % 256) : `text ${index}`;
      const options = index % 11 === 0 ? { key: 'k' } : undefined;
      const hasRoom = publisher.send(`t/${index % 3}`, payload, options, (_, published) =>
        seqs.push(published!.seq),
      );
      if (!hasRoom) await publisher.room();
    }
    await publisher.close();
    expect(seqs).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    expect(publisher.acknowledged).toBe(sent);
    expect(mesh.log.map((delivery) => (delivery as { topic: string }).topic)).toEqual(
      Array.from({ length: sent }, (_, index) => `t/${index % 3}`),
    );
  });

  test('answers a refused message by itself and goes on', async () => {
    const publisher = agent.publisher();
    const outcomes = await Promise.allSettled([
      publisher.publish('a', '1'),
      publisher.publish('b/#', '2'),
      publisher.publish('c', '3'),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(publisher.close()).rejects.toMatchObject({ code: 'topic.wildcard' });
    expect(publisher.failed).toBe(1);
  });

  test('holds the sender back when acknowledgements do not come', async () => {
    const gate = Promise.withResolvers<void>();
    mesh.gate = gate.promise;
    const publisher = agent.publisher({ windowMessages: 10 });
    let sent = 1;
    while (publisher.send('a', 'x')) sent++;
    expect(sent).toBe(10);
    gate.resolve();
    await publisher.room();
    expect(publisher.send('a', 'x')).toBe(true);
    await publisher.close();
    expect(mesh.log).toHaveLength(11);
  });

  test('publish keeps the order of its calls when the window fills and empties', async () => {
    const publisher = agent.publisher({ windowMessages: 10 });
    const publishing: Promise<{ seq: number }>[] = [];
    for (let index = 0; index < 500; index++) {
      publishing.push(publisher.publish('a', `${index}`));
      if (index % 50 === 0) await publisher.room();
    }
    const seqs = (await Promise.all(publishing)).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    await publisher.close();
  });

  test('fails what is not acknowledged when the agent goes away', async () => {
    mesh.gate = new Promise(() => {});
    const publisher = agent.publisher();
    const lost = publisher.publish('a', 'x');
    await expect.poll(() => mesh.log.length).toBe(1);
    void server.stop();
    await expect(lost).rejects.toMatchObject({ code: 'agent.disconnected' });
    await expect(publisher.flush()).rejects.toMatchObject({ code: 'agent.disconnected' });
  });

  test('gives the acknowledgements on their way before the agent stops', async () => {
    const gate = Promise.withResolvers<void>();
    mesh.gate = gate.promise;
    const publisher = agent.publisher();
    const published = publisher.publish('a', 'x');
    await expect.poll(() => mesh.log.length).toBe(1);
    const stopped = server.stop();
    gate.resolve();
    await expect(published).resolves.toMatchObject({ seq: 1 });
    await stopped;
    await expect.poll(() => publisher.flush().catch((error) => error.code)).toBe('agent.disconnected');
  });

  test('ends a stream with an error for a line that is not UTF-8', async () => {
    const answer = await raw('POST', '/v1/publish-stream', Buffer.from([0xff, 0x0a]), 'application/x-ndjson');
    expect(answer.body).toMatchObject({ count: 0, error: { code: 'agent.bad-request' } });
  });
});

describe('subscribing', () => {
  test('delivers text, other bytes, options and gaps as the mesh gave them', async () => {
    const subscription = agent.subscribe('#');
    await subscription.opened();
    await agent.publish('a', 'grüße\n', {
      headers: { x: 'y' },
      id: { producer: 'p', n: 1 },
      origin: ORIGIN,
      client: CLIENT,
    });
    mesh.addGap(2, 5);
    await agent.publish('b', Uint8Array.of(0xff, 0x00));
    const deliveries = [];
    for await (const delivery of subscription) {
      deliveries.push(delivery);
      if (deliveries.length === 3) break;
    }
    const [first, gap, second] = deliveries as never as [
      {
        payload: Uint8Array;
        headers: object;
        publishId: object;
        origin: object;
        client: object;
        contentType?: string;
      },
      object,
      { payload: Uint8Array; topic: string },
    ];
    expect(Buffer.from(first.payload).toString()).toBe('grüße\n');
    expect(first.headers).toEqual({ x: 'y' });
    expect(first.publishId).toEqual({ producer: 'p', n: 1 });
    expect(first.origin).toEqual(ORIGIN);
    expect(first.client).toEqual(CLIENT);
    expect(first.contentType).toBeUndefined();
    expect(gap).toMatchObject({ kind: 'gap', first: 2, last: 5, channel: 'main' });
    expect(Buffer.from(second.payload)).toEqual(Buffer.from([0xff, 0x00]));
    expect(second.topic).toBe('b');
  });

  test('closes the subscription at the mesh when the client leaves', async () => {
    const subscription = agent.subscribe('#');
    await subscription.opened();
    expect(mesh.open.size).toBe(1);
    await subscription.close();
    await expect.poll(() => mesh.open.size).toBe(0);
    await expect(subscription.nextBatch()).resolves.toEqual([]);
  });

  test('acknowledges a durable batch only when the next is asked for', async () => {
    for (let index = 1; index <= 6; index++) await agent.publish('a', `${index}`);
    const subscription = agent.subscribe('#', { durable: 'd', from: 'all' });
    expect(await subscription.nextBatch(2)).toHaveLength(2);
    expect(mesh.cursors.get('d')).toBe(0);
    expect(await subscription.nextBatch(2)).toHaveLength(2);
    expect(mesh.cursors.get('d')).toBe(2);
    await subscription.close();
    const again = agent.subscribe('#', { durable: 'd' });
    expect(await payloads(4, again)).toEqual(['3', '4', '5', '6']);
  });

  test('finish acknowledges what was handed out and no more', async () => {
    for (let index = 1; index <= 5; index++) await agent.publish('a', `${index}`);
    const subscription = agent.subscribe('#', { durable: 'd', from: 'all' });
    await subscription.nextBatch(3);
    await subscription.finish();
    expect(mesh.cursors.get('d')).toBe(3);
    expect(await payloads(2, agent.subscribe('#', { durable: 'd' }))).toEqual(['4', '5']);
  });

  test('a subscriber that is cut off throws instead of ending in silence', async () => {
    const subscription = agent.subscribe('#');
    await subscription.opened();
    const waiting = subscription.nextBatch();
    await server.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'agent.disconnected' });
  });

  test('an abort signal ends the iteration', async () => {
    const controller = new AbortController();
    const subscription = agent.subscribe('#', { signal: controller.signal });
    await subscription.opened();
    const waiting = subscription.nextBatch();
    controller.abort();
    await expect(waiting).resolves.toEqual([]);
  });

  test('a slow reader holds the agent back instead of filling its memory', async () => {
    const payload = 'x'.repeat(100_000);
    for (let index = 0; index < 400; index++) await mesh.publish('a', payload);
    const subscription = agent.subscribe('#', { from: 'all' });
    await subscription.opened();
    const [stream] = [...mesh.open] as never as [{ nextBatch: unknown }];
    expect(stream).toBeDefined();
    let read = 0;
    while (read < 400) read += (await subscription.nextBatch(50)).length;
    expect(read).toBe(400);
    await subscription.close();
  });

  test('a client without a library gets an object a line', async () => {
    await agent.publish('a', 'x');
    const outgoing = request({
      socketPath: join(directory, 'control.sock'),
      path: '/v1/subscribe',
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    outgoing.end('{"filters":["#"],"from":"all"}\n');
    const line = await new Promise<string>((resolve) => {
      outgoing.on('response', (response) => response.once('data', (chunk) => resolve(String(chunk))));
    });
    expect(JSON.parse(line)).toMatchObject({ topic: 'a', payload: 'x', seq: 1, late: false, time: 1_000 });
    outgoing.destroy();
  });
});

async function raw(
  method: string,
  path: string,
  body?: string | Buffer,
  type = 'application/json',
): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: join(directory, 'control.sock'),
      path,
      method,
      headers: { 'content-type': type },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
    });
    outgoing.end(body);
  });
}
