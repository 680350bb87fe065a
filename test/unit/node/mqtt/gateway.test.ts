import { readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CursorFile } from '../../../../src/journal/index.ts';
import { MeshWorld, until } from '../../mesh/mesh-world.ts';
import { bytesOf, type MqttClient, text, u16 } from './mqtt-client.ts';
import { MqttNode, MqttWorld } from './mqtt-world.ts';

let world: MqttWorld;
let a: MqttNode;
let b: MqttNode;

beforeEach(async () => {
  world = await MqttWorld.start(['a', 'b']);
  [a, b] = world.nodes as [MqttNode, MqttNode];
});

afterEach(() => world.stop());

const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => String(first + index));

/** Waits until a node has the retained value of a topic, or none. */
async function untilRetained(node: MqttNode, topic: string, value: string | undefined): Promise<void> {
  await until(async () => {
    let found: string | undefined;
    for await (const { payload } of node.node.mesh.retained((one) => one === topic))
      found = Buffer.from(payload).toString();
    return found === value;
  }, `${topic} is ${value}`);
}

describe.each([3, 4, 5] as const)('a client of version %i', (version) => {
  it.each([0, 1, 2] as const)('publishes with QoS %i at one node to a subscriber at another', async (qos) => {
    const subscriber = await b.connect({ version, clientId: 's' });
    expect(await subscriber.subscribe('x/#', { qos: 2 })).toBe(2);
    const publisher = await a.connect({ version, clientId: 'p' });
    for (const payload of numbers(1, 20)) await publisher.publish('x/y', payload, { qos });
    const got = [];
    while (got.length < 20) got.push(await subscriber.message());
    expect(got.map(({ payload }) => String(payload))).toEqual(numbers(1, 20));
    expect(got.every((one) => one.qos === qos && one.topic === 'x/y' && !one.retain && !one.dup)).toBe(true);
  });

  it('is given no more than the QoS that it asked for', async () => {
    const subscriber = await a.connect({ version, clientId: 's' });
    expect(await subscriber.subscribe('x', { qos: 0 })).toBe(0);
    expect(await subscriber.subscribe('y', { qos: 1 })).toBe(1);
    const publisher = await a.connect({ version, clientId: 'p' });
    await publisher.publish('x', '1', { qos: 2 });
    await publisher.publish('y', '2', { qos: 2 });
    expect([(await subscriber.message()).qos, (await subscriber.message()).qos]).toEqual([0, 1]);
  });

  it('gets the retained values of all nodes once it subscribes, marked as such', async () => {
    const publisher = await a.connect({ version, clientId: 'p' });
    await publisher.publish('x/1', 'old', { retain: true });
    await publisher.publish('x/1', 'new', { retain: true });
    await publisher.publish('x/1', 'passing');
    await publisher.publish('x/2', 'gone', { retain: true });
    await publisher.publish('x/2', '', { retain: true });
    await untilRetained(b, 'x/1', 'new');
    await untilRetained(b, 'x/2', undefined);
    const subscriber = await b.connect({ version, clientId: 's' });
    await subscriber.subscribe('x/+');
    expect(await subscriber.message()).toMatchObject({
      topic: 'x/1',
      retain: true,
      payload: Buffer.from('new'),
    });
    await subscriber.quiet();
    await publisher.publish('x/1', 'live', { retain: true });
    expect(await subscriber.message()).toMatchObject({ retain: false, payload: Buffer.from('live') });
  });

  it('gets nothing more of what it unsubscribed from', async () => {
    const client = await a.connect({ version, clientId: 'c' });
    await client.subscribe('x');
    await client.subscribe('y');
    client.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: ['x', 'never'] });
    const unsuback = await client.expect('unsuback');
    if (version === 5) expect(unsuback.granted).toEqual([0, 0x11]);
    await a.node.mesh.publish('x', 'no');
    await a.node.mesh.publish('y', 'yes');
    expect(await client.payloads(1)).toEqual(['yes']);
  });

  it('is sent what was published while it was away, in order, once', async () => {
    const session = {
      version,
      clientId: 'c',
      clean: false,
      properties: { sessionExpiryInterval: 600 },
    } as const;
    const first = await a.connect(session);
    await first.subscribe('x', { qos: 1 });
    first.send({ cmd: 'disconnect' });
    await first.end();
    const publisher = await b.connect({ clientId: 'p' });
    for (const payload of numbers(1, 5)) await publisher.publish('x', payload);
    await publisher.publish('x', 'of QoS 0', { qos: 0 });
    await publisher.publish('x', '6');
    await until(() => a.node.mesh.logs().some(({ held, own }) => !own && held >= 7), 'all at a');
    const again = await a.open();
    expect(await again.connect(session)).toMatchObject({ sessionPresent: true });
    expect(await again.payloads(6)).toEqual(numbers(1, 6));
    await again.quiet();
    expect(a.count('messagesOutQos0Skipped')).toBe(1);
  });

  it('takes over from the connection that it had before', async () => {
    const first = await a.connect({ version, clientId: 'c' });
    const second = await a.open();
    await second.connect({ version, clientId: 'c' });
    expect(await first.end()).toBe(version === 5 ? 0x8e : 'closed');
    await second.quiet();
    expect(a.count('takenOver')).toBe(1);
  });

  it('leaves its will where its connection ends without its word', async () => {
    const subscriber = await b.connect({ clientId: 's' });
    await subscriber.subscribe('w');
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 1, retain: true } as const;
    const polite = await a.connect({ version, clientId: 'polite', will });
    polite.send({ cmd: 'disconnect' });
    await polite.end();
    (await a.connect({ version, clientId: 'c', will })).drop();
    expect(await subscriber.message()).toMatchObject({ qos: 1, payload: Buffer.from('gone') });
    expect(a.count('willsPublished')).toBe(1);
    await untilRetained(a, 'w', 'gone');
  });

  it('is cut off once it was silent for one and a half times what it announced', async () => {
    const client = await a.connect({ version, clientId: 'c', keepalive: 60 });
    a.pass(89_000);
    await client.quiet();
    a.pass(89_000);
    await client.quiet();
    a.pass(90_000);
    expect(await client.end()).toBe(version === 5 ? 0x8d : 'closed');
    expect(a.count('keepAliveTimeouts')).toBe(1);
  });

  it('carries 200 KB of any bytes', async () => {
    const payload = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) % 256));
    const subscriber = await b.connect({ version, clientId: 's' });
    await subscriber.subscribe('big');
    const publisher = await a.connect({ version, clientId: 'p' });
    await publisher.publish('big', payload, { qos: 2 });
    expect((await subscriber.message()).payload).toEqual(payload);
  });
});

