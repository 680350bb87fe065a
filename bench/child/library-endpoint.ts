import { openMesh } from '../../src/index.ts';
import { BENCH_TOPIC, type Endpoint, type EndpointOptions } from './endpoint.ts';

/** Messages asked for at once: as many as an entry holds at most, times four. */
const BATCH_MESSAGES_MAX = 1_024;

/** A sedge node inside this process: what an application that uses the library has. */
export async function openLibraryEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const mesh = await openMesh({
    directory: options.directory,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    peers: options.peers,
    mdns: false,
    discovery: false,
    ...(options.commitIntervalMs === undefined ? {} : { commitIntervalMs: options.commitIntervalMs }),
  });
  await mesh.start();
  return {
    addresses: () => mesh.addresses(),
    publish: (payload, ack, ttlSeconds) => {
      const wish = ack === 'replica' ? { replicas: 1 } : ack;
      return mesh.publish(BENCH_TOPIC, payload, {
        ack: wish,
        ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      });
    },
    subscribe: async (order) => {
      const subscription = await mesh.subscribe([BENCH_TOPIC], { from: 'new', order });
      return payloadBatches(() => subscription.nextBatch(BATCH_MESSAGES_MAX));
    },
    isConnected: async () => mesh.status().peersConnected > 0,
    stored: async () => mesh.status().channels.find((one) => one.channel === 'main')?.messages ?? 0,
    close: () => mesh.stop(),
  };
}

/** Payloads of the messages of each batch, until there are no more batches. */
async function* payloadBatches(
  nextBatch: () => Promise<readonly { readonly kind: string; readonly payload?: Uint8Array }[] | null>,
): AsyncGenerator<readonly Uint8Array[]> {
  for (let batch = await nextBatch(); batch !== null && batch.length > 0; batch = await nextBatch()) {
    yield batch.flatMap((delivery) => (delivery.payload === undefined ? [] : [delivery.payload]));
  }
}
