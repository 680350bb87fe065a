import { type GossipSub, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub';
import type { PeerId, Stream } from '@libp2p/interface';
import { sha256 } from '../bytes/index.ts';
import { assert, type Counters, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { type GossipInternals, internalsOf } from './gossip-internals.ts';
import { HeldBackReads } from './held-back-reads.ts';
import type { GossipHandler, GossipVerdict } from './overlay.ts';

/** Room for a message's frame: topic, lengths, and control messages that ride along. */
const RPC_ROOM_BYTES = 256 * 1024;

/** Bytes waiting at which gossipsub itself would end the stream: far above the mark at which peers are skipped. */
const OUTBOUND_BYTES_MAX = 64 * 1024 * 1024;

const MESSAGE_ID_BYTES = 20;

const RESULTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

/** Settings of {@link Gossip}. */
export interface GossipSettings {
  readonly gossipBytesMax: number;
  readonly gossipBacklogBytes: number;
  readonly log: Log;
  readonly counters: Counters;
  /** A message skipped a peer. */
  readonly onSkipped: (node: NodeId) => void;
  /** Told what is sent. */
  readonly onSent?: ((to: NodeId, bytes: number) => void) | undefined;
}

/**
 * Gossipsub, set up so that it neither dies, starves nor swells: see the README's table of traps. Flooding is
 * the fast path only; what it loses is sync's to bring.
 */
export class Gossip {
  readonly #settings: GossipSettings;
  readonly #handlers = new Map<string, GossipHandler>();
  #gossipsub: GossipSub | null = null;
  #internals: GossipInternals | null = null;
  #started = false;
  readonly #counted = new WeakSet<Stream>();
  /** Bytes handed to gossipsub that it has not put into streams yet: its `publish` takes some microtasks. */
  #pendingBytes = 0;

  constructor(settings: GossipSettings) {
    this.#settings = settings;
  }

  /** The libp2p service. */
  service(): (components: Parameters<ReturnType<typeof gossipsub>>[0]) => GossipSub {
    return (components) => {
      const service = gossipsub(this.#options())(components);
      this.#gossipsub = service;
      this.#internals = internalsOf(service);
      this.#holdBackReaders(this.#internals);
      this.#skipSlowPeers(this.#internals);
      return service;
    };
  }

  /** What the watchdog looks at. */
  get internals(): GossipInternals {
    assert(this.#internals !== null, 'the gossip service was made');
    return this.#internals;
  }

  /** Subscribes to what was joined before the start. */
  start(): void {
    this.#started = true;
    for (const [topic, handler] of this.#handlers) this.#subscribe(topic, handler);
  }

  /** Nothing is sent or delivered any more. */
  stop(): void {
    this.#started = false;
    this.#gossipsub = null;
    this.#internals = null;
    this.#pendingBytes = 0;
  }

  /** Calls back where {@link reaches} may have become true for a peer. */
  onChange(listener: (node: NodeId) => void): void {
    this.#gossipsub?.addEventListener('subscription-change', (event) => {
      listener(event.detail.peerId.toString() as NodeId);
    });
    const internals = this.internals;
    const createOutboundStream = internals.createOutboundStream.bind(internals);
    internals.createOutboundStream = async (peer, connection) => {
      await createOutboundStream(peer, connection);
      const node = peer.toString() as NodeId;
      this.#countSent(node, internals);
      listener(node);
    };
  }

  #countSent(node: NodeId, internals: GossipInternals): void {
    const { onSent } = this.#settings;
    const stream = internals.streamsOutbound.get(node)?.rawStream;
    if (onSent === undefined || stream === undefined || this.#counted.has(stream)) return;
    this.#counted.add(stream);
    const send = stream.send.bind(stream);
    stream.send = (data) => {
      onSent(node, data.byteLength);
      return send(data);
    };
  }

  join(topic: string, handler: GossipHandler): void {
    assert(!this.#handlers.has(topic), 'a topic is joined once');
    this.#handlers.set(topic, handler);
    if (this.#started) this.#subscribe(topic, handler);
  }

  /** True if a message published now reaches the peer: a stream is open and it joined a topic of ours. */
  reaches(node: NodeId): boolean {
    const internals = this.#internals;
    if (internals === null) return false;
    if (!internals.streamsOutbound.has(node)) return false;
    if (this.#handlers.size === 0) return true;
    for (const topic of this.#handlers.keys()) {
      if (internals.topics.get(topic)?.has(node) === true) return true;
    }
    return false;
  }

  publish(topic: string, data: Uint8Array): boolean {
    assert(data.length <= this.#settings.gossipBytesMax, 'a gossip message is within the limit');
    const service = this.#gossipsub;
    if (service === null || !this.#started) return false;
    if (!this.#hasRoom(topic)) return false;
    this.#pendingBytes += data.length;
    service
      .publish(topic, data)
      .catch((error: unknown) => {
        this.#settings.log.warn({ error: String(error) }, 'gossip could not publish');
      })
      .finally(() => {
        this.#pendingBytes = Math.max(0, this.#pendingBytes - data.length);
      });
    return true;
  }

  /** False where every peer of the topic is over its mark: what gossipsub saw once it never sends again. */
  #hasRoom(topic: string): boolean {
    if (this.#pendingBytes > this.#settings.gossipBacklogBytes) return false;
    const internals = this.internals;
    const peers = internals.topics.get(topic);
    if (peers === undefined || peers.size === 0) return true;
    const most = this.#settings.gossipBacklogBytes;
    return [...peers].some((peer) => this.#backlogBytes(internals, peer) <= most);
  }

  #backlogBytes(internals: GossipInternals, peer: string): number {
    return internals.streamsOutbound.get(peer)?.rawStream.writeBufferLength ?? 0;
  }

  #subscribe(topic: string, handler: GossipHandler): void {
    const service = this.#gossipsub;
    assert(service !== null, 'the gossip service was made');
    service.topicValidators.set(topic, async (from: PeerId, message) => {
      if (message.data.length > this.#settings.gossipBytesMax) return TopicValidatorResult.Reject;
      try {
        return RESULTS[await handler(message.data, from.toString() as NodeId)];
      } catch (error) {
        // A bug above must not pass for a verdict, nor end the peer's stream.
        this.#settings.log.error({ topic, error: String(error) }, 'a gossip handler threw');
        return TopicValidatorResult.Ignore;
      }
    });
    service.subscribe(topic);
  }

  /** gossipsub reads ahead without bound while a handler is busy; a slow reader has to hold its peers back. */
  #holdBackReaders(internals: GossipInternals): void {
    const createInboundStream = internals.createInboundStream.bind(internals);
    internals.createInboundStream = (peer, stream) => createInboundStream(peer, heldBack(stream));
  }

  /** A peer that does not keep up gets no further messages for a while; control messages still go. */
  #skipSlowPeers(internals: GossipInternals): void {
    const sendRpc = internals.sendRpc.bind(internals);
    // What a publish was promised room for must not be skipped when gossipsub gets to it.
    const skipBytes = 3 * this.#settings.gossipBacklogBytes;
    internals.sendRpc = (peer, rpc) => {
      if (rpc.messages.length > 0 && this.#backlogBytes(internals, peer) > skipBytes) {
        this.#settings.counters.count('overlay.peer-slow', rpc.messages.length);
        this.#settings.onSkipped(peer as NodeId);
        return false;
      }
      return sendRpc(peer, rpc);
    };
  }

  #options(): Parameters<typeof gossipsub>[0] {
    const messageId = (data: Uint8Array) => sha256(data).subarray(0, MESSAGE_ID_BYTES);
    return {
      // Entries carry their own signature, and a second one costs two thirds of the throughput.
      globalSignaturePolicy: 'StrictNoSign',
      // Of all bytes: the seen-cache is filled before a handler looks, so an id that a forger can copy blocks.
      msgIdFn: (message) => messageId(message.data),
      msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1'),
      floodPublish: true,
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      tagMeshPeers: false,
      fallbackToFloodsub: false,
      gossipsubIWantFollowupMs: 12_000,
      // Handlers are called one at a time for each peer, in order of arrival.
      awaitRpcHandler: true,
      awaitRpcMessageHandler: true,
      maxInboundDataLength: this.#settings.gossipBytesMax + RPC_ROOM_BYTES,
      maxOutboundBufferSize: OUTBOUND_BYTES_MAX,
      // Small meshes: everyone is in everyone's mesh up to 8, and duplicates cost less than a lost path.
      D: 5,
      Dlo: 3,
      Dhi: 8,
      Dscore: 2,
      Dout: 1,
      // What gossip lost is sync's to bring; a long history would keep 40 MB at full rate.
      mcacheLength: 2,
      mcacheGossip: 1,
      scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
    };
  }
}

/**
 * A stream as gossipsub reads it: held back while its handlers are busy, and reset once gossipsub no longer reads
 * it. Otherwise the sender would go on for ever into a stream that nobody reads, and report recipients.
 */
function heldBack(stream: Stream): Stream {
  const reads = new HeldBackReads(stream);
  const reset = () => {
    if (stream.status === 'open') stream.abort(new Error('gossip no longer reads this stream'));
  };
  const reader = {
    async *[Symbol.asyncIterator]() {
      try {
        for (let chunks = await reads.next(); chunks !== null; chunks = await reads.next()) yield* chunks;
      } finally {
        reset();
      }
    },
    close: async () => reset(),
    abort: reset,
  };
  return reader as unknown as Stream;
}