describe('retained values', () => {
  it('outlive the node that took them', async () => {
    await (await a.connect({ clientId: 'p' })).publish('x', 'kept', { retain: true });
    await untilRetained(b, 'x', 'kept');
    await a.gateway.stop();
    await a.node.crash({ keepUnsynced: 'none' });
    const client = await b.connect({ clientId: 's' });
    await client.subscribe('x');
    expect(await client.message()).toMatchObject({ retain: true, payload: Buffer.from('kept') });
  });

  it('are the same on both sides once a cut has healed', async () => {
    world.world.cut(a.node, b.node);
    await (await a.connect({ clientId: 'p' })).publish('x', 'of a', { retain: true });
    await (await b.connect({ clientId: 'p' })).publish('x', 'of b', { retain: true });
    await untilRetained(a, 'x', 'of a');
    await untilRetained(b, 'x', 'of b');
    world.world.heal(a.node, b.node);
    const values = async () =>
      Promise.all(
        [a, b].map(async (node) => {
          const found: string[] = [];
          for await (const { payload } of node.node.mesh.retained((topic) => topic === 'x'))
            found.push(Buffer.from(payload).toString());
          return found.join();
        }),
      );
    await until(async () => new Set(await values()).size === 1, 'both agree');
  });
});

describe('a disk that takes nothing', () => {
  it('keeps a session out, and lets it in again once it is well', async () => {
    const sessions = join(a.directory, 'mqtt/sessions');
    await rename(sessions, `${sessions}-away`);
    await writeFile(sessions, 'no directory');
    const client = await a.open();
    client.speak(5);
    await expect(
      client.connect({ version: 5, clientId: 'c', properties: { sessionExpiryInterval: 60 } }),
    ).resolves.toMatchObject({ cmd: 'connack', reasonCode: 0x88 });
    await until(() => a.gateway.clients()[0]?.connected !== true, 'it has no client');
    await unlink(sessions);
    await rename(`${sessions}-away`, sessions);
    const again = await a.connect({ version: 5, clientId: 'c', properties: { sessionExpiryInterval: 60 } });
    await again.quiet();
  });
});

