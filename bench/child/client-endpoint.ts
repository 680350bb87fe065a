import {
  type AgentPublisher,
  type AgentSubscription,
  connectAgent,
} from '../../node/control/client/index.ts';
import { BENCH_TOPIC, type Endpoint, type EndpointOptions } from './endpoint.ts';

/** Messages taken at once. */
const BATCH_MESSAGES_MAX = 1_024;

/** A client of the agent that runs in the directory: what an application beside an agent has. */
export async function openClientEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const agent = connectAgent({ directory: options.directory });
  const publishers = new Map<string, AgentPublisher>();
  const subscriptions: AgentSubscription[] = [];
  return {
    addresses: () => [],
    publish(payload, ack, ttlSeconds) {
      let publisher = publishers.get(ack);
      if (publisher === undefined) {
        publisher = agent.publisher({ ack: ack === 'replica' ? { replicas: 1 } : ack });
        publishers.set(ack, publisher);
      }
      return publisher.publish(BENCH_TOPIC, payload, ttlSeconds === undefined ? undefined : { ttlSeconds });
    },
    async subscribe(order) {
      const subscription = agent.subscribe(BENCH_TOPIC, { from: 'new', order });
      subscriptions.push(subscription);
      await subscription.opened();
      return payloadBatches(subscription);
    },
    isConnected: async () => (await agent.status()).peersConnected > 0,
    stored: async () => (await agent.channels()).find((one) => one.channel === 'main')?.messages ?? 0,
    async close() {
      for (const publisher of publishers.values()) await publisher.close();
      for (const subscription of subscriptions) await subscription.close();
      await agent.close();
    },
  };
}

/** Payloads of the messages of each batch, until the subscription is closed. */
async function* payloadBatches(subscription: AgentSubscription): AsyncGenerator<readonly Uint8Array[]> {
  for (;;) {
    const batch = await subscription.nextBatch(BATCH_MESSAGES_MAX);
    if (batch.length === 0) return;
    yield batch.flatMap((delivery) => (delivery.kind === 'message' ? [delivery.payload] : []));
  }
}
