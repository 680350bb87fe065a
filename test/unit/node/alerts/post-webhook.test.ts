import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postWebhook } from '../../../../node/alerts/webhook/post-webhook.ts';
import { webhookSignature } from '../../../../node/alerts/webhook/webhook-signature.ts';
import { TEST_CERTIFICATES } from '../mqtt/test-certificates.ts';

const DELIVERY = { id: 'd1', event: 'fired', atMs: 0, body: '{"grüße":1}', attempts: 0 } as const;
const AT = { atMs: 5_000, signal: new AbortController().signal, version: '0.4.0' };

let directory: string;
const servers: Server[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-alerts-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true });
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answering(status: number, headers: Record<string, string> = {}) {
  return listen(createServer((_request, response) => void response.writeHead(status, headers).end('x')));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const to = (host: string, changes = {}) => ({
  url: `http://${host}/hook?t=1`,
  secretFile: null,
  ca: null,
  ...changes,
});

describe('a delivery', () => {
  it('is one POST with what a receiver needs to trust it and to drop repetitions', async () => {
    const secretFile = join(directory, 'secret');
    await writeFile(secretFile, 'topsecret\nsecond line\n');
    const seen: { request: IncomingMessage; body: string }[] = [];
    const host = await listen(
      createServer(async (request, response) => {
        seen.push({ request, body: await bodyOf(request) });
        response.writeHead(204).end();
      }),
    );
    expect(await postWebhook(to(host, { secretFile }), DELIVERY, AT)).toEqual({ kind: 'delivered' });
    const [{ request, body }] = seen as [(typeof seen)[number]];
    expect(body).toBe(DELIVERY.body);
    expect(request).toMatchObject({ method: 'POST', url: '/hook?t=1' });
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'sedge/0.4.0',
      'sedge-event': 'fired',
      'sedge-delivery': 'd1',
      'sedge-signature': webhookSignature('topsecret', DELIVERY.body, 5_000),
    });
  });

  it.each([
    [500, {}, { kind: 'failed', reason: 'it answered 500', afterMs: null }],
    [503, { 'retry-after': '120' }, { kind: 'failed', afterMs: 120_000 }],
    [429, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, { kind: 'failed', afterMs: null }],
    [404, {}, { kind: 'refused', reason: 'it answered 404' }],
    [302, { location: 'http://127.0.0.1:1/' }, { kind: 'refused', reason: 'it answered 302' }],
  ])('that is answered with %i %j ends as %j', async (status, headers, outcome) => {
    expect(await postWebhook(to(await answering(status, headers)), DELIVERY, AT)).toMatchObject(outcome);
  });

  it('fails where nobody listens, an endless answer comes, or a file is missing or empty', async () => {
    expect(await postWebhook(to('127.0.0.1:1'), DELIVERY, AT)).toMatchObject({
      kind: 'failed',
      reason: 'ECONNREFUSED',
    });
    const endless = await listen(
      createServer((_request, response: ServerResponse) => {
        response.writeHead(200);
        const more = () => void (response.destroyed || response.write('x'.repeat(65_536), more));
        more();
      }),
    );
    expect(await postWebhook(to(endless), DELIVERY, AT)).toEqual({ kind: 'delivered' });
    const secretFile = join(directory, 'secret');
    expect(await postWebhook(to('127.0.0.1:1', { secretFile }), DELIVERY, AT)).toMatchObject({
      reason: 'ENOENT',
    });
    await writeFile(secretFile, '\n');
    expect(await postWebhook(to('127.0.0.1:1', { secretFile }), DELIVERY, AT)).toMatchObject({
      reason: 'its secretFile is empty',
    });
  });

  it('goes over TLS to who has a certificate that is known, and to nobody else', async () => {
    const ca = join(directory, 'ca.pem');
    await writeFile(ca, TEST_CERTIFICATES.loopback.cert);
    const answer = (_request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(200).end();
    const known = {
      url: `https://${await listen(createTlsServer(TEST_CERTIFICATES.loopback, answer))}/`,
      secretFile: null,
    };
    const other = {
      url: `https://${await listen(createTlsServer(TEST_CERTIFICATES.one, answer))}/`,
      secretFile: null,
    };
    expect(await postWebhook({ ...known, ca }, DELIVERY, AT)).toEqual({ kind: 'delivered' });
    expect(await postWebhook({ ...known, ca: null }, DELIVERY, AT)).toMatchObject({
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(await postWebhook({ ...other, ca }, DELIVERY, AT)).toMatchObject({ kind: 'failed' });
  });

  it('ends when the agent stops, though the receiver never answers', async () => {
    const stop = new AbortController();
    const host = await listen(createServer(() => stop.abort()));
    expect(await postWebhook(to(host), DELIVERY, { ...AT, signal: stop.signal })).toMatchObject({
      kind: 'failed',
    });
  });
});
