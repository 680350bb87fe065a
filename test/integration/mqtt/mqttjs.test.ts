import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Sedge } from '../cli/sedge-process.ts';
import { startTwoBrokers, type TwoBrokers } from './two-brokers.ts';

interface Got {
  readonly payload: Buffer;
  readonly packet: IPublishPacket;
}

/** The version as MQTT.js is told it. */
const VERSIONS = {
  '3.1': { protocolVersion: 3, protocolId: 'MQIsdp' },
  '3.1.1': { protocolVersion: 4 },
  '5': { protocolVersion: 5 },
} as const;

describe('MQTT.js', () => {
  const sedge = new Sedge();
  const open = new Set<MqttClient>();
  let brokers: TwoBrokers;

  beforeAll(async () => {
    brokers = await startTwoBrokers(sedge, '--mqtt-websocket', '0');
  }, 60_000);

  afterEach(() => {
    for (const client of open) client.end(true);
    open.clear();
  });
  afterAll(() => sedge.cleanUp());

  async function client(port: string, options: IClientOptions, url = `mqtt://127.0.0.1:${port}`) {
    const connected = await connectAsync(url, { reconnectPeriod: 0, ...options });
    open.add(connected);
    const got: Got[] = [];
    connected.on('message', (_topic, payload, packet) => got.push({ payload, packet }));
    return { client: connected, got };
  }

  const texts = (got: readonly Got[]) => got.map(({ payload }) => payload.toString());

  async function count(got: readonly Got[], wanted: number): Promise<void> {
    await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(wanted), { timeout: 20_000 });
  }

  describe.each(['3.1', '3.1.1', '5'] as const)('version %s', (version) => {
    const told: IClientOptions = VERSIONS[version];
    const topic = `js/${version}`;
    const keeping = (clientId: string): IClientOptions => ({
      ...told,
      clientId,
      clean: false,
      ...(version === '5' ? { properties: { sessionExpiryInterval: 600 } } : {}),
    });

    test('2,000 messages of each QoS arrive at another node, in their order', async () => {
      const [publisher, subscriber] = [
        await client(brokers.portA, told),
        await client(brokers.portB, { ...told }),
      ];
      await subscriber.client.subscribeAsync(`${topic}/order/+`, { qos: 2 });
      const sent = Array.from({ length: 2_000 }, (_, number) => String(number));
      for (const qos of [0, 1, 2] as const) {
        subscriber.got.length = 0;
        // MQTT.js takes no heed of the receive maximum of version 5 (1,024 here): no more than 1,000 at once.
        for (const half of [sent.slice(0, 1_000), sent.slice(1_000)]) {
          await Promise.all(
            half.map((number) => publisher.client.publishAsync(`${topic}/order/${qos}`, number, { qos })),
          );
        }
        await count(subscriber.got, sent.length);
        expect(texts(subscriber.got)).toEqual(sent);
        expect(new Set(subscriber.got.map(({ packet }) => packet.qos))).toEqual(new Set([qos]));
      }
    });

    test('200 KB, a retained value and its end, a will, and five messages for who was away', async () => {
      const { client: publisher } = await client(brokers.portA, told);
      const subscriber = await client(brokers.portB, told);
      const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256));
      await subscriber.client.subscribeAsync([`${topic}/big`, `${topic}/will`], { qos: 2 });
      await publisher.publishAsync(`${topic}/big`, bytes, { qos: 2 });
      await count(subscriber.got, 1);
      expect(subscriber.got[0]!.payload.equals(bytes)).toBe(true);

      const will = { topic: `${topic}/will`, payload: Buffer.from('gone'), qos: 1 as const, retain: false };
      const dying = await client(brokers.portA, { ...told, will });
      dying.client.stream.destroy();
      await count(subscriber.got, 2);
      expect(texts(subscriber.got)[1]).toBe('gone');

      const sleeper = await client(brokers.portB, keeping(`js-sleeper-${version}`));
      await sleeper.client.subscribeAsync(`${topic}/asleep`, { qos: 1 });
      await sleeper.client.endAsync();
      for (const number of [0, 1, 2, 3, 4])
        await publisher.publishAsync(`${topic}/asleep`, String(number), { qos: 1 });
      const woken = await client(brokers.portB, keeping(`js-sleeper-${version}`));
      await count(woken.got, 5);
      expect(texts(woken.got)).toEqual(['0', '1', '2', '3', '4']);

      await publisher.publishAsync(`${topic}/kept/a`, 'value', { qos: 1, retain: true });
      const late = await client(brokers.portB, told);
      await late.client.subscribeAsync(`${topic}/kept/+`, { qos: 1 });
      await count(late.got, 1);
      expect(late.got.map(({ payload, packet }) => [payload.toString(), packet.retain])).toEqual([
        ['value', true],
      ]);
      await late.client.publishAsync(`${topic}/kept/a`, '', { qos: 1, retain: true });
      await late.client.publishAsync(`${topic}/kept/b`, 'other', { qos: 1, retain: true });
      const later = await client(brokers.portB, told);
      await later.client.subscribeAsync(`${topic}/kept/+`, { qos: 1 });
      await count(later.got, 1);
      expect(texts(later.got)).toEqual(['other']);
    });
  });

  test('over WebSocket, with the properties of version 5 as they were sent', async () => {
    const five = VERSIONS['5'];
    const url = `ws://127.0.0.1:${brokers.webSocketPortA}`;
    const { client: publisher } = await client(brokers.portA, { ...five, path: '/mqtt' }, url);
    const subscriber = await client(brokers.portB, five);
    await subscriber.client.subscribeAsync('js/properties', {
      qos: 1,
      properties: { subscriptionIdentifier: 7 },
    });
    const properties = {
      contentType: 'application/json',
      responseTopic: 'js/answers',
      correlationData: Buffer.from([0, 255]),
      userProperties: { unit: 'C', place: ['a', 'b'] },
    };
    await publisher.publishAsync('js/properties', '{}', { qos: 1, properties });
    await count(subscriber.got, 1);
    const got = subscriber.got[0]!.packet.properties!;
    expect(got).toMatchObject({
      ...properties,
      userProperties: expect.anything(),
      subscriptionIdentifier: 7,
    });
    expect({ ...got.userProperties }).toEqual(properties.userProperties);
  });
});
