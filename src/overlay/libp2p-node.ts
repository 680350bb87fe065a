import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { GossipSub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import type { PeerDiscovery, PeerId, Transport } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p';
import type { NodeId } from '../identity/index.ts';
import type { Gossip } from './gossip.ts';
import type { ResolvedOverlayOptions } from './overlay-options.ts';
import { plainEncrypter } from './plain-encrypter.ts';
import { privateNetwork } from './private-network.ts';
import { silentLogger } from './silent-logger.ts';
import type { VirtualHost } from './virtual-host.ts';
import { virtualTransport } from './virtual-transport.ts';

/** The services of the node. */
export interface NodeServices extends Record<string, unknown> {
  readonly identify: Identify;
  readonly gossip: GossipSub;
}

/** A libp2p node as the overlay uses it. */
export type OverlayNode = Libp2p<NodeServices>;

/** Makes a transport of libp2p's components. */
type TransportFactory = NonNullable<Libp2pOptions['transports']>[number];

/** What {@link createNode} is made from besides the options. */
export interface NodeParts {
  readonly gossip: Gossip;
  readonly admits: (peer: PeerId) => boolean;
  /** Somebody without the network's secret called or answered. */
  readonly onStranger: () => void;
  readonly onDiscovered: (peer: PeerId, addresses: readonly string[]) => void;
  /** Where the node is in a network in memory, if it is not on the real one. */
  readonly virtual?: VirtualPlace | undefined;
}

/** A node in a network in memory; see {@link VirtualHost}. */
export interface VirtualPlace {
  readonly host: VirtualHost;
  /**
   * `plain`: neither private network nor Noise; who is who is believed. `noise`: both, as on the real network.
   */
  readonly security: 'plain' | 'noise';
  /** Told what is sent in streams, by protocol; all gossip is `gossip`. */
  readonly onSent?: (to: NodeId, kind: string, bytes: number) => void;
}

/** Longest for one dial; the supervisor gives each a time of its own, which is shorter. */
const DIAL_MS_MAX = 10_000;

/** Bytes that a peer may send on one stream before it hears that they were read. Yamux's least. */
const STREAM_WINDOW_BYTES = 256 * 1024;

/** Time for a peer to name the protocol of a stream. */
const NEGOTIATION_MS_MAX = 5_000;

/** libp2p, not yet started: every setting of it stands in this file. */
export async function createNode(options: ResolvedOverlayOptions, parts: NodeParts): Promise<OverlayNode> {
  const window = {
    initialStreamWindowSize: STREAM_WINDOW_BYTES,
    // A window that grows (to 16 MiB by default) lets one bulk stream fill every buffer before the others.
    maxStreamWindowSize: STREAM_WINDOW_BYTES,
  };
  const isPlain = parts.virtual?.security === 'plain';
  return createLibp2p<NodeServices>({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', options.seed),
    logger: silentLogger,
    nodeInfo: { name: 'sedge', version: '1', userAgent: 'sedge/1' },
    addresses: { listen: [...options.listen] },
    transports: [parts.virtual === undefined ? tcpTransport() : virtualTransport(parts.virtual.host)],
    ...(isPlain
      ? { connectionEncrypters: [plainEncrypter()] }
      : {
          connectionProtector: privateNetwork(options.networkSecret, parts.onStranger),
          connectionEncrypters: [noise()],
        }),
    streamMuxers: [yamux({ enableKeepAlive: false, streamOptions: window })],
    peerDiscovery: options.mdns ? [await mdnsDiscovery(options.realmId, parts.onDiscovered)] : [],
    connectionGater: gater(parts.admits),
    connectionManager: {
      maxConnections: options.maxConnections,
      // A hub behind which many nodes come back at once must not refuse them (5 a second by default).
      inboundConnectionThreshold: 1_000,
      maxIncomingPendingConnections: options.maxConnections,
      dialTimeout: DIAL_MS_MAX,
      addressDialTimeout: DIAL_MS_MAX,
      inboundUpgradeTimeout: DIAL_MS_MAX,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_MS_MAX,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_MS_MAX,
      // The supervisor reconnects: libp2p's own gives up after 31 s.
      reconnectRetries: 0,
    },
    // One lost ping would end a healthy, busy link: liveness is the overlay's own.
    connectionMonitor: { enabled: false },
    // By default addresses are forgotten after 1 h and peers after 6 h.
    peerStore: { maxAddressAge: Number.POSITIVE_INFINITY, maxPeerAge: Number.POSITIVE_INFINITY },
    services: { identify: identify(), gossip: parts.gossip.service() },
  });
}

function tcpTransport(): TransportFactory {
  const socket = { noDelay: true, keepAlive: true };
  const never = 0;
  return tcp({
    dialOpts: socket,
    listenOpts: socket,
    inboundSocketInactivityTimeout: never,
    outboundSocketInactivityTimeout: never,
  }) as (components: unknown) => Transport as TransportFactory;
}

function gater(admits: (peer: PeerId) => boolean): NonNullable<Libp2pOptions['connectionGater']> {
  const denies = (peer: PeerId) => !admits(peer);
  return {
    // libp2p's default for browsers denies private addresses; a mesh at the edge is made of them.
    denyDialMultiaddr: () => false,
    denyDialPeer: denies,
    denyInboundEncryptedConnection: denies,
    denyOutboundEncryptedConnection: denies,
  };
}

type DiscoveryFactory = NonNullable<Libp2pOptions['peerDiscovery']>[number];

/** Loaded only where it is used, and tagged by realm, so that realms in one network pass each other by. */
async function mdnsDiscovery(
  realmId: string,
  onDiscovered: NodeParts['onDiscovered'],
): Promise<DiscoveryFactory> {
  const { mdns } = await import('@libp2p/mdns');
  const make = mdns({ serviceTag: `_sedge-${realmId.slice(0, 32)}._udp.local`, interval: 10_000 });
  return (components) => {
    const discovery: PeerDiscovery = make(components as Parameters<typeof make>[0]);
    // libp2p's own event fires once for each peer for ever; this one fires with every announcement.
    discovery.addEventListener('peer', (event) => {
      const { id, multiaddrs } = event.detail;
      onDiscovered(
        id,
        multiaddrs.map((address) => address.toString()),
      );
    });
    return discovery;
  };
}
