import type { VirtualHost, VirtualSocket } from '../../src/index.ts';
import { ByteConnection } from './byte-connection.ts';
import { ModelFlow, type ModelLink } from './model-link.ts';

/** What a packet without data weighs. */
const PACKET_BYTES = 40;

/**
 * TCP as libp2p sees it, within one process: hosts that listen and connect, ordered pipes of bytes between them.
 * Nothing is ever lost within a connection: a link is late, or it is silent until it is up again, or it is down and
 * its connections with it.
 */
export class ByteNetwork {
  readonly #linkOf: (from: string, to: string) => ModelLink;
  readonly #hosts = new Map<string, ByteHost>();
  readonly #connections = new Set<ByteConnection>();

  constructor(linkOf: (from: string, to: string) => ModelLink) {
    this.#linkOf = linkOf;
  }

  /** A new machine, or a new life of one, under a name. */
  host(name: string): ByteHost {
    const host: ByteHost = new ByteHost(name, {
      connect: (to, signal) => this.#connect(host, to, signal),
      connections: () => [...this.#connections].filter((connection) => connection.hasEndAt(host)),
    });
    this.#hosts.set(name, host);
    return host;
  }

  /** Connections that are not over at both ends. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The link between two hosts went down: both ends of each connection know. */
  cut(a: string, b: string): void {
    for (const connection of [...this.#connections]) if (connection.isBetween(a, b)) connection.cut();
  }

  /** Ends all connections. */
  stop(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Takes one round trip. */
  async #connect(from: ByteHost, address: string, signal: AbortSignal): Promise<VirtualSocket> {
    signal.throwIfAborted();
    const to = nameOf(address);
    await this.#travel(from.name, to, signal);
    const target = this.#hosts.get(to);
    if (target === undefined || !target.isListening) {
      // A machine without power says nothing at all.
      await this.#travel(target?.state === 'no-power' ? null : to, from.name, signal);
      throw new Error('connection refused');
    }
    const connection = new ByteConnection([from, target], {
      linkOf: this.#linkOf,
      answers: (name) => this.#hosts.get(name)?.state !== 'no-power',
      onOver: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    const [near, far] = connection.sockets;
    target.accept(far);
    try {
      await this.#travel(to, from.name, signal);
    } catch (error) {
      near.reset();
      throw error;
    }
    return near;
  }

  /** Resolves when one packet is there. What is sent by nobody is never there; what a silent link holds comes late. */
  #travel(from: string | null, to: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const link = from === null ? null : this.#linkOf(from, to);
    if (link?.state === 'down') return Promise.reject(new Error('no route to host'));
    const flow = new ModelFlow();
    const abort = () => {
      link?.end(flow);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    const arrive = () => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    link?.send(flow, { kind: 'connection', bytes: PACKET_BYTES, arrive });
    return promise;
  }
}

interface HostNetwork {
  readonly connect: (to: string, signal: AbortSignal) => Promise<VirtualSocket>;
  readonly connections: () => readonly ByteConnection[];
}

/** One life of a machine in a {@link ByteNetwork}. */
export class ByteHost implements VirtualHost {
  readonly name: string;
  readonly address: string;
  readonly #network: HostNetwork;
  #onSocket: ((socket: VirtualSocket) => void) | null = null;
  #state: 'up' | 'no-process' | 'no-power' = 'up';

  constructor(name: string, network: HostNetwork) {
    this.name = name;
    this.address = addressOf(name);
    this.#network = network;
  }

  get state(): 'up' | 'no-process' | 'no-power' {
    return this.#state;
  }

  get isListening(): boolean {
    return this.#onSocket !== null;
  }

  listen(onSocket: (socket: VirtualSocket) => void): () => void {
    if (this.#onSocket !== null) throw new Error(`somebody listens at ${this.address} already`);
    if (this.#state === 'up') this.#onSocket = onSocket;
    return () => {
      this.#onSocket = null;
    };
  }

  connect(address: string, signal: AbortSignal): Promise<VirtualSocket> {
    if (this.#state !== 'up') return Promise.reject(new Error('the process is gone'));
    return this.#network.connect(address, signal);
  }

  /** Somebody connected. */
  accept(socket: VirtualSocket): void {
    this.#onSocket?.(socket);
  }

  /**
   * Ends this life: `no-process` as `kill -9` does, peers are told; `no-power` as a pulled plug does, they are
   * not. Whatever still runs here reaches nobody any more.
   */
  crash(state: 'no-process' | 'no-power'): void {
    this.#onSocket = null;
    this.#state = state;
    for (const connection of this.#network.connections()) connection.crash(this);
  }
}

const PREFIX = '/memory/';

/** Where a host of a name is reached; names are anything, a multiaddr's parts are not. */
export function addressOf(name: string): string {
  return `${PREFIX}${encodeURIComponent(name)}`;
}

function nameOf(address: string): string {
  return decodeURIComponent(address.slice(PREFIX.length));
}
