import { afterAll, beforeAll, expect, test } from 'vitest';
import { MqttClient } from '../../unit/node/mqtt/mqtt-client.ts';
import { objects, Sedge } from '../cli/sedge-process.ts';

const sedge = new Sedge();
let directory: string;

beforeAll(async () => {
  directory = await sedge.directory();
});

afterAll(() => sedge.cleanUp());

const SESSION = { clientId: 'meter', clean: false } as const;
const ROUNDS = 6;
const IN_ROUND = 40;

interface Sent {
  readonly messageId: number;
  readonly payload: string;
  readonly qos: 1 | 2;
  /** The PUBREC came: only PUBREL is sent again. */
  received: boolean;
}

type Agent = Parameters<Sedge['kill']>[0];

async function startAgent(at: string): Promise<{ child: Agent; port: number }> {
  const { child, ready } = await sedge.startAgent(at, '--mqtt', '0');
  const port = Number((ready as unknown as { mqtt: string[] }).mqtt[0]!.split(':').at(-1));
  return { child, port };
}

async function start(): Promise<{ child: Agent; client: MqttClient }> {
  const { child, port } = await startAgent(directory);
  const client = await MqttClient.open(port);
  await client.connect(SESSION);
  return { child, client };
}

/** Takes in so many answers; what came with them and is not looked at is lost with the connection. */
async function answered(client: MqttClient, open: Map<number, Sent>, answersMax: number): Promise<void> {
  for (let answers = 0; open.size > 0 && answers < answersMax; answers++) {
    const packet = await client.next();
    if (packet.cmd === 'closed') return;
    const id = 'messageId' in packet ? (packet.messageId ?? 0) : 0;
    if (packet.cmd === 'pubrec') {
      open.get(id)!.received = true;
      client.send({ cmd: 'pubrel', messageId: id });
    } else open.delete(id);
  }
}

test('what a client sends again after the agent was killed is there once, and nothing is lost', async () => {
  const open = new Map<number, Sent>();
  let messageId = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { child, client } = await start();
    for (const { messageId: id, payload, qos, received } of open.values()) {
      if (received) client.send({ cmd: 'pubrel', messageId: id });
      else client.send({ cmd: 'publish', topic: 'm', payload, qos, messageId: id, dup: true, retain: false });
    }
    for (let index = 0; index < IN_ROUND; index++) {
      messageId++;
      const sent: Sent = {
        messageId,
        payload: `${messageId}`,
        qos: index % 2 === 0 ? 1 : 2,
        received: false,
      };
      open.set(messageId, sent);
      client.send({ cmd: 'publish', topic: 'm', dup: false, retain: false, ...sent });
    }
    const last = round === ROUNDS - 1;
    // Killed at another moment each time: before, while and after the messages become durable and are answered.
    await answered(client, open, last ? Number.POSITIVE_INFINITY : round * 9);
    if (!last) await sedge.kill(child, 'SIGKILL');
    client.drop();
  }
  expect(open.size).toBe(0);
  const printed = await sedge.run(directory, [
    'sub',
    'm',
    '--from',
    'all',
    '--count',
    String(ROUNDS * IN_ROUND),
    '--wait',
    '20',
    '--json',
  ]);
  const payloads = objects(printed.stdout).map(({ payload }) => Number(payload));
  expect(payloads.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: ROUNDS * IN_ROUND }, (_, index) => index + 1),
  );
});

test('the will of a client that was connected when the agent was killed is published after its next start', async () => {
  const place = await sedge.directory();
  const { child, port } = await startAgent(place);
  const client = await MqttClient.open(port);
  await client.connect({ clientId: 'willed', will: { topic: 'will', payload: Buffer.from('gone'), qos: 1 } });
  await sedge.kill(child, 'SIGKILL');
  client.drop();
  await startAgent(place);
  const printed = await sedge.run(place, [
    'sub',
    'will',
    '--from',
    'all',
    '--count',
    '1',
    '--json',
    '--wait',
    '30',
  ]);
  expect(objects(printed.stdout)).toMatchObject([{ payload: 'gone', client: { id: 'willed' } }]);
});
