import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../mesh/mesh-world.ts';
import {
  BOTH_LISTS,
  type ListStage,
  lasting,
  namesOf,
  payloads,
  publishEach,
  QOS,
  qosOf,
  subscribeFailure,
  type Version,
} from './both-lists.ts';
import { ListClient } from './list-client.ts';
import { bytesOf, text, u16 } from './mqtt-client.ts';
import { type MqttNode, MqttWorld } from './mqtt-world.ts';

/**
 * Eclipse's interoperability lists (paho.mqtt.testing: client_test.py for 3.1.1, client_test5.py for version 5), test for test and by
 * the same names, written anew. Where a list sleeps, the gateway's clock is moved on; where it wants that nothing comes, a later
 * message has come. Each test has a gateway of its own with the default limits.
 */
let world: MqttWorld;
let node: MqttNode;
let a: ListClient;
let b: ListClient;
let stage: ListStage;

function start(version: Version): void {
  beforeEach(async () => {
    world = await MqttWorld.start(['a'], { anonymous: true });
    node = world.nodes[0]!;
    a = new ListClient(node, version, 'myclientid');
    b = new ListClient(node, version, 'myclientid2');
    stage = { version, node, a, b };
  });
  afterEach(() => world.stop());
}

describe('client_test.py, 3.1.1: 10 of 10', () => {
  start(4);
  const { AB, C, AC, ANY_TWO } = namesOf(4);

  it.each(BOTH_LISTS)('%s', (_name, run) => run(stage));

  it('retained messages', async () => {
    await a.connect();
    await publishEach(a, [AB, C, AC], { retain: true });
    await a.subscribe([ANY_TWO]);
    expect(qosOf(await a.arrived(3))).toEqual([0, 1, 2]);
    expect((await a.settled()).map(({ retain }) => retain)).toEqual([true, true, true]);
    await a.disconnect();
    await a.connect();
    for (const qos of QOS) await a.publish([AB, C, AC][qos]!, '', { qos, retain: true });
    await a.subscribe([ANY_TWO]);
    expect(await a.settled()).toEqual([]);
  });

  it('zero length client id', async () => {
    const nameless = new ListClient(node, 4, '');
    const refused = await node.open();
    refused.raw(bytesOf(0x10, text('MQTT'), 4, 0, u16(0), text('')));
    expect(await refused.next()).toMatchObject({ cmd: 'connack', returnCode: 2 });
    expect(await nameless.connect({ clean: true })).toMatchObject({ returnCode: 0 });
  });

  it('subscribe failure', async () => {
    expect(await subscribeFailure(stage)).toBe(0x80);
  });
});

// The list has this one too, by a name that its runner does not collect: it is not counted.
describe('client_test.py, 3.1.1, not counted', () => {
  start(4);

  it('will message', async () => {
    const { C } = namesOf(4);
    await a.connect({ keepalive: 2, will: { topic: C, payload: Buffer.from('gone') } as never });
    await b.connect({ clean: false });
    await b.subscribe([C]);
    await a.terminate();
    expect(payloads(await b.arrived(1))).toEqual(['gone']);
    expect(await b.settled()).toHaveLength(1);
  });
});

