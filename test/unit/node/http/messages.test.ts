import { decode, encode } from 'cbor-x';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mesh } from '../../../../src/mesh/index.ts';
import { HttpWorld } from './http-world.ts';

interface Page {
  readonly messages: readonly { readonly topic: string; readonly payload: string; readonly offset: string }[];
  readonly cursor: string;
  readonly more: boolean;
  readonly next: string | null;
}

let world: HttpWorld<Mesh>;

beforeAll(async () => {
  world = await HttpWorld.startReal();
  for (let n = 1; n <= 5; n++) await world.mesh.publish('site/a', String(n));
  await world.mesh.publish('site/b', Uint8Array.of(0xff, 0x00), {
    contentType: 'image/x-test',
    retain: true,
  });
  await world.mesh.publish('alarm/c', 'fire', { contentType: 'text/html\r\nset-cookie: a=b' });
});

afterAll(() => world.stop());

const payloads = ({ messages }: Page) => messages.map(({ payload }) => payload);

describe('a page of history', () => {
  it('leads to the next one, until there is none', async () => {
    const found: string[] = [];
    for (let path: string | null = '/v1/messages?filter=site/a&filter=alarm/%23&limit=2'; path !== null; ) {
      const { status, headers, body } = await world.ask(path);
      expect(status).toBe(200);
      const page = body as Page;
      found.push(...payloads(page));
      expect(headers.link).toBe(page.next === null ? undefined : `<${page.next}>; rel="next"`);
      path = page.next;
    }
    expect(found.sort()).toEqual(['1', '2', '3', '4', '5', 'fire']);
  });

  it('comes the newest first, and of a time', async () => {
    const newest = await world.ask('/v1/messages?filter=site/a&order=newest&limit=2');
    expect(payloads(newest.body)).toEqual(['5', '4']);
    const past = await world.ask('/v1/messages?filter=site/a&until=2020-01-01T00:00:00Z');
    expect(past.body).toMatchObject({ messages: [], more: false, next: null });
    const since = await world.ask('/v1/messages?filter=site/a&since=1000');
    expect(payloads(since.body)).toHaveLength(5);
  });

  it.each([
    ['', 'agent.bad-request', 400],
    ['filter=a/%23/b', 'topic.bad-filter', 400],
    ['filter=$realm/%23', 'topic.reserved', 400],
    ['filter=a&limit=0', 'agent.bad-request', 400],
    ['filter=a&limit=ten', 'agent.bad-request', 400],
    ['filter=a&order=random', 'agent.bad-request', 400],
    ['filter=a&since=yesterday', 'agent.bad-request', 400],
    ['filter=a&colour=red', 'agent.bad-request', 400],
    ['filter=a&limit=1&limit=2', 'agent.bad-request', 400],
    ['filter=a&cursor=main%3D0011223344556677:9', 'journal.offset-unknown', 410],
  ])('is refused with a reason for ?%s', async (query, code, status) => {
    const answer = await world.ask(`/v1/messages?${query}`);
    expect(answer).toMatchObject({ status, body: { error: { code, next: expect.any(String) } } });
  });
});

describe('last values', () => {
  it('are one a topic', async () => {
    const { body } = await world.ask('/v1/last?filter=site/%23&filter=alarm/c');
    const { messages, complete } = body as { messages: { topic: string }[]; complete: boolean };
    expect(messages.map(({ topic }) => topic).sort()).toEqual(['alarm/c', 'site/a', 'site/b']);
    expect(complete).toBe(true);
  });

  it('come as they are, with what the publisher called them where a header can say it', async () => {
    const raw = await world.ask('/v1/topics/site/b');
    expect(raw).toMatchObject({ status: 200, bytes: Buffer.of(0xff, 0x00) });
    expect(raw.headers).toMatchObject({ 'content-type': 'image/x-test', 'sedge-seq': '6' });
    const page = await world.ask('/v1/topics/alarm/c');
    expect(page.headers).toMatchObject({ 'content-type': 'application/octet-stream' });
    expect(page.headers).toMatchObject({ 'content-security-policy': expect.stringContaining('sandbox') });
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  it('are 404 where there is none, and 400 for what is no topic', async () => {
    const answer = await world.ask('/v1/topics/site/nothing');
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'http.no-value' } } });
    expect(await world.ask('/v1/topics/site/%23')).toMatchObject({ status: 400 });
  });
});