describe('a client that a session was kept for', () => {
  const SESSION = { clientId: 'c', clean: false } as const;

  it('finds it after a restart and a crash of the agent, with what came meanwhile', async () => {
    const first = await a.connect(SESSION);
    await first.subscribe('x', { qos: 1 });
    await a.restart();
    await a.node.mesh.publish('x', '1');
    await a.crash();
    await a.node.mesh.publish('x', '2');
    const again = await a.open();
    expect(await again.connect(SESSION)).toMatchObject({ sessionPresent: true });
    expect(await again.payloads(2)).toEqual(['1', '2']);
  });

  it('is not sent again what it acknowledged half a second before the agent was killed', async () => {
    // With fsync only after ten minutes: what is found was written without.
    const c = await MqttNode.start(await world.world.node('c'), { saveIntervalMs: 600_000 });
    world.nodes.push(c);
    const first = await c.connect(SESSION);
    await first.subscribe('x', { qos: 1 });
    let place = '';
    c.node.memoryDisk.onOperation = ({ kind, path }) => {
      if (kind === 'write' && path.includes('mqtt.')) place = path;
    };
    for (const payload of numbers(1, 3)) await c.node.mesh.publish('x', payload);
    expect(await first.payloads(3)).toEqual(numbers(1, 3));
    await until(() => place !== '', 'its place is written');
    c.node.memoryDisk.onOperation = null;
    // The file was made under another name.
    const [directory, name] = [dirname(place), basename(place, '.new')];
    await until(async () => {
      const rows = await new CursorFile(c.node.memoryDisk, { directory, name }).load();
      return (rows.at(-1) as unknown[])[2] === 4;
    }, 'all three lie behind it');
    await c.crash({ keepUnsynced: 'all' });
    await c.node.mesh.publish('x', '4');
    expect(await (await c.connect(SESSION)).payloads(1)).toEqual(['4']);
  });

  it('is sent again what it did not acknowledge, with its packet id, and nothing twice', async () => {
    const first = await a.connect(SESSION);
    await first.subscribe('x', { qos: 2 });
    for (const payload of numbers(1, 3)) await a.node.mesh.publish('x', payload);
    const one = await first.expect('publish');
    const two = await first.expect('publish');
    const three = await first.expect('publish');
    first.send({ cmd: 'pubrec', messageId: two.messageId! });
    await first.expect('pubrel');
    first.drop();
    const again = await a.open();
    await again.connect(SESSION);
    expect(await again.expect('publish')).toMatchObject({
      dup: true,
      messageId: one.messageId,
      payload: Buffer.from('1'),
    });
    expect(await again.expect('pubrel')).toMatchObject({ messageId: two.messageId });
    expect(await again.expect('publish')).toMatchObject({ dup: true, messageId: three.messageId });
    await a.node.mesh.publish('x', '4');
    expect(await again.expect('publish')).toMatchObject({ dup: false, payload: Buffer.from('4') });
    await again.quiet();
    expect(a.count('messagesOutRepeated')).toBe(3);
  });

  it('does not get again what it acknowledged before it went', async () => {
    const first = await a.connect(SESSION);
    await first.subscribe('x', { qos: 1 });
    for (const payload of numbers(1, 300)) await a.node.mesh.publish('x', payload);
    expect(await first.payloads(300)).toEqual(numbers(1, 300));
    await first.quiet();
    first.drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away');
    await a.node.mesh.publish('x', '301');
    expect(await (await a.connect(SESSION).then((client) => client)).payloads(1)).toEqual(['301']);
  });

  it('gets a new one if it asks for that, and the old one is gone from the disk', async () => {
    const first = await a.connect(SESSION);
    await first.subscribe('x', { qos: 1 });
    const clean = await a.open();
    expect(await clean.connect({ clientId: 'c', clean: true })).toMatchObject({ sessionPresent: false });
    await a.node.mesh.publish('x', '1');
    await clean.quiet();
    clean.send({ cmd: 'disconnect' });
    await clean.end();
    await until(() => a.gateway.clients().length === 0, 'no session');
    await a.restart();
    expect(a.gateway.clients()).toEqual([]);
  });

  it('loses it when it expires', async () => {
    const session = { version: 5, ...SESSION, properties: { sessionExpiryInterval: 100 } } as const;
    (await a.connect(session)).drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away');
    a.pass(99_000);
    const again = await a.open();
    expect(await again.connect(session)).toMatchObject({ sessionPresent: true });
    again.drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away again');
    a.pass(101_000);
    await until(() => a.gateway.clients().length === 0, 'no session');
    expect(a.count('sessionsExpired')).toBe(1);
  });

  it('ends it with DISCONNECT where it says so (MQTT-3.14.2.2.2)', async () => {
    const client = await a.connect({ version: 5, ...SESSION, properties: { sessionExpiryInterval: 100 } });
    client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
    await client.end();
    await until(() => a.gateway.clients().length === 0, 'no session');
  });
});

