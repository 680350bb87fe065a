import { connectAsync, type MqttClient } from 'mqtt';
import { BENCH_TOPIC, type Endpoint, type EndpointOptions } from './endpoint.ts';
import { PayloadQueue } from './payload-queue.ts';

/** Connections that are made at once. */
const CONNECTING_MAX = 50;

/** MQTT.js as clients of a broker, with 3.1.1 and QoS 1; what is published is dealt out to them in turn. */
export async function openMqttEndpoint({ broker }: EndpointOptions): Promise<Endpoint> {
  if (broker === undefined) throw new Error('A client of MQTT needs a port.');
  const clients: MqttClient[] = [];
  while (clients.length < broker.clients) {
    const count = Math.min(CONNECTING_MAX, broker.clients - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: count }, () => connect(broker.port)))));
  }
  const queue = new PayloadQueue();
  let turn = 0;
  return {
    addresses: () => [],
    publish: (payload) =>
      clients[turn++ % clients.length]!.publishAsync(BENCH_TOPIC, Buffer.from(payload.buffer), { qos: 1 }),
    async subscribe() {
      const [client] = clients;
      client!.on('message', (_topic, payload) => queue.push(payload));
      await client!.subscribeAsync(BENCH_TOPIC, { qos: 1 });
      return queue;
    },
    isConnected: async () => true,
    stored: async () => null,
    async close() {
      queue.close();
      await Promise.all(clients.map((client) => client.endAsync()));
    },
  };
}

function connect(port: number): Promise<MqttClient> {
  return connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0 });
}
