import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword, type MqttUser, readUsers, writeUsers } from '../../../../node/gateways/mqtt/index.ts';
import { isPassword, isPasswordHash } from '../../../../node/gateways/mqtt/users/password.ts';
import { isPattern, Permissions } from '../../../../node/gateways/mqtt/users/permissions.ts';
import { type MqttNode, MqttWorld } from './mqtt-world.ts';

describe('permissions', () => {
  const of = (patterns: readonly string[], { user = 'u', clientId = 'c' } = {}) =>
    Permissions.of({ publish: patterns, subscribe: patterns }, { user, clientId });

  it.each([
    ['#', 'a/b', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'b', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/+/c', 'a/b/c', true],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['users/%u', 'users/u', true],
    ['users/%u', 'users/v', false],
    ['x-%c/y', 'x-c/y', true],
  ])('%s lets publish on %s: %s', (pattern, topic, may) => {
    expect(of([pattern]).mayPublish(topic)).toBe(may);
  });

  it.each([
    ['#', '#', true],
    ['a/#', '#', false],
    ['a/#', 'a/#', true],
    ['a/#', 'a/+/b/#', true],
    ['a/+', 'a/#', false],
    ['a/+', 'a/+', true],
    ['a/+', 'a/b', true],
    ['a/b', 'a/+', false],
    ['a/b', 'a/b', true],
    ['+/b', '+/b', true],
    ['+/b', '#', false],
    ['users/%u/#', 'users/u/#', true],
    ['users/%u/#', 'users/+/#', false],
  ])('%s lets subscribe to %s: %s', (pattern, filter, may) => {
    expect(of([pattern]).maySubscribe(filter)).toBe(may);
  });

  it('a name that would change a pattern gives nothing', () => {
    for (const name of ['+', '#', 'a/b', 'a#', '']) {
      expect(of(['x/%u/#'], { user: name }).mayPublish(`x/${name}/y`)).toBe(false);
      expect(of(['x/%c'], { clientId: name }).maySubscribe(`x/${name}`)).toBe(false);
      expect(of(['x/%c'], { clientId: name }).mayPublish('x/other')).toBe(false);
    }
    expect(of(['%u'], { user: '%c', clientId: 'c' }).mayPublish('%c')).toBe(true);
    expect(of(['%u'], { user: '%c', clientId: 'c' }).mayPublish('c')).toBe(false);
  });

  it('a pattern is a filter', () => {
    expect(['#', 'a/+', 'x/%u/#'].every(isPattern)).toBe(true);
    expect(['', 'a/#/b', 'a+', '$realm/#'].some(isPattern)).toBe(false);
  });
});

describe('a password', () => {
  it('is kept as what cannot be turned back, with a salt of its own', async () => {
    const [one, two] = [await hashPassword(Buffer.from('secret')), await hashPassword(Buffer.from('secret'))];
    expect(one.hash).not.toBe(two.hash);
    expect(await isPassword(Buffer.from('secret'), one)).toBe(true);
    expect(await isPassword(Buffer.from('Secret'), one)).toBe(false);
    expect(await isPassword(Buffer.alloc(0), one)).toBe(false);
    expect(isPasswordHash(one)).toBe(true);
  });

  it.each([
    null,
    {},
    { salt: '', hash: '', n: 3, r: 8, p: 1 },
    { salt: '', hash: '', n: 2 ** 29, r: 8, p: 1 },
    { salt: '', hash: '', n: 16_384, r: 8, p: 1_000 },
    { salt: 1, hash: '', n: 16_384, r: 8, p: 1 },
  ])('is not checked by what is no hash, or costs too much: %j', (value) => {
    expect(isPasswordHash(value)).toBe(false);
  });
});

describe('the file of users', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-users-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('is its owner’s alone, and holds no password', async () => {
    expect((await readUsers(directory)).size).toBe(0);
    const user = { password: await hashPassword(Buffer.from('top-secret')), publish: ['a'], subscribe: [] };
    await writeUsers(directory, new Map([['u', user]]));
    const path = join(directory, 'mqtt/users.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).not.toContain('top-secret');
    expect(await readUsers(directory)).toEqual(new Map([['u', user]]));
  });

  it.each(['{', '{"version":2,"users":{}}', '{"version":1,"users":{"u":{}}}', '[]', 'null'])(
    'that is damaged (%s) is said to be',
    async (text) => {
      await writeUsers(directory, new Map());
      await writeFile(join(directory, 'mqtt/users.json'), text);
      await expect(readUsers(directory)).rejects.toMatchObject({ code: 'mqtt.users-damaged' });
    },
  );
});

describe('a gateway with users', () => {
  let world: MqttWorld;
  let a: MqttNode;

  const users = async (names: Record<string, Partial<MqttUser>>): Promise<void> => {
    const entries = await Promise.all(
      Object.entries(names).map(async ([name, fields]) => {
        const password = await hashPassword(Buffer.from(`${name}-password`));
        return [name, { password, publish: ['#'], subscribe: ['#'], ...fields }] as const;
      }),
    );
    await writeUsers(a.directory, new Map(entries));
    await a.gateway.lookAtUsers();
  };
  const as = (username: string, clientId = `${username}-client`) => ({
    clientId,
    username,
    password: Buffer.from(`${username}-password`),
  });

  beforeEach(async () => {
    world = await MqttWorld.start(['a']);
    a = world.nodes[0]!;
    await users({ home: {}, meter: { publish: ['meters/%u/#'], subscribe: ['config/%c'] } });
  });

  afterEach(() => world.stop());

  it.each([4, 5] as const)(
    'lets in whose password is right, and nobody else (version %i)',
    async (version) => {
      expect(await (await a.open()).connect({ version, ...as('home') })).toMatchObject(
        version === 5 ? { reasonCode: 0 } : { returnCode: 0 },
      );
      const refusals = [
        [{ clientId: 'x' }, 5, 0x87],
        [{ clientId: 'x', username: 'home' }, 4, 0x86],
        [{ clientId: 'x', username: 'home', password: Buffer.from('wrong') }, 4, 0x86],
        [{ clientId: 'x', username: 'nobody', password: Buffer.from('home-password') }, 4, 0x86],
      ] as const;
      for (const [connect, returnCode, reasonCode] of refusals) {
        const client = await a.open();
        expect(await client.connect({ version, ...connect })).toMatchObject(
          version === 5 ? { reasonCode } : { returnCode },
        );
        expect(await client.end()).toBe('closed');
      }
    },
  );

  it('holds each to its topics', async () => {
    const meter = await a.connect({ version: 5, ...as('meter') });
    expect(await meter.publish('meters/meter/1', 'x')).toBe(0);
    expect(await meter.publish('meters/home/1', 'x')).toBe(0x87);
    expect(await meter.publish('meters/home/1', 'x', { qos: 2 })).toBe(0x87);
    expect(await meter.subscribe('config/meter-client')).toBe(2);
    expect(await meter.subscribe('config/+')).toBe(0x87);
    expect(await meter.subscribe('#')).toBe(0x87);
    const old = await a.connect(as('meter', 'old'));
    expect(await old.subscribe('#')).toBe(0x80);
    old.send({ cmd: 'publish', topic: 'other', payload: 'x', qos: 0, dup: false, retain: false });
    expect(await old.end()).toBe('closed');
  });

  it('lets nobody leave a will where it may not publish', async () => {
    const will = { topic: 'meters/home/1', payload: Buffer.from('x') };
    expect(await (await a.open()).connect({ version: 5, ...as('meter'), will })).toMatchObject({
      reasonCode: 0x87,
    });
  });

  it('gives the session of a user to no other', async () => {
    const first = await a.connect({ ...as('home', 'shared-id'), clean: false });
    await first.subscribe('#');
    const thief = await a.open();
    expect(await thief.connect({ ...as('meter', 'shared-id'), clean: true })).toMatchObject({
      returnCode: 5,
    });
    await first.quiet();
  });

  it('cuts off who is removed, and drops what a user may not have any more', async () => {
    const home = await a.connect({ version: 5, ...as('home') });
    const meter = await a.connect({ version: 5, ...as('meter') });
    await home.subscribe('a/#');
    await home.subscribe('b/#');
    await users({ home: { publish: [], subscribe: ['a/#'] } });
    expect(await meter.end()).toBe(0x87);
    await a.node.mesh.publish('b/1', 'no');
    await a.node.mesh.publish('a/1', 'yes');
    expect(await home.payloads(1)).toEqual(['yes']);
    expect(await home.publish('a/1', 'x')).toBe(0x87);
  });

  it('lets nobody in while the file is damaged', async () => {
    await writeFile(join(a.directory, 'mqtt/users.json'), '{');
    expect(await (await a.open()).connect(as('home'))).toMatchObject({ returnCode: 3 });
  });

  it('is closed when the last user is removed, where other machines reach it', async () => {
    const far = await MqttWorld.start(['b'], { local: false });
    const [b] = far.nodes as [MqttNode];
    expect(await (await b.open()).connect({ clientId: 'x' })).toMatchObject({ returnCode: 5 });
    expect(await (await b.open()).connect({ clientId: 'x', username: 'u' })).toMatchObject({ returnCode: 4 });
    await far.stop();
  });

  it('says in each message which user published it', async () => {
    const subscription = a.node.mesh.subscribe('x');
    await (await a.connect(as('home'))).publish('x', '1');
    expect((await subscription.next()).value).toMatchObject({
      client: { id: 'home-client', user: 'home', qos: 1 },
    });
    await subscription.close();
  });
});