describe('a message that is sent again', () => {
  const SESSION = { clientId: 'c', clean: false } as const;
  const publish = (qos: 1 | 2, payload: string, { dup = false, id = 7 } = {}) =>
    bytesOf(0x30 | (qos << 1) | (dup ? 8 : 0), text('x'), u16(id), Buffer.from(payload));

  async function payloads(node: MqttNode): Promise<string[]> {
    const found: string[] = [];
    const subscription = node.node.mesh.subscribe('x', { from: 'all' });
    await node.node.mesh.publish('x', 'end');
    for await (const delivery of subscription) {
      const payload = delivery.kind === 'message' ? Buffer.from(delivery.payload).toString() : 'gap';
      if (payload === 'end') return found;
      found.push(payload);
    }
    return found;
  }

  it('of QoS 2 is one message until its PUBREL, and a new one behind it', async () => {
    const client = await a.connect({ clientId: 'c' });
    for (const dup of [false, true, false]) {
      client.raw(publish(2, '1', { dup }));
      await client.expect('pubrec');
    }
    client.raw(bytesOf(0x62, u16(7)));
    await client.expect('pubcomp');
    client.raw(publish(2, '2'));
    await client.expect('pubrec');
    expect(await payloads(a)).toEqual(['1', '2']);
  });

  it('of QoS 1 is a new one once the PUBACK was sent (MQTT-4.3.2-5)', async () => {
    const client = await a.connect(SESSION);
    client.raw(publish(1, '1'));
    await client.expect('puback');
    client.raw(publish(1, '2', { dup: true }));
    await client.expect('puback');
    expect(await payloads(a)).toEqual(['1', '2']);
  });

  it.each([1, 2] as const)(
    'with QoS %i is no second message, also when the agent was killed between fsync and answer',
    async (qos) => {
      const client = await a.connect(SESSION);
      client.raw(publish(qos, 'known', { id: 6 }));
      await client.next();
      // Nobody saves that it was answered: as if it had not been.
      client.raw(publish(qos, 'kept'));
      await client.next();
      await a.crash();
      const again = await a.connect(SESSION);
      again.raw(publish(qos, 'kept', { dup: true }));
      await again.expect(qos === 1 ? 'puback' : 'pubrec');
      // The same packet id and another message: it had never come.
      again.raw(publish(qos, 'another', { dup: true, id: 6 }));
      await again.expect(qos === 1 ? 'puback' : 'pubrec');
      again.raw(publish(qos, 'new', { dup: false, id: 8 }));
      await again.expect(qos === 1 ? 'puback' : 'pubrec');
      expect(await payloads(a)).toEqual(['known', 'kept', 'another', 'new']);
    },
  );

  it('is no second message however often the agent is killed before its client hears of it', async () => {
    const client = await a.connect(SESSION);
    client.raw(publish(1, 'kept'));
    await client.expect('puback');
    for (let round = 0; round < 3; round++) {
      await a.crash();
      await a.connect(SESSION);
    }
    const again = await a.connect(SESSION);
    again.raw(publish(1, 'kept', { dup: true }));
    await again.expect('puback');
    expect(await payloads(a)).toEqual(['kept']);
  });

  it('takes no number that was used before, whatever was lost in the crash', async () => {
    for (let round = 0; round < 3; round++) {
      const client = await a.connect(SESSION);
      for (const id of [1, 2, 3]) {
        client.raw(publish(1, `${round}.${id}`, { id }));
        await client.expect('puback');
      }
      await a.crash();
    }
    expect(await payloads(a)).toEqual([0, 1, 2].flatMap((round) => [1, 2, 3].map((id) => `${round}.${id}`)));
  });

  it('of QoS 2 is finished with after a crash', async () => {
    const client = await a.connect(SESSION);
    client.raw(publish(2, '1'));
    await client.expect('pubrec');
    await a.crash();
    const again = await a.connect(SESSION);
    again.raw(bytesOf(0x62, u16(7)));
    await again.expect('pubcomp');
    again.raw(publish(2, '1'));
    await again.expect('pubrec');
    expect(await payloads(a)).toEqual(['1', '1']);
  });
});

