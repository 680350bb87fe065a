import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { tokenFilePath } from '../../../../node/gateways/http/tokens/token-file.ts';
import { parseScope, Rights } from '../../../../node/gateways/http/tokens/token-scope.ts';
import { HttpWorld } from './http-world.ts';

let world: HttpWorld;

afterEach(() => world?.stop());

const message = (topic: string) => ({ topic, payload: '1' });

async function publishAs(token: string, topic: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await world.ask('/v1/publish', { json: message(topic), headers })).status;
}

async function statusAs(token: string, path = '/v1/status', method = 'GET'): Promise<number> {
  return (await world.ask(path, { method, headers: { authorization: `Bearer ${token}` } })).status;
}

describe('on this machine without a token', () => {
  it('anybody reads and publishes, and changes nothing', async () => {
    world = await HttpWorld.start();
    expect((await world.ask('/v1/status')).status).toBe(200);
    expect((await world.ask('/v1/publish', { json: message('a') })).status).toBe(200);
    for (const path of ['/v1/stop', '/v1/realm/invite', '/v1/realm/revoke', '/v1/devices/remove']) {
      const answer = await world.ask(path, { json: {} });
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'http.not-authorized' } } });
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="sedge"');
    }
  });

  it.each([
    ['read', 200, 401],
    ['none', 401, 401],
  ] as const)('with "%s" less than that', async (local, read, publish) => {
    world = await HttpWorld.start({ local });
    expect((await world.ask('/v1/status')).status).toBe(read);
    expect((await world.ask('/v1/publish', { json: message('a') })).status).toBe(publish);
    expect((await world.ask('/healthz')).status).toBe(200);
  });

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'])(
    'nobody comes in through a proxy: %s',
    async (name) => {
      world = await HttpWorld.start();
      expect((await world.ask('/v1/status', { headers: { [name]: '192.0.2.1' } })).status).toBe(401);
    },
  );
});

describe('a token', () => {
  it('that is taken away ends the live view that it opened', async () => {
    world = await HttpWorld.start({ local: 'none' });
    const headers = { authorization: `Bearer ${await world.token(['read'])}` };
    const response = await world.open('/v1/live', { headers });
    const ended = once(response, 'end');
    response.resume();
    await world.revokeAll();
    await ended;
    expect((await world.ask('/v1/live', { headers })).status).toBe(401);
  });

  it('is good for its scopes and for nothing else', async () => {
    world = await HttpWorld.start({ local: 'none' });
    const reader = await world.token(['read']);
    expect(await statusAs(reader)).toBe(200);
    expect(await publishAs(reader, 'a')).toBe(403);
    const writer = await world.token(['publish:barn/+/temp']);
    expect(await statusAs(writer)).toBe(403);
    expect(await publishAs(writer, 'barn/1/temp')).toBe(200);
    expect(await publishAs(writer, 'barn/1/humidity')).toBe(403);
    expect(await statusAs(writer, '/v1/stop', 'POST')).toBe(403);
    const admin = await world.token(['admin']);
    expect(await statusAs(admin)).toBe(200);
    expect(await publishAs(admin, 'anything')).toBe(200);
    expect(await statusAs(admin, '/v1/stop', 'POST')).toBe(200);
    expect(world.count('http.forbidden')).toBe(4);
  });

  it('that may not publish on one of many topics has that one refused', async () => {
    world = await HttpWorld.start();
    const headers = { authorization: `Bearer ${await world.token(['publish:a'])}` };
    const json = [message('a'), message('b')];
    const answer = await world.ask('/v1/publish-many', { json, headers });
    expect(answer).toMatchObject({ status: 207, body: { published: 1, refused: 1 } });
    expect(world.mesh.log).toMatchObject([{ topic: 'a' }]);
  });

  it('says in what it publishes who published it', async () => {
    world = await HttpWorld.start();
    await publishAs(await world.token(['publish:#']), 'a');
    const [{ client } = { client: undefined }] = world.mesh.log as never as { client: unknown }[];
    expect(client).toEqual({
      id: expect.stringMatching(/^http-.{8}$/),
      user: expect.stringMatching(/^token /),
    });
  });

  it('that is unknown, cut, altered or something else is refused, also where none is needed', async () => {
    world = await HttpWorld.start();
    const token = await world.token(['read']);
    const last = token.at(-1) === 'A' ? 'B' : 'A';
    for (const wrong of ['', 'nonsense', token.slice(0, -1), token.slice(0, -1) + last, `${token}x`]) {
      const answer = await world.ask('/v1/status', { headers: { authorization: `Bearer ${wrong}` } });
      expect(answer, wrong).toMatchObject({ status: 401, body: { error: { code: 'http.bad-token' } } });
    }
    const basic = await world.ask('/v1/status', { headers: { authorization: 'Basic YTpi' } });
    expect(basic.status).toBe(401);
    expect(JSON.stringify(world.gateway.status())).not.toContain(token.slice(20));
  });

  it('is good until it expires', async () => {
    let nowMs = 1_000;
    world = await HttpWorld.start({ nowMs: () => nowMs });
    const token = await world.token(['read'], 2_000);
    expect(await statusAs(token)).toBe(200);
    nowMs = 2_000;
    expect(await statusAs(token)).toBe(401);
  });

  it('is kept as a hash, in a file that its owner alone can read', async () => {
    world = await HttpWorld.start();
    const token = await world.token(['read']);
    const path = tokenFilePath(world.directory);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(path, 'utf8')).not.toContain(token.slice(16));
  });

  it('is good for nothing where the file is damaged, and the rest goes on', async () => {
    world = await HttpWorld.start();
    const token = await world.token(['read']);
    await writeFile(tokenFilePath(world.directory), '{"version":1,"tokens":[{}]}');
    await expect.poll(() => world.gateway.status().tokens, { timeout: 10_000 }).toBe(0);
    expect(await statusAs(token)).toBe(401);
    expect((await world.ask('/v1/status')).status).toBe(200);
  });
});

describe('scopes', () => {
  it.each(['read', 'admin', 'publish:a/#'])('%s is one', (text) => {
    expect(parseScope(text)).toBe(text);
  });

  it.each(['', 'write', 'publish:', 'publish:a/#/b', 'Read', 'read '])('"%s" is none', (text) => {
    expect(parseScope(text)).toBeNull();
  });

  it('publish alone is every topic but those of sedge itself', () => {
    const rights = new Rights([parseScope('publish')!]);
    expect([rights.mayPublish('a/b'), rights.mayPublish('$alerts/a')]).toEqual([true, false]);
  });
});
