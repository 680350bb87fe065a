import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readProgress } from '../../../../node/gateways/mqtt-bridge/bridge-talk.ts';
import type { DeliveredMessage } from '../../../../src/index.ts';
import { MeshWorld, type WorldNode } from '../../mesh/mesh-world.ts';
import { BridgedNode, numbers } from './bridge-world.ts';
import { ScriptedBroker, type ScriptedConnection } from './scripted-broker.ts';

/** A real mesh with a bridge to a broker that does what the test says. */
let world: MeshWorld;
let broker: ScriptedBroker;
let bridged: BridgedNode[];

beforeEach(async () => {
  world = new MeshWorld();
  bridged = [];
  broker = await ScriptedBroker.start();
});

afterEach(async () => {
  await Promise.all(bridged.map(({ bridges }) => bridges.stop()));
  await world.stop();
  await broker.stop();
});

const LINK = /^b-/;
const IN = { in: [{ filter: 'in/#' }] };
const OUT = { out: [{ filter: 'out/#' }] };

async function bridge(node: WorldNode, options: object): Promise<BridgedNode> {
  const made = await BridgedNode.start(node, { name: 'b', clientId: 'b', url: broker.url, ...options });
  bridged.push(made);
  return made;
}

function until(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

/** Topic and payload of each. */
function contents(connection: ScriptedConnection): string[] {
  return connection.packets.flatMap((packet) =>
    packet.cmd === 'publish' ? [`${packet.topic} ${packet.payload}`] : [],
  );
}

test('a message that the broker sends again on the next connection is in the mesh once', async () => {
  const a = await bridge(await world.node('a'), IN);
  const first = await broker.connection('b');
  await first.of('subscribe');
  first.publish({ messageId: 7, payload: 'x' });
  await first.of('puback');
  broker.connack = () => ({ sessionPresent: true });
  first.drop();
  const second = await broker.connection('b', 2);
  second.publish({ messageId: 7, payload: 'x', dup: true });
  second.publish({ messageId: 8, payload: 'y', dup: true });
  const answers = await second.of('puback', 2);
  expect(answers.map(({ messageId }) => messageId)).toEqual([7, 8]);
  await until(() => expect(a.payloads('in/')).toEqual(['x', 'y']));
  expect(a.status.counters).toMatchObject({ in: 2, inAgain: 1 });
});

test('a message that the broker sends again after a crash of the node is in the mesh once', async () => {
  const node = await world.node('a');
  const before = await bridge(node, IN);
  const first = await broker.connection('b');
  await first.of('subscribe');
  first.publish({ messageId: 7, payload: 'x' });
  await first.of('puback');
  await node.crash({ keepUnsynced: 'none' });
  await before.bridges.stop();
  await node.revive();
  broker.connack = () => ({ sessionPresent: true });
  const a = await bridge(node, IN);
  const second = await broker.connection('b', 2);
  second.publish({ messageId: 7, payload: 'x', dup: true });
  second.publish({ messageId: 9, payload: 'end' });
  await second.of('puback', 2);
  await until(() => expect(a.payloads('in/')).toEqual(['x', 'end']));
});

test('a message that the broker sends again to another node is in the mesh once', async () => {
  const [one, two] = await world.line(['a', 'b']);
  const nodes = [await bridge(one!, IN), await bridge(two!, IN)];
  const first = await broker.connection('b');
  await first.of('subscribe');
  first.publish({ messageId: 7, payload: 'x' });
  await first.of('puback');
  await until(() => expect(nodes.map((node) => node.payloads('in/'))).toEqual([['x'], ['x']]));
  broker.connack = () => ({ sessionPresent: true });
  await nodes.find(({ status }) => status.role === 'carrier')!.bridges.stop();
  const second = await broker.connection('b', 2);
  second.publish({ messageId: 7, payload: 'x', dup: true });
  second.publish({ messageId: 8, payload: 'end' });
  await second.of('puback', 2);
  await until(() =>
    expect(nodes.map((node) => node.payloads('in/'))).toEqual([
      ['x', 'end'],
      ['x', 'end'],
    ]),
  );
});

test('the same content without the mark of a repeat is a new message', async () => {
  const a = await bridge(await world.node('a'), IN);
  const connection = await broker.connection('b');
  await connection.of('subscribe');
  for (const payload of ['x', 'x']) connection.publish({ messageId: 7, payload });
  await connection.of('puback', 2);
  await until(() => expect(a.payloads('in/')).toEqual(['x', 'x']));
});

test('what the mesh never takes is answered, counted and told', async () => {
  const a = await bridge(await world.node('a'), { in: [{ filter: 'in/#', to: '' }, { filter: 'secret' }] });
  const connection = await broker.connection('b');
  await connection.of('subscribe');
  const strange = ['in', 'other', 'in/bridges/b/carriers/x', `in/${'a/'.repeat(70)}b`];
  for (const [index, topic] of strange.entries()) connection.publish({ messageId: index + 1, topic });
  connection.publish({ messageId: 9, topic: 'in/big', payload: Buffer.alloc(1_048_577) });
  await connection.of('puback', 5);
  expect(a.status.counters).toMatchObject({ in: 0, inRefused: 5 });
  expect(a.status.alarms).toEqual([
    'the broker refuses secret',
    '5 messages that the mesh never takes did not come in',
  ]);
  expect(a.got.filter(({ topic }) => !topic.startsWith('bridges/'))).toEqual([]);
});

test('what went out of this realm does not come in again, nor what has gone round for ever', async () => {
  const a = await bridge(await world.node('a'), IN);
  const connection = await broker.connection('b');
  await connection.of('subscribe');
  const paths = [world.anchor.id, `x ${world.anchor.id} y`, 'a b c d e f g h', 'x'];
  for (const [index, path] of paths.entries()) {
    connection.publish({
      messageId: index + 1,
      payload: path,
      properties: { userProperties: { 'sedge-path': path } },
    });
  }
  await connection.of('puback', 4);
  await until(() => expect(a.payloads('in/')).toEqual(['x']));
  expect(a.status.counters).toMatchObject({ inEchoes: 2, loops: 1 });
  expect(a.status.alarms).toEqual(['messages go round: 1 signs of a loop']);
});

test('retained values that a new session brings come in once', async () => {
  const node = await world.node('a');
  await node.mesh.publish('in/same', 'v', { retain: true });
  const a = await bridge(node, IN);
  const connection = await broker.connection('b');
  await connection.of('subscribe');
  connection.publish({ messageId: 1, topic: 'in/same', payload: 'v', retain: true });
  connection.publish({ messageId: 2, topic: 'in/same', payload: 'v', retain: true });
  connection.publish({ messageId: 3, topic: 'in/new', payload: 'w', retain: true });
  await connection.of('puback', 3);
  // The first is the value that is there; the second was published now.
  await until(() => expect(a.payloads('in/')).toEqual(['v', 'v', 'w']));
  expect(a.status.counters).toMatchObject({ inKnown: 1, in: 2 });
});

test('no more goes out at once than the broker takes, and nothing moves on without its answer', async () => {
  broker.connack = () => ({ properties: { receiveMaximum: 2 } });
  const node = await world.node('a');
  const a = await bridge(node, OUT);
  const connection = await broker.connection(LINK);
  for (const text of numbers(5)) await node.mesh.publish('out/x', text);
  const sent = await connection.of('publish', 2);
  expect(a.status).toMatchObject({ waiting: 5, counters: { out: 0 } });
  connection.send({ cmd: 'puback', messageId: sent[0]!.messageId! });
  await connection.of('publish', 3);
  expect(contents(connection)).toEqual(['out/x 1', 'out/x 2', 'out/x 3']);
  await until(() => expect(a.status).toMatchObject({ waiting: 4, counters: { out: 1 } }));
});

test('what the broker has not answered goes out again after a crash of the node, and nothing else', async () => {
  const node = await world.node('a');
  const before = await bridge(node, OUT);
  const first = await broker.connection(LINK);
  for (const text of numbers(3)) await node.mesh.publish('out/x', text);
  const sent = await first.of('publish', 3);
  first.send({ cmd: 'puback', messageId: sent[0]!.messageId! });
  await until(() => expect(before.status.waiting).toBe(2));
  // A crash right now might repeat the first too: its place is to be on the disk.
  await before.bridges.stop();
  await node.crash({ keepUnsynced: 'none' });
  await node.revive();
  await bridge(node, OUT);
  const second = await broker.connection(LINK, 2);
  await second.of('publish', 2);
  expect(contents(second)).toEqual(['out/x 2', 'out/x 3']);
});

test('a node that stops waits for what is on its way, so that the next does not send it again', async () => {
  const [one, two] = await world.line(['a', 'b']);
  const nodes = [await bridge(one!, { ...OUT, ...IN }), await bridge(two!, { ...OUT, ...IN })];
  const session = await broker.connection('b');
  const carrier = nodes.find(({ status }) => status.role === 'carrier')!;
  const link = await broker.connection(`b-${carrier.node.mesh.node.slice(-12)}`);
  await one!.mesh.publish('out/x', '1');
  const [sent] = await link.of('publish');
  const stopped = carrier.bridges.stop();
  await two!.mesh.publish('out/x', '2');
  expect(link.packets.some(({ cmd }) => cmd === 'disconnect')).toBe(false);
  link.send({ cmd: 'puback', messageId: sent!.messageId! });
  await stopped;
  expect(session.closed).toBe(true);
  const other = nodes.find((node) => node !== carrier)!;
  const next = await broker.connection(`b-${other.node.mesh.node.slice(-12)}`);
  await next.of('publish');
  expect(contents(next)).toEqual(['out/x 2']);
});

test('who parts says how far it got with its last word, as what is said before may be heard after', async () => {
  const [one, two] = await world.line(['a', 'b']);
  const nodes = [await bridge(one!, OUT), await bridge(two!, OUT)];
  await until(() => expect(nodes.some(({ status }) => status.role === 'carrier')).toBe(true));
  const carrier = nodes.find(({ status }) => status.role === 'carrier')!;
  const link = await broker.connection(`b-${carrier.node.mesh.node.slice(-12)}`);
  const { channel, epoch, seq } = await one!.mesh.publish('out/x', '1');
  const [sent] = await link.of('publish');
  const stopped = carrier.bridges.stop();
  link.send({ cmd: 'puback', messageId: sent!.messageId! });
  await stopped;
  const other = nodes.find((node) => node !== carrier)!;
  const isLast = ({ topic, payload }: DeliveredMessage) =>
    topic === `bridges/b/carriers/${carrier.node.mesh.node}` &&
    Buffer.from(payload).includes('"linked":false');
  await until(() => expect(other.got.some(isLast)).toBe(true));
  const author = one!.mesh.node;
  expect(readProgress(other.got.find(isLast)!.payload)).toEqual([{ author, channel, epoch, seq, holes: [] }]);
});

test('with QoS 2, a session that goes on is taken up where it was', async () => {
  const node = await world.node('a');
  const a = await bridge(node, { ...OUT, qos: 2 });
  const first = await broker.connection(LINK);
  expect(first.connect).toMatchObject({ clean: true, properties: { sessionExpiryInterval: 604_800 } });
  for (const text of numbers(2)) await node.mesh.publish('out/x', text);
  const [one, two] = await first.of('publish', 2);
  first.send({ cmd: 'pubrec', messageId: one!.messageId! });
  await first.of('pubrel');
  broker.connack = () => ({ sessionPresent: true });
  first.drop();
  const second = await broker.connection(LINK, 2);
  expect(second.connect.clean).toBe(false);
  const [released] = await second.of('pubrel');
  const [again] = await second.of('publish');
  expect(released!.messageId).toBe(one!.messageId);
  expect(again).toMatchObject({ messageId: two!.messageId, dup: true, qos: 2 });
  second.send({ cmd: 'pubcomp', messageId: one!.messageId! });
  second.send({ cmd: 'pubrec', messageId: two!.messageId! });
  await second.of('pubrel', 2);
  second.send({ cmd: 'pubcomp', messageId: two!.messageId! });
  await until(() => expect(a.status).toMatchObject({ waiting: 0, counters: { out: 2 } }));
});

test('a refusal for good holds nothing up, one that passes is tried again', async () => {
  const node = await world.node('a');
  const a = await bridge(node, OUT);
  const first = await broker.connection(LINK);
  for (const text of numbers(2)) await node.mesh.publish('out/x', text);
  const [one, two] = await first.of('publish', 2);
  first.send({ cmd: 'puback', messageId: one!.messageId!, reasonCode: 0x87 });
  first.send({ cmd: 'puback', messageId: two!.messageId!, reasonCode: 0x97 });
  const second = await broker.connection(LINK, 2);
  const [again] = await second.of('publish');
  expect(String(again!.payload)).toBe('2');
  second.send({ cmd: 'puback', messageId: again!.messageId! });
  await until(() => expect(a.status).toMatchObject({ waiting: 0, counters: { out: 1, outRefused: 1 } }));
});

test('a message larger than the broker takes is left out and told', async () => {
  broker.connack = () => ({ properties: { maximumPacketSize: 1_000 } });
  const node = await world.node('a');
  const a = await bridge(node, OUT);
  const connection = await broker.connection(LINK);
  await node.mesh.publish('out/x', 'b'.repeat(2_000));
  await node.mesh.publish('out/x', 'small');
  await connection.of('publish');
  expect(contents(connection)).toEqual(['out/x small']);
  expect(a.status.alarms).toEqual(['1 messages that the broker never takes did not go out']);
});

test('texts that MQTT has no form for hold nothing up', async () => {
  const node = await world.node('a');
  await bridge(node, OUT);
  const connection = await broker.connection(LINK);
  const headers = {
    nul: '\0',
    '': 'e',
    'mqtt-correlation-data': '?',
    'mqtt-response-topic': '#',
    'mqtt-user-properties': '[',
  };
  await node.mesh.publish('out/x', 'odd', { headers, contentType: '\0' });
  await node.mesh.publish('out/x', 'end', { headers: { 'sedge-path': 'p'.repeat(5_000) } });
  await connection.of('publish', 2);
  expect(contents(connection)).toEqual(['out/x odd', 'out/x end']);
});

test('a message with more properties than the mesh takes holds nothing up', async () => {
  const a = await bridge(await world.node('a'), IN);
  const connection = await broker.connection('b');
  await connection.of('subscribe');
  const userProperties = Object.fromEntries(numbers(40).map((name) => [name, 'v'.repeat(30_000)]));
  connection.publish({ messageId: 1, payload: 'much', properties: { userProperties } });
  connection.publish({
    messageId: 2,
    payload: 'odd',
    properties: { contentType: '', userProperties: { __proto__: 'x', constructor: 'y', '': 'z' } as never },
  });
  connection.publish({ messageId: 3, payload: 'end', properties: { messageExpiryInterval: 0 } });
  const answers = await connection.of('puback', 3);
  expect(answers.map(({ messageId }) => messageId)).toEqual([1, 2, 3]);
  await until(() => expect(a.payloads('in/').at(-1)).toBe('end'));
  expect(a.status.counters.in + a.status.counters.inRefused).toBe(3);
});

test('a session that another client takes over is not fought for', async () => {
  const node = await world.node('a');
  const a = await bridge(node, { ...IN, ...OUT });
  const first = await broker.connection('b');
  await first.of('subscribe');
  first.send({ cmd: 'disconnect', reasonCode: 0x8e });
  await until(() =>
    expect(a.status.session).toMatchObject({ connected: false, reason: 'the broker said 0x8e' }),
  );
  // Not after the link was away and is there again either.
  (await broker.connection(LINK)).drop();
  const link = await broker.connection(LINK, 2);
  for (const count of [1, 2, 3]) {
    await node.mesh.publish('out/x', `${count}`);
    const sent = await link.of('publish', count);
    link.send({ cmd: 'puback', messageId: sent.at(-1)!.messageId! });
    await until(() => expect(a.status.counters.out).toBe(count));
  }
  expect(a.status).toMatchObject({ role: 'carrier', alarms: ['nothing comes in: the broker said 0x8e'] });
  expect(broker.connections.filter(({ connect }) => connect.clientId === 'b')).toHaveLength(1);
});

test('a broker that refuses is told of in the status, and asked again', async () => {
  broker.connack = () => ({ reasonCode: 0x87, returnCode: 5 });
  const a = await bridge(await world.node('a'), OUT);
  await until(() => expect(a.status).toMatchObject({ role: 'no-link', link: { connected: false } }));
  await until(() => expect(a.status.link.reason).toMatch(/0x87/));
  broker.connack = () => ({});
  await until(() => expect(a.status.role).toBe('carrier'));
});

test('a broker that sends what is not MQTT is left, and asked again', async () => {
  await bridge(await world.node('a'), IN);
  const first = await broker.connection('b');
  await first.of('subscribe');
  first.raw(Buffer.from([0x3f, 0xff, 0xff, 0xff, 0xff, 0xff]));
  await broker.connection('b', 2);
  expect(first.closed).toBe(true);
});

test('3.1.1 carries topics that differ, without properties', async () => {
  const node = await world.node('a');
  const a = await bridge(node, { ...IN, ...OUT, version: '3.1.1' });
  const link = await broker.connection(LINK);
  const session = await broker.connection('b');
  expect(session.connect).toMatchObject({ protocolVersion: 4, clean: false });
  await session.of('subscribe');
  await node.mesh.publish('out/x', '1', { headers: { unit: 'C' } });
  session.publish({ messageId: 1, payload: 'go' });
  await session.of('puback');
  const [sent] = await link.of('publish');
  expect(sent).toMatchObject({ topic: 'out/x', qos: 1 });
  expect(sent!.properties).toBeUndefined();
  await until(() => expect(a.payloads('in/')).toEqual(['go']));
});