describe('version 5', () => {
  const connect5 = (node: MqttNode, clientId: string, properties: object = {}): Promise<MqttClient> =>
    node.connect({ version: 5, clientId, properties });

  it('carries its properties through the mesh, user properties in their order and repeated ones too', async () => {
    const subscriber = await connect5(b, 's');
    await subscriber.subscribe('x', { id: 5 });
    const publisher = await connect5(a, 'p');
    const correlationData = Buffer.from([0, 255, 7]);
    const userProperties = [
      { b: '1' },
      { a: '2' },
      { b: '3' },
      { '7': 'x' },
      { 'mqtt-response-topic': 'no' },
    ] as never;
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 300,
      contentType: 'text/plain',
      responseTopic: 'answers/p',
      correlationData,
      userProperties,
    };
    expect(await publisher.publish('x', 'ü', { properties })).toBe(0);
    const got = await subscriber.message();
    expect(got.properties).toMatchObject({
      payloadFormatIndicator: true,
      contentType: 'text/plain',
      responseTopic: 'answers/p',
      correlationData,
      subscriptionIdentifier: 5,
    });
    expect(got.properties!.messageExpiryInterval).toBeGreaterThan(290);
    expect(got.properties!.messageExpiryInterval).toBeLessThanOrEqual(300);
    expect({ ...got.properties!.userProperties }).toEqual({
      b: ['1', '3'],
      a: '2',
      '7': 'x',
      'mqtt-response-topic': 'no',
    });
  });

  it('shows plain user properties and the client as what they are to users of the mesh', async () => {
    const subscription = a.node.mesh.subscribe('x');
    const publisher = await a.connect({ version: 5, clientId: 'p', username: 'home' });
    await publisher.publish('x', '1', { qos: 2, properties: { userProperties: { unit: 'K' } } });
    const { value } = await subscription.next();
    expect(value).toMatchObject({ headers: { unit: 'K' }, client: { id: 'p', user: 'home', qos: 2 } });
    await subscription.close();
  });

  it('does not send a client what it published itself, if it asked for that', async () => {
    const client = await connect5(a, 'c');
    await client.subscribe('x', { nl: true });
    await client.publish('x', 'mine');
    await (await connect5(a, 'd')).publish('x', 'of another');
    await (await connect5(b, 'c')).publish('x', 'of one with my name elsewhere');
    expect((await client.payloads(2)).sort()).toEqual(['of another', 'of one with my name elsewhere']);
    await client.quiet();
  });

  it('keeps the retain flag of those who asked for it', async () => {
    const client = await connect5(a, 'c');
    await client.subscribe('x', { rap: true });
    const other = await connect5(a, 'd');
    await other.publish('x', '1', { retain: true });
    await other.publish('x', '2');
    expect([(await client.message()).retain, (await client.message()).retain]).toEqual([true, false]);
  });

  it('sends retained values at each subscription, at new ones or never, as is asked', async () => {
    await a.node.mesh.publish('x', 'kept', { retain: true });
    const client = await connect5(a, 'c');
    await client.subscribe('x', { rh: 2 });
    await client.quiet();
    await client.subscribe('x', { rh: 1 });
    await client.quiet();
    await client.subscribe('x', { rh: 0 });
    expect((await client.message()).retain).toBe(true);
    await client.subscribe('+', { rh: 1 });
    expect((await client.message()).retain).toBe(true);
  });

  it('sends one copy where subscriptions overlap, with the highest QoS and all identifiers', async () => {
    const client = await connect5(a, 'c');
    await client.subscribe('x/#', { qos: 1, id: 1 });
    await client.subscribe('x/+', { qos: 2, id: 200_000 });
    await client.subscribe('y', { qos: 2, id: 3 });
    await a.node.mesh.publish('x/1', '1');
    const got = await client.message();
    expect(got.qos).toBe(2);
    expect(got.properties?.subscriptionIdentifier).toEqual([1, 200_000]);
    await client.quiet();
  });

  it('knows topics by their aliases, and each connection has its own', async () => {
    const subscriber = await connect5(a, 's');
    await subscriber.subscribe('#');
    const client = await connect5(a, 'c');
    await client.publish('x', '1', { properties: { topicAlias: 64 } });
    await client.publish('', '2', { properties: { topicAlias: 64 } });
    await client.publish('y', '3', { properties: { topicAlias: 64 } });
    await client.publish('', '4', { properties: { topicAlias: 64 } });
    const topics = [];
    while (topics.length < 4) topics.push((await subscriber.message()).topic);
    expect(topics).toEqual(['x', 'x', 'y', 'y']);
  });

  it('is sent aliases for its topics, as many as it takes, and none where that was not told of', async () => {
    const client = await connect5(a, 'c', { topicAliasMaximum: 1, maximumPacketSize: 100 });
    await client.subscribe('#', { qos: 1 });
    await a.node.mesh.publish('x', 'y'.repeat(200));
    for (const topic of ['x', 'x', 'y', 'x']) await a.node.mesh.publish(topic, '1');
    const got = [];
    while (got.length < 4) got.push(await client.message());
    expect(got.map(({ topic, properties }) => [topic, properties?.topicAlias])).toEqual([
      ['x', 1],
      ['', 1],
      ['y', undefined],
      ['', 1],
    ]);
  });

  it('is told of a keep-alive where it asks for none, or one that is too long', async () => {
    for (const [keepalive, serverKeepAlive] of [
      [0, 600],
      [601, 600],
      [600, undefined],
      [5, undefined],
    ]) {
      const client = await a.open();
      const connack = await client.connect({ version: 5, clientId: 'c', keepalive: keepalive! });
      expect(connack.properties?.serverKeepAlive).toBe(serverKeepAlive);
    }
  });

  it('is told how many messages retention took before it had them', async () => {
    const session = {
      version: 5,
      clientId: 'c',
      clean: false,
      properties: { sessionExpiryInterval: 600 },
    } as const;
    const first = await a.connect(session);
    await first.subscribe('x', { qos: 1 });
    first.drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away');
    const payload = Buffer.alloc(100_000);
    for (let count = 0; count < 60; count++) await a.node.mesh.publish('x', payload);
    await a.node.mesh.declarePolicy({ main: { retentionBytes: 1_000_000 } });
    await a.node.mesh.applyRetention();
    await a.node.mesh.publish('x', 'last');
    const again = await a.connect(session);
    const got = [await again.message()];
    while (String(got.at(-1)!.payload) !== 'last') got.push(await again.message());
    const missing = got.map(({ properties }) => Number(properties?.userProperties?.['sedge-missing'] ?? 0));
    expect(missing[0]).toBeGreaterThan(0);
    expect(missing.slice(1).every((one) => one === 0)).toBe(true);
    expect(missing[0]! + got.length).toBe(61);
    expect(a.count('gapMessages')).toBe(missing[0]);
  });

  it('gets what the mesh has and MQTT has no form for as near as can be', async () => {
    const client = await connect5(a, 'c');
    await client.subscribe('x');
    const headers = {
      'a\0b': 'c\0',
      'mqtt-response-topic': 'x/+',
      'mqtt-user-properties': '[[1]]',
      '': 'empty',
    };
    await a.node.mesh.publish('x', '1', { contentType: 'text\0', headers });
    const { properties } = await client.message();
    expect(properties).toMatchObject({ contentType: 'text\ufffd' });
    expect(properties?.responseTopic).toBeUndefined();
    expect({ ...properties?.userProperties }).toEqual({ 'a\ufffdb': 'c\ufffd', '': 'empty' });
  });

  it('keeps to the receive maximum of the client, and holds the client to its own', async () => {
    const subscriber = await connect5(a, 's', { receiveMaximum: 2 });
    await subscriber.subscribe('x', { qos: 1 });
    for (const payload of numbers(1, 5)) await a.node.mesh.publish('x', payload);
    const first = await subscriber.expect('publish');
    await subscriber.expect('publish');
    await subscriber.quiet();
    subscriber.send({ cmd: 'puback', messageId: first.messageId! });
    expect(String((await subscriber.expect('publish')).payload)).toBe('3');
    await subscriber.quiet();

    const strict = await a.open();
    const { properties } = await strict.connect({ version: 5, clientId: 'q' });
    expect(properties?.receiveMaximum).toBe(1_024);
    const frames = numbers(1, 1_025).map((id) => bytesOf(0x34, text('y'), u16(Number(id)), 0));
    strict.raw(...frames);
    let last = await strict.next();
    while (last.cmd === 'pubrec') last = await strict.next();
    expect(last).toMatchObject({ cmd: 'disconnect', reasonCode: 0x93 });
  });

  it('sends nothing that is larger than the client takes, and goes on behind it', async () => {
    const client = await connect5(a, 'c', { maximumPacketSize: 200 });
    await client.subscribe('x');
    await a.node.mesh.publish('x', 'x'.repeat(300));
    await a.node.mesh.publish('x', 'small');
    expect(await client.payloads(1)).toEqual(['small']);
    expect(a.count('messagesOutTooLarge')).toBe(1);
  });

  it('does not deliver what expired', async () => {
    const session = {
      version: 5,
      clientId: 'c',
      clean: false,
      properties: { sessionExpiryInterval: 600 },
    } as const;
    const first = await a.connect(session);
    await first.subscribe('x');
    first.drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away');
    const publisher = await connect5(a, 'p');
    await publisher.publish('x', 'brief', { properties: { messageExpiryInterval: 1 } });
    await publisher.publish('x', 'lasting');
    await until(async () => {
      const { value } = await a.node.mesh.subscribe('x', { from: 'all' }).next();
      return value?.kind === 'message' && Buffer.from(value.payload).toString() === 'lasting';
    }, 'the first one expired');
    expect(await (await a.connect(session)).payloads(1)).toEqual(['lasting']);
  });

  it('holds a will back for its delay, unless the client returns', async () => {
    const subscriber = await connect5(a, 's');
    await subscriber.subscribe('w');
    const will = { topic: 'w', payload: Buffer.from('gone'), properties: { willDelayInterval: 100 } };
    const session = {
      version: 5,
      clientId: 'c',
      clean: false,
      will,
      properties: { sessionExpiryInterval: 600 },
    } as const;
    (await a.connect(session)).drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away');
    const back = await a.connect(session);
    a.pass(101_000);
    await subscriber.quiet();
    back.drop();
    await until(() => a.gateway.clients()[0]?.connected === false, 'it is away again');
    a.pass(100_000);
    expect(await subscriber.payloads(1)).toEqual(['gone']);
  });

  it('publishes wills after the agent was killed: the connections ended with it', async () => {
    const will = (payload: string, delay: number) => ({
      topic: `w/${payload}`,
      payload: Buffer.from(payload),
      retain: true,
      properties: { willDelayInterval: delay, contentType: 'text/plain' },
    });
    await a.connect({ clientId: 'clean', will: will('clean', 0) });
    const polite = await a.connect({ clientId: 'polite', will: will('polite', 0) });
    polite.send({ cmd: 'disconnect' });
    await polite.end();
    const lasting = { version: 5, clean: false, properties: { sessionExpiryInterval: 600 } } as const;
    await a.connect({ ...lasting, clientId: 'late', will: will('late', 100) });
    await a.connect({ ...lasting, clientId: 'back', will: will('back', 100) });
    const kept = () => readdir(join(a.directory, 'mqtt', 'wills'));
    await until(async () => (await kept()).length === 3, 'the will of the polite one is forgotten');
    await a.crash();
    await connect5(a, 'other');
    const retained = await a.connect({ clientId: 's' });
    await retained.subscribe('w/#');
    expect(await retained.payloads(1)).toEqual(['clean']);
    await a.connect({ ...lasting, clientId: 'back' });
    a.pass(50_000);
    await a.crash();
    const subscriber = await connect5(a, 's');
    await subscriber.subscribe('w/+', { rh: 2 });
    await subscriber.quiet();
    a.pass(50_000);
    expect(await subscriber.message()).toMatchObject({ topic: 'w/late', payload: Buffer.from('late') });
    a.pass(500_000);
    await subscriber.quiet();
    await until(async () => (await kept()).length === 0, 'nothing is left of them');
  });

  it('publishes a will whose session ends before its delay', async () => {
    const subscriber = await connect5(a, 's');
    await subscriber.subscribe('w');
    const will = { topic: 'w', payload: Buffer.from('gone'), properties: { willDelayInterval: 100 } };
    (await a.connect({ version: 5, clientId: 'c', will })).drop();
    expect(await subscriber.payloads(1)).toEqual(['gone']);
  });

  it('publishes the will of a client that says goodbye with 0x04', async () => {
    const subscriber = await connect5(a, 's');
    await subscriber.subscribe('w');
    const client = await a.connect({
      version: 5,
      clientId: 'c',
      will: { topic: 'w', payload: Buffer.from('x') },
    });
    client.send({ cmd: 'disconnect', reasonCode: 4 });
    expect(await subscriber.payloads(1)).toEqual(['x']);
  });

  it.each<[string, object, number]>([
    ['a topic of 1,025 bytes', { topic: 'x'.repeat(1_025) }, 0x90],
    ['a topic of 65 levels', { topic: `${'x/'.repeat(64)}x` }, 0x90],
    ['a topic that starts with $', { topic: '$SYS/x' }, 0x90],
    ['more than 1 MiB', { topic: 'x', payload: Buffer.alloc(1_048_577) }, 0x97],
    [
      '20 KB of user properties',
      { topic: 'x', properties: { userProperties: { a: 'x'.repeat(20_000) } } },
      0x97,
    ],
  ])('refuses %s with a reason and goes on', async (_what, fields, reason) => {
    const client = await connect5(a, 'c');
    const { topic, payload = 'x', ...options } = fields as { topic: string; payload?: Buffer };
    expect(await client.publish(topic, payload, { qos: 1, ...options })).toBe(reason);
    expect(await client.publish(topic, payload, { qos: 2, ...options })).toBe(reason);
    expect(await client.publish('fine', 'x')).toBe(0);
    expect(a.count('messagesInRefused')).toBe(2);
  });

  it.each<[string, number]>([
    ['a/#/b', 0x8f],
    ['a+', 0x8f],
    ['x'.repeat(1_025), 0x8f],
    ['$realm/#', 0x87],
  ])('refuses a subscription to %s with a reason', async (filter, reason) => {
    const client = await connect5(a, 'c');
    expect(await client.subscribe(filter)).toBe(reason);
    expect(await (await a.connect({ clientId: 'd' })).subscribe(filter)).toBe(0x80);
    await client.quiet();
  });
});

