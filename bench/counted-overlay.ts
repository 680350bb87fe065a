import type {
  GossipHandler,
  NodeId,
  Overlay,
  OverlayStream,
  PeerEvent,
  PeerInfo,
  PeerSource,
} from '../src/index.ts';

/** What went over the sync streams of a node since the last reset, lengths of frames included. */
export interface SyncBytes {
  out: number;
  in: number;
}

/** Bytes of a frame's length on the wire. */
const LENGTH_BYTES = 4;
const CONTROL_PROTOCOL = '/sedge/sync/1';
/** A CBOR array whose first item is 0: the grant, which is shown once a connection. */
const GRANT = { majorType: 4, type: 0 };

/** An overlay that counts what sync sends and gets, without the grants, and that can be handed gossip from outside. */
export class CountedOverlay implements Overlay {
  readonly self: NodeId;
  readonly bytes: SyncBytes = { out: 0, in: 0 };
  readonly #overlay: Overlay;
  #gossip: GossipHandler | null = null;

  constructor(overlay: Overlay) {
    this.#overlay = overlay;
    this.self = overlay.self;
  }

  /** Hands over an entry as if somebody had gossiped it. */
  async gossipIn(entry: Uint8Array): Promise<void> {
    await this.#gossip?.(entry, this.self);
  }

  start(): Promise<void> {
    return this.#overlay.start();
  }

  stop(): Promise<void> {
    return this.#overlay.stop();
  }

  addresses(): readonly string[] {
    return this.#overlay.addresses();
  }

  want(address: string, source: PeerSource): void {
    this.#overlay.want(address, source);
  }

  unwant(node: NodeId): void {
    this.#overlay.unwant(node);
  }

  peers(): readonly PeerInfo[] {
    return this.#overlay.peers();
  }

  onPeer(listener: (event: PeerEvent) => void): () => void {
    return this.#overlay.onPeer(listener);
  }

  join(topic: string, handler: GossipHandler): void {
    this.#gossip = handler;
    this.#overlay.join(topic, handler);
  }

  publish(topic: string, data: Uint8Array): boolean {
    return this.#overlay.publish(topic, data);
  }

  onSkipped(listener: (node: NodeId) => void): () => void {
    return this.#overlay.onSkipped(listener);
  }

  handle(protocol: string, handler: (stream: OverlayStream) => void | Promise<void>): void {
    this.#overlay.handle(protocol, (stream) => handler(counted(stream, this.bytes)));
  }

  async open(
    node: NodeId,
    protocol: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<OverlayStream> {
    return counted(await this.#overlay.open(node, protocol, options), this.bytes);
  }
}

function counted(stream: OverlayStream, bytes: SyncBytes): OverlayStream {
  return {
    peer: stream.peer,
    protocol: stream.protocol,
    send: (frame) => {
      bytes.out += sizeOf(stream, frame);
      return stream.send(frame);
    },
    frames: {
      async *[Symbol.asyncIterator]() {
        for await (const frame of stream.frames) {
          bytes.in += sizeOf(stream, frame);
          yield frame;
        }
      },
    },
    close: () => stream.close(),
    abort: () => stream.abort(),
  };
}

function sizeOf({ protocol }: OverlayStream, frame: Uint8Array): number {
  const isArray = frame[0]! >> 5 === GRANT.majorType;
  const isGrant = protocol === CONTROL_PROTOCOL && isArray && frame[1] === GRANT.type;
  return isGrant ? 0 : frame.length + LENGTH_BYTES;
}
