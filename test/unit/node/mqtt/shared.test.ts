import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readShared } from '../../../../node/gateways/mqtt/shared/shared-filter.ts';
import { until } from '../../mesh/mesh-world.ts';
import type { MqttClient } from './mqtt-client.ts';
import { type MqttNode, MqttWorld } from './mqtt-world.ts';

it.each([
  ['$share/g/a/+', { group: 'g', filter: 'a/+' }],
  ['$share/g//', { group: 'g', filter: '/' }],
  ['$share/g/#', { group: 'g', filter: '#' }],
  ['$share//a', null],
  ['$share/g', null],
  ['$share/g/', null],
  ['$share/+/a', null],
  ['$share/g#/a', null],
  ['$share/g/a/#/b', null],
  ['$share/g/$SYS', null],
  ['a', null],
])('MQTT-4.8.2-1, -2: %s is read as %j', (text, shared) => {
  expect(readShared(text)).toEqual(shared);
});

describe('clients that share a filter', () => {
  let world: MqttWorld;
  let a: MqttNode;

  beforeEach(async () => {
    world = await MqttWorld.start(['a']);
    a = world.nodes[0]!;
  });

  afterEach(() => world.stop());

  const FILTER = '$share/g/x';
  const numbers = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => String(first + index));

  async function publish(first: number, last: number): Promise<void> {
    for (const payload of numbers(first, last)) await a.node.mesh.publish('x', payload);
  }

  async function member(clientId: string, options: object = {}): Promise<MqttClient> {
    const client = await a.connect({ version: 5, clientId, ...options });
    expect(await client.subscribe(FILTER, { qos: 1, id: 7 })).toBe(1);
    return client;
  }

  it('get each message once, in turn, beside those who do not share', async () => {
    const [one, two, alone] = [await member('1'), await member('2'), await a.connect({ clientId: 'alone' })];
    await alone.subscribe('x');
    await publish(1, 20);
    expect(await alone.payloads(20)).toEqual(numbers(1, 20));
    const got = [...(await one.payloads(10)), ...(await two.payloads(10))];
    expect(got.sort((p, q) => Number(p) - Number(q))).toEqual(numbers(1, 20));
    await one.quiet();
    await two.quiet();
  });

  it('have a group for each name and each filter', async () => {
    const one = await member('1');
    const other = await a.connect({ clientId: '2' });
    await other.subscribe('$share/other/x');
    await publish(1, 2);
    expect(await one.payloads(2)).toEqual(['1', '2']);
    expect(await other.payloads(2)).toEqual(['1', '2']);
  });

  it('get no retained values (MQTT-3.8.4-4, 4.8.2)', async () => {
    await a.node.mesh.publish('x', 'kept', { retain: true });
    await (await member('1')).quiet();
  });

  it('are passed over while they are away, and while they have no room', async () => {
    const session = { clean: false, properties: { sessionExpiryInterval: 600 } };
    const away = await member('away', session);
    const slow = await member('slow', { properties: { receiveMaximum: 1 } });
    const quick = await member('quick');
    away.drop();
    await until(() => a.gateway.clients().some(({ connected }) => !connected), 'one is away');
    await publish(1, 10);
    const first = await slow.expect('publish');
    const rest = await quick.payloads(9);
    expect([...rest, String(first.payload)].sort((p, q) => Number(p) - Number(q))).toEqual(numbers(1, 10));
    await slow.quiet();
  });

  it('take what one of them did not acknowledge before its session ended (MQTT-4.8.2-5)', async () => {
    const first = await member('1');
    const second = await member('2');
    await publish(1, 2);
    const lost = await first.expect('publish');
    const kept = await second.message();
    first.drop();
    const again = await second.message();
    expect([String(again.payload), String(kept.payload)].sort()).toEqual(['1', '2']);
    expect(again.payload).toEqual(lost.payload);
    expect(again.properties?.subscriptionIdentifier).toBe(7);
  });

  it('find after a crash what none of them had acknowledged, and nothing before they came', async () => {
    const session = { clean: false, properties: { sessionExpiryInterval: 600 } };
    await publish(1, 1);
    const one = await member('1', session);
    await publish(2, 3);
    expect(await one.payloads(2)).toEqual(['2', '3']);
    one.drop();
    await until(() => a.gateway.clients().every(({ connected }) => !connected), 'it is away');
    await publish(4, 5);
    await a.crash();
    await publish(6, 6);
    const again = await a.connect({ version: 5, clientId: '1', ...session });
    // What it acknowledged just before the crash may come again.
    const got = await again.payloads(3);
    while (got.at(-1) !== '6') got.push(...(await again.payloads(1)));
    expect(got.slice(-3)).toEqual(['4', '5', '6']);
    expect(got).not.toContain('1');
  });

  it('leave nothing behind when the last one goes', async () => {
    const one = await member('1');
    one.send({ cmd: 'unsubscribe', messageId: 99, unsubscriptions: [FILTER] });
    expect((await one.expect('unsuback')).granted).toEqual([0]);
    await publish(1, 1);
    expect(await one.subscribe(FILTER)).toBe(2);
    await one.quiet();
    await publish(2, 2);
    expect(await one.payloads(1)).toEqual(['2']);
    await a.crash();
    await publish(3, 3);
    const later = await member('later');
    await later.quiet();
    await publish(4, 4);
    expect(await later.payloads(1)).toEqual(['4']);
  });

  it.each(['$share//x', '$share/g', '$share/+/x', '$share/g/a/#/b'])(
    'are refused with %s',
    async (filter) => {
      const client = await a.connect({ version: 5, clientId: 'c' });
      expect(await client.subscribe(filter)).toBe(0x8f);
    },
  );
});
