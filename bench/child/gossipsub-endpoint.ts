import { type GossipSub, gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { BENCH_TOPIC, type Endpoint, type EndpointOptions } from './endpoint.ts';
import { PayloadQueue } from './payload-queue.ts';

/**
 * Plain js-libp2p gossipsub as its documentation sets it up (StrictSign, one message a publish, nothing kept):
 * what sedge's figures are compared with.
 */
export async function openGossipsubEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  });
  const pubsub: GossipSub = node.services.pubsub;
  const queue = new PayloadQueue();
  pubsub.addEventListener('message', (event) => {
    if (event.detail.topic === BENCH_TOPIC) queue.push(event.detail.data);
  });
  pubsub.subscribe(BENCH_TOPIC);
  for (const peer of options.peers) await node.dial(multiaddr(peer));
  return {
    addresses: () => node.getMultiaddrs().map(String),
    publish: (payload) => pubsub.publish(BENCH_TOPIC, payload),
    subscribe: async () => queue,
    isConnected: async () => pubsub.getSubscribers(BENCH_TOPIC).length > 0,
    stored: async () => null,
    close: async () => {
      queue.close();
      await node.stop();
    },
  };
}