describe('client_test5.py, version 5: 25 of 27', () => {
  start(5);
  const { A, AB, C, AC, ANY_TWO } = namesOf(5);
  const userProperties = { a: '2', c: '3' };

  /** Three messages with properties, one of each QoS, as a subscriber gets them. */
  async function carried(properties: object) {
    await a.connect();
    await a.subscribe([A]);
    await publishEach(a, [A, A, A], { properties });
    expect(qosOf(await a.arrived(3))).toEqual([0, 1, 2]);
    return (await a.settled()).map((one) => ({ ...one.properties }));
  }

  it.each(BOTH_LISTS)('%s', (_name, run) => run(stage));

  it('retained message', async () => {
    await a.connect();
    await publishEach(a, [AB, C, AC], { retain: true, properties: { userProperties } });
    await a.subscribe([ANY_TWO]);
    expect(qosOf(await a.arrived(3))).toEqual([0, 1, 2]);
    for (const { properties } of await a.settled())
      expect({ ...properties?.userProperties }).toEqual(userProperties);
    expect(a.messages).toHaveLength(3);
  });

  it('will message', async () => {
    const properties = { willDelayInterval: 0, userProperties };
    await a.connect({ keepalive: 2, will: { topic: C, payload: Buffer.from('will'), properties } as never });
    await b.connect({ clean: false });
    await b.subscribe([C]);
    node.pass(3_000);
    expect(payloads(await b.arrived(1))).toEqual(['will']);
    expect({ ...b.messages[0]!.properties?.userProperties }).toEqual(userProperties);
    expect(await b.settled()).toHaveLength(1);
  });

  it('zero length client id', async () => {
    for (const connectFlags of [0, 2]) {
      const nameless = await node.open();
      nameless.speak(5);
      nameless.raw(bytesOf(0x10, text('MQTT'), 5, connectFlags, u16(0), 0, text('')));
      expect(await nameless.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
    }
  });

  it('subscribe failure differs: the reason says that it is not authorized', async () => {
    // The list takes 0x80 alone, which tells nothing; the standard has 0x87 for this (3.9.3).
    expect(await subscribeFailure(stage)).toBe(0x87);
  });

  it('session expiry', async () => {
    const connect = async (clean: boolean, sessionExpiryInterval: number) =>
      (await a.connect({ clean, properties: { sessionExpiryInterval } })).sessionPresent;
    expect(await connect(true, 0)).toBe(false);
    await a.subscribe([A]);
    await a.disconnect();
    expect(await connect(false, 0)).toBe(false);
    await a.disconnect();
    expect(await connect(true, 5)).toBe(false);
    await a.subscribe([A]);
    await a.disconnect();
    node.pass(2_000);
    expect(await connect(false, 5)).toBe(true);
    await a.disconnect();
    node.pass(6_000);
    expect(await connect(false, 5)).toBe(false);
    await a.disconnect();
    expect(await connect(true, 1)).toBe(false);
    await a.subscribe([A]);
    await a.disconnect({ sessionExpiryInterval: 5 });
    node.pass(3_000);
    expect(await connect(false, 1)).toBe(true);
    await a.disconnect({ sessionExpiryInterval: 0 });
    expect(await connect(false, 1)).toBe(false);
  });

  it('user properties', async () => {
    const all = await carried({ userProperties });
    expect(all.map((one) => ({ ...one.userProperties }))).toEqual(Array(3).fill(userProperties));
  });

  it('payload format', async () => {
    const properties = { payloadFormatIndicator: true, contentType: 'My name' };
    expect(await carried(properties)).toEqual(Array(3).fill(expect.objectContaining(properties)));
  });

  /** What the node has on a topic, up to its `end`. */
  async function held(topic: string): Promise<string[]> {
    const found: string[] = [];
    for await (const delivery of node.node.mesh.subscribe(topic, { from: 'all' })) {
      if (delivery.kind === 'message') found.push(Buffer.from(delivery.payload).toString());
      if (found.at(-1) === 'end') break;
    }
    return found;
  }

  it('publication expiry', async () => {
    await b.connect(lasting(5));
    await b.subscribe([A]);
    await b.disconnect({ sessionExpiryInterval: 999_999_999 });
    await a.connect();
    // Messages expire by the mesh's clock, which is the real one: 600 s stand for the list's 6, which a busy machine can take. The
    // brief ones come last, so that a second has passed for all when they are gone.
    for (const [payload, messageExpiryInterval] of [
      ['lasts', 600],
      ['brief', 1],
    ] as const)
      for (const qos of [1, 2] as const)
        await a.publish(A, `${payload} ${qos}`, { qos, properties: { messageExpiryInterval } });
    // Of QoS 0: it is not kept for who is away.
    await a.publish(A, 'end');
    await until(async () => !(await held(A)).includes('brief 2'), 'the brief ones expired');
    await b.connect({ clean: false });
    expect(payloads(await b.arrived(2))).toEqual(['lasts 1', 'lasts 2']);
    for (const { properties } of await b.settled())
      expect(properties!.messageExpiryInterval).toBeLessThan(600);
    expect(b.messages).toHaveLength(2);
  });

  it('subscribe options', async () => {
    await a.connect();
    await b.connect();
    await a.subscribe([A, { nl: true }]);
    await b.subscribe([A, { nl: true }]);
    await a.publish(A, 'noLocal test', { qos: 1 });
    expect(await b.arrived(1)).toHaveLength(1);
    expect(await a.settled()).toEqual([]);
    expect(await b.settled()).toHaveLength(1);
    await a.disconnect();

    await a.connect();
    await a.subscribe([A, { rap: true }]);
    for (const retain of [false, true]) await a.publish(A, 'as published', { qos: 1, retain });
    await a.arrived(2);
    expect((await a.settled()).map(({ retain }) => retain)).toEqual([false, true]);
    await a.disconnect();

    await a.connect();
    await publishEach(a, [AB, C, AC], { retain: true });
    const retained = async (rh: 0 | 1 | 2, count: number) => {
      a.messages.length = 0;
      await a.subscribe([ANY_TWO, { rh }]);
      await a.arrived(count);
      expect(qosOf(await a.settled())).toEqual([0, 1, 2].slice(0, count));
    };
    await retained(1, 3);
    await retained(1, 0);
    await a.disconnect();
    await a.connect();
    await retained(2, 0);
    await retained(2, 0);
    await a.disconnect();
    await a.connect();
    await retained(0, 3);
    await retained(0, 3);
  });

  it('assigned client id', async () => {
    const { properties } = await new ListClient(node, 5, '').connect();
    expect(properties?.assignedClientIdentifier).toMatch(/./);
  });

  it('subscribe identifiers', async () => {
    await a.connect();
    await a.subscribe([A, { id: 456_789 }]);
    await b.connect();
    await b.subscribe([A, { id: 2 }]);
    await b.subscribe([`${A}/#`, { id: 3 }]);
    await b.publish(A, 'sub identifier test', { qos: 1 });
    expect((await a.arrived(1))[0]!.properties!.subscriptionIdentifier).toBe(456_789);
    expect((await b.arrived(1))[0]!.properties!.subscriptionIdentifier).toEqual([2, 3]);
    expect(await a.settled()).toHaveLength(1);
    expect(await b.settled()).toHaveLength(1);
  });

  it('request response', async () => {
    const properties = { responseTopic: A, correlationData: Buffer.from('334') };
    for (const client of [a, b]) await client.connect();
    for (const client of [a, b]) await client.subscribe([A, { nl: true }]);
    await a.publish(A, 'request', { qos: 1, properties });
    const [request] = await b.arrived(1);
    expect(request!.properties).toMatchObject(properties);
    await b.publish(request!.properties!.responseTopic!, 'response', { qos: 1, properties });
    expect(payloads(await a.arrived(1))).toEqual(['response']);
    expect(payloads(await a.settled())).toEqual(['response']);
    expect(payloads(await b.settled())).toEqual(['request']);
  });

  it('client topic alias', async () => {
    const publishBy = (topic: string, topicAlias: number) =>
      a.wire.raw(bytesOf(0x32, text(topic), u16(9), 3, 0x23, u16(topicAlias), Buffer.from('x')));
    await a.connect();
    publishBy(A, 0);
    expect(await a.end()).toBe(0x94);
    const { properties } = await a.connect({
      properties: { topicAliasMaximum: 0, sessionExpiryInterval: 99_999 },
    });
    expect(properties?.topicAliasMaximum).toBeGreaterThan(0);
    await a.subscribe([A]);
    await a.publish(A, 'topic alias 1', { qos: 1, properties: { topicAlias: 1 } });
    await a.publish('', 'topic alias 2', { qos: 1, properties: { topicAlias: 1 } });
    expect(payloads(await a.arrived(2))).toEqual(['topic alias 1', 'topic alias 2']);
    await a.disconnect();
    // Aliases end with the connection, subscriptions do not.
    await a.connect({ clean: false });
    await a.publish(A, 'topic alias 3', { qos: 1 });
    expect(payloads(await a.arrived(1))).toEqual(['topic alias 3']);
    publishBy('', 1);
    expect(await a.end()).toBe(0x94);
  });

  it('server topic alias', async () => {
    const seen = async (properties: object) => {
      await a.connect({ properties });
      await a.subscribe([A]);
      await publishEach(a, [A, A, A]);
      const got = (await a.arrived(3)).map((one) => [one.topic, one.properties?.topicAlias]);
      await a.disconnect();
      return got;
    };
    expect(await seen({ topicAliasMaximum: 1 })).toEqual([
      [A, 1],
      ['', 1],
      ['', 1],
    ]);
    for (const properties of [{}, { topicAliasMaximum: 0 }])
      expect(await seen(properties)).toEqual(Array(3).fill([A, undefined]));
  });

  it('maximum packet size', async () => {
    const { properties } = await a.connect({ properties: { maximumPacketSize: 64 } });
    // The list tries the gateway's own limit only where it is below this.
    expect(properties?.maximumPacketSize).toBeGreaterThanOrEqual(65_535);
    await a.subscribe([A]);
    await a.publish(A, '.'.repeat(32));
    expect(await a.arrived(1)).toHaveLength(1);
    await a.publish(A, '.'.repeat(64), { qos: 1 });
    expect(await a.settled()).toHaveLength(1);
  });

  it('server keep-alive differs: 120 s are taken as they are', async () => {
    // The list wants a broker that cuts them to 60; here the limit is 600, so that sleeping devices need not wake for it.
    const connack = await a.connect({ keepalive: 120 });
    expect(connack.properties?.serverKeepAlive).toBeUndefined();
    await a.disconnect();
    expect((await a.connect({ keepalive: 601 })).properties?.serverKeepAlive).toBe(600);
  });

  it('flow control 1', async () => {
    await b.connect();
    await b.subscribe([A]);
    await a.connect({ properties: { receiveMaximum: 2 } });
    await a.subscribe([A, { qos: 1 }]);
    a.pause();
    for (const payload of ['1', '2', '3']) await a.publish(A, payload, { qos: 1 });
    await b.arrived(3);
    expect(payloads(await a.pinged())).toEqual(['1', '2']);
    a.wire.send({ cmd: 'puback', messageId: a.messages[0]!.messageId! });
    expect(payloads(await a.arrived(3))).toEqual(['1', '2', '3']);
    for (const { messageId } of a.messages.slice(1)) a.wire.send({ cmd: 'puback', messageId: messageId! });
    await a.pinged();
  });

  it('flow control 2', async () => {
    const { properties } = await a.connect();
    const count = properties!.receiveMaximum! + 1;
    a.wire.raw(...Array.from({ length: count }, (_, index) => bytesOf(0x34, text(A), u16(index + 1), 0)));
    expect(await a.end()).toBe(147);
  });

  it('will delay', async () => {
    for (const [willDelayInterval, sessionExpiryInterval, comesAfterSeconds] of [
      [3, 5, 3],
      [5, 0, 0],
      [5, 2, 2],
    ] as const) {
      const will = { topic: A, payload: Buffer.from('will'), properties: { willDelayInterval } };
      await a.connect({ will: will as never, properties: { sessionExpiryInterval } });
      await b.connect();
      await b.subscribe([A]);
      await a.terminate();
      if (comesAfterSeconds > 0) {
        node.pass(comesAfterSeconds * 1_000 - 1);
        expect(await b.settled()).toEqual([]);
        node.pass(1);
      }
      expect(payloads(await b.arrived(1))).toEqual(['will']);
    }
  });

  it('shared subscriptions', async () => {
    const shared = 'client_test5/x';
    for (const client of [a, b]) {
      await client.connect();
      expect(await client.subscribe([`$share/sharename/${shared}`], [A])).toEqual([2, 2]);
    }
    await b.publish(A, 'for both');
    for (const client of [a, b]) expect(payloads(await client.arrived(1))).toEqual(['for both']);
    await b.publish(shared, 'for one');
    const count = async () => (await a.settled()).length + (await b.settled()).length;
    await until(async () => (await count()) > 2, 'one of them has it');
    expect(await count()).toBe(3);
  });
});
