import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpGateway } from '../../../../node/gateways/http/index.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import { HttpWorld } from './http-world.ts';

let world: HttpWorld;
const servers: { close(): void }[] = [];

afterEach(async () => {
  await world?.stop();
  for (const server of servers.splice(0)) server.close();
});

describe('the HTTP API', () => {
  it('publishes one message', async () => {
    world = await HttpWorld.start();
    const answer = await world.ask('/v1/publish', { json: { topic: 'a/b', payload: '1' } });
    expect(answer).toMatchObject({ status: 200, body: { seq: 1, duplicate: false } });
    expect(world.mesh.log).toMatchObject([{ topic: 'a/b' }]);
  });

  it.each([
    'status',
    'peers',
    'channels',
    'logs',
    'gaps',
    'forks',
    'realm',
    'mqtt',
    'http',
    'bridges',
    'devices',
  ])('shows what the control socket shows: /v1/%s', async (view) => {
    world = await HttpWorld.start();
    expect((await world.ask(`/v1/${view}`)).status).toBe(200);
  });

  it('has the error of the control socket for what is wrong, and counts it by its code', async () => {
    world = await HttpWorld.start();
    const answer = await world.ask('/v1/publish', { json: { topic: 'a/#', payload: '1' } });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'topic.wildcard', message: expect.any(String), next: expect.any(String) } },
    });
    expect(world.count('topic.wildcard')).toBe(1);
  });

  it('has routes of other parts, and asks for the right to them', async () => {
    const addRoutes = (app: never) => {
      const { get } = app as { get: (path: string, ...rest: unknown[]) => void };
      get.call(app, '/page', { config: { scope: 'open' } }, async () => ({ page: true }));
      get.call(app, '/secret', { config: { scope: 'admin' } }, async () => ({ secret: true }));
    };
    world = await HttpWorld.start({ plugins: [{ name: 'test', addRoutes }] });
    expect((await world.ask('/page')).body).toEqual({ page: true });
    expect(await world.ask('/secret')).toMatchObject({
      status: 401,
      body: { error: { code: 'http.not-authorized' } },
    });
  });
});

describe('a port that is taken', () => {
  async function takenPort(): Promise<number> {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  }

  it('is an error where it was asked for, and none where it was not', async () => {
    const address = { host: '127.0.0.1', port: await takenPort() };
    await expect(HttpWorld.start({ listeners: [address] })).rejects.toMatchObject({
      code: 'http.cannot-listen',
    });
    world = await HttpWorld.start({ listeners: [{ ...address, unasked: true }] });
    expect(world.gateway.addresses()).toEqual([]);
  });

  it('can be started and stopped more than once', async () => {
    world = await HttpWorld.start();
    await world.gateway.start();
    await world.gateway.stop();
    await world.gateway.stop();
    expect(world.gateway).toBeInstanceOf(HttpGateway);
    expect(silentLog).toBeDefined();
  });
});