describe('version 3.1.1', () => {
  it('closes where it has no way to refuse a message', async () => {
    const client = await a.connect({ clientId: 'c' });
    client.send({
      cmd: 'publish',
      topic: 'x/'.repeat(65),
      payload: 'x',
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    expect(await client.end()).toBe('closed');
  });

  it('answers what is published on a topic of the server, and drops it (MQTT-4.7.2-1)', async () => {
    const client = await a.connect({ clientId: 'c' });
    const subscriber = await a.connect({ clientId: 's' });
    await subscriber.subscribe('#');
    await client.publish('$x', '1');
    await client.publish('$x', '2', { qos: 2 });
    await client.publish('$x', '3', { qos: 0 });
    await client.publish('x', '4');
    expect(await subscriber.payloads(1)).toEqual(['4']);
    expect(a.count('messagesInRefused')).toBe(3);
  });
});

describe('acknowledgements of replicas', () => {
  it('come once another node has the message, and not before', async () => {
    const careful = await MqttWorld.start(['c', 'd'], { ack: { replicas: 1 } });
    const [c, d] = careful.nodes as [MqttNode, MqttNode];
    const client = await c.connect({ version: 5, clientId: 'p' });
    expect(await client.publish('x', '1')).toBe(0);
    careful.world.cut(c.node, d.node);
    client.send({
      cmd: 'publish',
      topic: 'x',
      payload: '2',
      qos: 1,
      messageId: 99,
      dup: false,
      retain: false,
    });
    await client.quiet();
    careful.world.heal(c.node, d.node);
    expect(await client.expect('puback')).toMatchObject({ messageId: 99 });
    await careful.stop();
  });
});

describe('the values under $SYS', () => {
  it('are there at a subscription, marked as retained, and again every ten seconds', async () => {
    const client = await a.connect({ clientId: 'c' });
    await client.subscribe('$SYS/broker/clients/+', { qos: 1 });
    const read = async (count: number) => {
      const found = [];
      while (found.length < count) found.push(await client.message());
      return found.map(({ topic, payload, retain, qos }) => [topic, String(payload), retain, qos]);
    };
    expect(await read(3)).toEqual([
      ['$SYS/broker/clients/connected', '1', true, 0],
      ['$SYS/broker/clients/disconnected', '0', true, 0],
      ['$SYS/broker/clients/total', '1', true, 0],
    ]);
    a.pass(9_000);
    await client.quiet();
    await a.connect({ clientId: 'd' });
    a.pass(1_000);
    expect((await read(3))[0]).toEqual(['$SYS/broker/clients/connected', '2', false, 0]);
  });

  it('are nobody else’s, and not part of #', async () => {
    const client = await a.connect({ clientId: 'c' });
    await client.subscribe('#');
    a.pass(20_000);
    await client.quiet();
    expect(await client.subscribe('$SYS/#')).toBe(2);
    expect((await client.message()).topic).toBe('$SYS/broker/version');
  });
});

describe('$alerts', () => {
  it('is there for who asks for it: what fires at a subscription, marked as retained, and each change', async () => {
    const world = new MeshWorld();
    const node = await MqttNode.start(await world.node('alerting', { mesh: { alerts: true } }));
    const { mesh } = node.node;
    const topic = (id: string) => `$alerts/${mesh.node}/${id}`;
    await mesh.publishAlert(topic('fork'), '{"state":"firing"}', { retain: true });
    const first = await node.connect({ clientId: 'first' });
    const wide = await node.connect({ clientId: 'wide' });
    await wide.subscribe('#');
    const heard = async (client: typeof first) => {
      const { topic: at, payload, retain, qos } = await client.message();
      return [at, String(payload), retain, qos];
    };
    expect(await first.subscribe('$alerts/+/disk', { qos: 1 })).toBeLessThan(3);
    await mesh.publishAlert(topic('disk'), '{"state":"firing"}', { retain: true });
    expect(await heard(first)).toEqual([topic('disk'), '{"state":"firing"}', false, 0]);
    const second = await node.connect({ clientId: 'second' });
    await second.subscribe('$alerts/#');
    expect([await heard(second), await heard(second)]).toEqual([
      [topic('fork'), '{"state":"firing"}', true, 0],
      [topic('disk'), '{"state":"firing"}', true, 0],
    ]);
    await mesh.publishAlert(topic('disk'), '{"state":"ended"}');
    await mesh.publishAlert(topic('disk'), '', { retain: true });
    expect(await heard(second)).toEqual([topic('disk'), '{"state":"ended"}', false, 0]);
    await wide.quiet();
    await second.quiet();
    const third = await node.connect({ clientId: 'third' });
    await third.subscribe('$alerts/#');
    expect((await heard(third))[0]).toBe(topic('fork'));
    await third.quiet();
    await node.stop();
    await world.stop();
  });
});

describe('limits', () => {
  it('a slow subscriber holds nobody up and gets all in the end, with little kept in memory for it', async () => {
    const slow = await b.connect({ clientId: 'slow' });
    await slow.subscribe('x', { qos: 0 });
    slow.pause();
    const quick = await b.connect({ clientId: 'quick' });
    await quick.subscribe('x', { qos: 0 });
    const payload = 'y'.repeat(20_000);
    const count = 800;
    for (let round = 0; round < count / 50; round++)
      await a.node.mesh.publishMany(Array.from({ length: 50 }, () => ({ topic: 'x', payload })));
    expect(await quick.payloads(count)).toHaveLength(count);
    slow.resume();
    expect(await slow.payloads(count)).toHaveLength(count);
  });

  it('a client that reads nothing is cut off after a while', async () => {
    const slow = await a.connect({ clientId: 'slow' });
    await slow.subscribe('x', { qos: 0 });
    slow.pause();
    for (let round = 0; round < 40; round++) await a.node.mesh.publish('x', Buffer.alloc(1_000_000));
    a.pass(61_000);
    await until(() => a.count('stalledConnections') === 1, 'it was cut off');
    await until(() => a.gateway.status().connections === 0, 'it is gone');
  });

  it('connections over the limit are refused', async () => {
    const small = await MqttWorld.start(['c'], { connectionsMax: 2, sessionsMax: 1, subscriptionsMax: 1 });
    const [node] = small.nodes as [MqttNode];
    const first = await node.connect({ version: 5, clientId: '1' });
    const second = await node.open();
    expect(await second.connect({ version: 5, clientId: '2' })).toMatchObject({ reasonCode: 0x97 });
    expect(await second.end()).toBe('closed');
    await until(() => node.gateway.status().connections === 1, 'one is left');
    await node.open();
    await until(() => node.gateway.status().connections === 2, 'a second is there');
    const third = await node.open();
    expect(await third.end()).toBe('closed');
    expect(await first.subscribe('x')).toBe(2);
    expect(await first.subscribe('y')).toBe(0x97);
    expect(await first.subscribe('x', { qos: 1 })).toBe(1);
    await small.stop();
  });

  it('names that are too long, or would garble a terminal, are refused', async () => {
    for (const connect of [
      { clientId: 'x'.repeat(257) },
      { clientId: 'c', username: 'u'.repeat(257) },
      { clientId: '\u001b[2J' },
      { clientId: 'c', username: 'line\nbreak' },
    ]) {
      expect(await (await a.open()).connect({ version: 5, ...connect })).toMatchObject({ reasonCode: 0x85 });
      expect(await (await a.open()).connect(connect)).toMatchObject({ returnCode: 2 });
    }
  });

  it('a client that never says CONNECT is cut off', async () => {
    const silent = await a.open();
    silent.raw(Buffer.of(0x10));
    a.pass(11_000);
    expect(await silent.end()).toBe('closed');
  });

  it('packets are taken however they are cut', async () => {
    const client = await a.open();
    const packet = bytesOf(0x10, text('MQTT'), 4, 2, u16(60), text('c'));
    const ping = Buffer.of(0xc0, 0x00);
    for (const byte of [...packet, ...ping]) {
      client.raw(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.expect('connack');
    await client.expect('pingresp');
  });
});
