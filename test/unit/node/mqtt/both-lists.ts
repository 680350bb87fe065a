import { expect } from 'vitest';
import { hashPassword, writeUsers } from '../../../../node/gateways/mqtt/index.ts';
import type { ListClient } from './list-client.ts';
import { bytesOf, text, u16 } from './mqtt-client.ts';
import type { MqttNode } from './mqtt-world.ts';

/** The versions of the lists: 3.1.1 and 5. */
export type Version = 4 | 5;

/** What a test of the lists has: a gateway and two clients of one version. */
export interface ListStage {
  readonly version: Version;
  readonly node: MqttNode;
  readonly a: ListClient;
  readonly b: ListClient;
}

/** The lists' topics and filters; the one for version 5 has its own below a prefix. */
export function namesOf(version: Version) {
  const prefix = version === 5 ? 'client_test5/' : '';
  return {
    A: `${prefix}TopicA`,
    AB: `${prefix}TopicA/B`,
    C: `${prefix}Topic/C`,
    AC: `${prefix}TopicA/C`,
    SLASH: `${prefix}/TopicA`,
    ANY_TWO: `${prefix}+/+`,
    BELOW_A: `${prefix}TopicA/#`,
    ONE_BELOW_A: `${prefix}TopicA/+`,
  };
}

export const QOS = [0, 1, 2] as const;

/** A session that outlives its connection. */
export function lasting(version: Version): object {
  return { clean: false, ...(version === 5 ? { properties: { sessionExpiryInterval: 99_999 } } : {}) };
}

/** One message of each QoS, each on its topic, from a client. */
export async function publishEach(
  client: ListClient,
  topics: readonly string[],
  options: object = {},
): Promise<void> {
  for (const qos of QOS) await client.publish(topics[qos]!, `qos ${qos}`, { qos, ...options });
}

export const payloads = (messages: readonly { payload: unknown }[]) =>
  messages.map((one) => String(one.payload));
export const qosOf = (messages: readonly { qos: number }[]) => messages.map((one) => one.qos).sort();

async function basic({ version, node, a }: ListStage): Promise<void> {
  const { A } = namesOf(version);
  await a.connect();
  await a.disconnect();
  expect(await a.connect()).toMatchObject({ sessionPresent: false });
  await a.subscribe([A]);
  await publishEach(a, [A, A, A]);
  expect(payloads(await a.arrived(3))).toEqual(['qos 0', 'qos 1', 'qos 2']);
  expect(await a.settled()).toHaveLength(3);
  await a.disconnect();
  await a.connect();
  a.wire.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clientId: 'x', clean: true });
  expect(await a.end()).toBe(version === 5 ? 0x82 : 'closed');
  const other = await node.open();
  other.raw(bytesOf(0x10, text('hj'), version, 2, u16(0), ...(version === 5 ? [0] : []), text('x')));
  expect(await other.end()).toBe('closed');
}

async function offlineMessageQueueing({ version, a, b }: ListStage): Promise<void> {
  const { AB, C, AC, ANY_TWO } = namesOf(version);
  await a.connect(lasting(version));
  await a.subscribe([ANY_TWO]);
  await a.disconnect();
  await b.connect();
  await publishEach(b, [AB, C, AC]);
  await b.disconnect();
  expect(await a.connect({ clean: false })).toMatchObject({ sessionPresent: true });
  await a.arrived(2);
  // The lists leave it to the broker whether QoS 0 waits for who is away: here it does not.
  expect(payloads(await a.settled())).toEqual(['qos 1', 'qos 2']);
}

async function overlappingSubscriptions({ version, a }: ListStage): Promise<void> {
  const { AC, BELOW_A, ONE_BELOW_A } = namesOf(version);
  await a.connect();
  await a.subscribe([BELOW_A, { qos: 2 }], [ONE_BELOW_A, { qos: 1 }]);
  await a.publish(AC, 'overlapping topic filters', { qos: 2 });
  await a.arrived(1);
  // The lists take one copy with the highest QoS, as here, or one for each subscription.
  expect(qosOf(await a.settled())).toEqual([2]);
}

async function keepalive({ version, node, a, b }: ListStage): Promise<void> {
  const { SLASH } = namesOf(version);
  await a.connect({
    keepalive: 5,
    will: { topic: SLASH, payload: Buffer.from('keepalive expiry') } as never,
  });
  await b.connect({ keepalive: 0 });
  await b.subscribe([SLASH]);
  node.pass(7_499);
  expect(await b.settled()).toEqual([]);
  node.pass(1);
  expect(payloads(await b.arrived(1))).toEqual(['keepalive expiry']);
  expect(await b.settled()).toHaveLength(1);
}

async function redeliveryOnReconnect({ version, b }: ListStage): Promise<void> {
  const { AB, AC, BELOW_A } = namesOf(version);
  await b.connect(lasting(version));
  await b.subscribe([BELOW_A]);
  b.pause();
  await b.publish(AB, '', { qos: 1 });
  await b.publish(AC, '', { qos: 2 });
  await b.arrived(2);
  await b.disconnect();
  expect(await b.connect(lasting(version))).toMatchObject({ sessionPresent: true });
  expect((await b.arrived(2)).map(({ topic, dup }) => [topic, dup])).toEqual([
    [AB, true],
    [AC, true],
  ]);
  expect(await b.settled()).toHaveLength(2);
}

/** What is answered to the lists' own filter, for a user who may subscribe to other ones. */
export async function subscribeFailure({ node, a }: ListStage): Promise<number> {
  const password = await hashPassword(Buffer.from('secret'));
  await writeUsers(node.directory, new Map([['u', { password, publish: ['#'], subscribe: ['test/may'] }]]));
  await node.gateway.lookAtUsers();
  await a.connect({ username: 'u', password: Buffer.from('secret') });
  const granted = await a.subscribe(['test/may'], ['test/nosubscribe']);
  expect(granted[0]).toBe(2);
  return granted[1]!;
}

async function dollarTopics({ version, b }: ListStage): Promise<void> {
  const { AB, ANY_TWO } = namesOf(version);
  await b.connect({ keepalive: 0 });
  await b.subscribe([ANY_TWO], ['+/#'], ['#']);
  // Refused where the version has a way to say so, as the lists allow.
  expect(await b.publish(`$${AB}`, '', { qos: 1 })).toBe(version === 5 ? 0x90 : 0);
  // `+/#` and `#` take in the marker too: it comes once, and nothing else does.
  expect(await b.settled()).toEqual([]);
}

async function unsubscribe({ version, a, b }: ListStage): Promise<void> {
  const { A, AB, C } = namesOf(version);
  await b.connect();
  for (const topic of [A, AB, C]) await b.subscribe([topic]);
  await b.unsubscribe(A);
  await a.connect();
  for (const topic of [A, AB, C]) await a.publish(topic, topic, { qos: 1 });
  await b.arrived(2);
  expect(payloads(await b.settled())).toEqual([AB, C]);
}

/** The tests that are the same for both versions. */
export const BOTH_LISTS: readonly (readonly [string, (stage: ListStage) => Promise<void>])[] = [
  ['basic', basic],
  ['offline message queueing', offlineMessageQueueing],
  ['overlapping subscriptions', overlappingSubscriptions],
  ['keepalive', keepalive],
  ['redelivery on reconnect', redeliveryOnReconnect],
  ['dollar topics', dollarTopics],
  ['unsubscribe', unsubscribe],
];
