import { afterEach, describe, expect, it } from 'vitest';
import { isOwnHost } from '../../../../node/gateways/http/request-source.ts';
import { HttpWorld } from './http-world.ts';

let world: HttpWorld;

afterEach(() => world?.stop());

const MESSAGE = { topic: 'a', payload: '1' };

describe('a web page of somebody else', () => {
  it('that had its own name point at this machine is refused by the name', async () => {
    world = await HttpWorld.start();
    for (const host of [
      'evil.example',
      'evil.example:8420',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ]) {
      expect(await world.ask('/v1/status', { headers: { host } }), host).toMatchObject({
        status: 421,
        body: { error: { code: 'http.bad-host' } },
      });
    }
    expect(world.count('http.bad-host')).toBe(4);
  });

  it('that publishes from a browser is refused by its origin', async () => {
    world = await HttpWorld.start();
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1', `https://127.0.0.1`]) {
      const answer = await world.ask('/v1/publish', { json: MESSAGE, headers: { origin } });
      expect(answer, origin).toMatchObject({ status: 403, body: { error: { code: 'http.bad-origin' } } });
    }
    expect(world.mesh.log).toEqual([]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', undefined])(
    'that sends a form, which browsers let through, is refused by the content type: %s',
    async (type) => {
      world = await HttpWorld.start();
      const headers = type === undefined ? {} : { 'content-type': type };
      const answer = await world.ask('/v1/publish', { body: JSON.stringify(MESSAGE), headers });
      expect(answer).toMatchObject({ status: 415, body: { error: { code: 'http.bad-media-type' } } });
      expect(world.mesh.log).toEqual([]);
    },
  );

  it('that has a browser fetch without naming itself is refused, but for a link that a person follows', async () => {
    world = await HttpWorld.start();
    const fetched = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-dest': 'image',
    };
    expect((await world.ask('/v1/status', { headers: fetched })).status).toBe(403);
    const sameSite = { ...fetched, 'sec-fetch-site': 'same-site' };
    expect((await world.ask('/v1/status', { headers: sameSite })).status).toBe(403);
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await world.ask('/healthz', { headers: link })).status).toBe(200);
    const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    expect((await world.ask('/v1/status', { headers: own })).status).toBe(200);
  });

  it('may read where its origin was named to the node, and no other may', async () => {
    const origin = 'https://panel.example';
    world = await HttpWorld.start({ origins: [origin] });
    const asked = { origin, 'access-control-request-method': 'POST' };
    const preflight = await world.ask('/v1/publish', { method: 'OPTIONS', headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'origin' });
    const answer = await world.ask('/v1/publish', { json: MESSAGE, headers: { origin } });
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    const other = await world.ask('/v1/status', { headers: { origin: 'https://panel.example.evil' } });
    expect(other.status).toBe(403);
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('gets no word that lets it read an answer', async () => {
    world = await HttpWorld.start();
    const { headers } = await world.ask('/v1/status');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a page of the node itself', () => {
  it('may publish', async () => {
    world = await HttpWorld.start();
    const answer = await world.ask('/v1/publish', { json: MESSAGE, headers: { origin: world.url } });
    expect(answer.status).toBe(200);
  });
});

it('a compressed body is refused before it is unfolded', async () => {
  world = await HttpWorld.start();
  const answer = await world.ask('/v1/publish', { json: MESSAGE, headers: { 'content-encoding': 'gzip' } });
  expect(answer).toMatchObject({ status: 415, body: { error: { code: 'http.bad-media-type' } } });
});

it('names of a node are its addresses, localhost, and those given', () => {
  const names = new Set(['pi.local']);
  const own = [
    'localhost',
    'LOCALHOST:80',
    '127.0.0.1:8420',
    '[::1]:8420',
    '[::1]',
    '192.168.1.5',
    'Pi.Local:1',
  ];
  expect(own.filter((host) => !isOwnHost(host, names))).toEqual([]);
  const others = [
    'pi',
    'a@localhost',
    'localhost/',
    'localhost:',
    '[::1',
    '::1',
    '[evil]',
    '1.2.3.4.5',
    'localhost.',
  ];
  expect(others.filter((host) => isOwnHost(host, names))).toEqual([]);
});