describe('publishing', () => {
  const last = async (topic: string) => (await world.ask(`/v1/topics/${topic}`)).bytes;

  it('takes any payload as it is, with or without a content type, also an empty one', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json' }]) {
      const answer = await world.ask('/v1/topics/raw/a', { method: 'PUT', body: bytes, headers });
      expect(answer).toMatchObject({ status: 200, body: { duplicate: false } });
      expect(await last('raw/a')).toEqual(bytes);
    }
    expect(await world.ask('/v1/topics/raw/a', { method: 'POST' })).toMatchObject({ status: 200 });
    expect(await last('raw/a')).toEqual(Buffer.alloc(0));
  });

  it('takes what there is to say of a payload from the query', async () => {
    const path = '/v1/topics/raw/b?retain=true&ttlSeconds=60&key=k&id=p:1&ack=accepted';
    const [first, again] = [await world.ask(path, { body: '1' }), await world.ask(path, { body: '1' })];
    expect([first.body, again.body]).toMatchObject([{ duplicate: false }, { duplicate: true }]);
    const { body } = await world.ask('/v1/last?filter=raw/b');
    expect((body as Page).messages).toMatchObject([{ retain: true, key: 'k', id: { producer: 'p', n: 1 } }]);
    expect(await world.ask('/v1/topics/raw/b?colour=red', { body: '1' })).toMatchObject({ status: 400 });
  });

  it('takes topics of any letters', async () => {
    const topic = 'räume/küche 1/%41';
    const path = `/v1/topics/${encodeURIComponent(topic)}`;
    expect(await world.ask(path, { body: '1' })).toMatchObject({ status: 200 });
    const { body } = await world.ask(`/v1/last?filter=${encodeURIComponent(topic)}`);
    expect((body as Page).messages).toMatchObject([{ topic }]);
  });

  it('takes many, tells of each what became of it, and says where not all were taken', async () => {
    const messages = [
      { topic: 'many/a', payload: '1' },
      { topic: 'many/#', payload: '2' },
      { topic: 'many/b', payloadBase64: '/wA=' },
    ];
    const before = world.count('topic.wildcard');
    const answer = await world.ask('/v1/publish-many', { json: { messages } });
    expect(answer).toMatchObject({ status: 207, body: { published: 2, refused: 1 } });
    const { results } = answer.body as { results: unknown[] };
    expect(results).toMatchObject([{ seq: expect.any(Number) }, { error: { code: 'topic.wildcard' } }, {}]);
    expect(world.count('topic.wildcard') - before).toBe(1);
    const alone = await world.ask('/v1/publish-many', { json: [messages[0]] });
    expect(alone).toMatchObject({ status: 200, body: { published: 1, refused: 0 } });
  });

  it.each([
    ['/v1/publish-many', {}],
    ['/v1/publish-many', { messages: [] }],
    ['/v1/publish-many', { messages: [{ topic: 'a' }] }],
    ['/v1/publish-many', { messages: [{ topic: 'a', payload: '1' }], colour: 1 }],
    ['/v1/publish', { topic: 'a', payload: '1', client: { id: 'somebody' } }],
    ['/v1/publish', { topic: 'a', payload: '1', origin: { device: '0011223344556677' } }],
    ['/v1/publish', [1]],
  ])('refuses %s of %j with a reason', async (path, json) => {
    const answer = await world.ask(path, { json });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'agent.bad-request' } } });
  });

  it('refuses a payload over its limit', async () => {
    const answer = await world.ask('/v1/topics/big', { body: new Uint8Array(1_048_577) });
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'agent.too-large' } } });
  });
});

describe('CBOR', () => {
  const headers = { 'content-type': 'application/cbor', accept: 'application/cbor' };

  it('goes in and comes out, with payloads as bytes', async () => {
    const body = encode({ topic: 'cbor/a', payload: Buffer.of(0xff, 1) });
    const answer = await world.ask('/v1/publish', { body, headers });
    expect(answer.headers['content-type']).toBe('application/cbor');
    expect(decode(answer.bytes)).toMatchObject({ duplicate: false, channel: 'main' });
    const { bytes } = await world.ask('/v1/messages?filter=cbor/a', {
      headers: { accept: 'application/cbor' },
    });
    const { messages } = decode(bytes) as Page;
    expect(messages).toMatchObject([{ topic: 'cbor/a', payload: Buffer.of(0xff, 1) }]);
  });

  it.each([
    ['cut', Buffer.of(0xa1, 0x65)],
    ['with bytes behind it', Buffer.of(0xa0, 0x00)],
    ['of a length that is not there', Buffer.from('9b00ffffffffffffff', 'hex')],
    ['nested without end', Buffer.alloc(100_000, 0x81)],
    ['of an array of four billion', Buffer.from('9affffffff', 'hex')],
    ['of no more than a break', Buffer.of(0xff)],
    ['a number', Buffer.of(0x01)],
  ])('that is %s is refused, in CBOR', async (_, body) => {
    const answer = await world.ask('/v1/publish', { body, headers });
    expect(answer.status).toBe(400);
    expect(decode(answer.bytes)).toMatchObject({ error: { code: 'agent.bad-request' } });
  });
});
