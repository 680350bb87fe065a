import type { VirtualHost, VirtualSocket } from '../../src/index.ts';
import { ByteConnection } from './byte-connection.ts';
import type { LinkConditions } from './link-conditions.ts';

/** What a packet without data weighs. */
const PACKET_BYTES = 40;

/**
 * TCP as libp2p sees it, within one process: hosts that listen and connect, ordered pipes of bytes between them.
 * Nothing is ever lost within a connection: a link is late, or it swallows until it opens again, or it is cut and
 * its connections with it.
 */
export class ByteNetwork {
  readonly #conditions: LinkConditions;
  readonly #hosts = new Map<string, ByteHost>();
  readonly #connections = new Set<ByteConnection>();
  readonly #unwatch: () => void;

  constructor(conditions: LinkConditions) {
    this.#conditions = conditions;
    this.#unwatch = conditions.onChange((a, b) => this.#changed(a, b));
  }

  /** A new machine, or a new life of one, under a name. */
  host(name: string): ByteHost {
    const host = new ByteHost(name, {
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

  /** Ends all connections; nothing is scheduled any more. */
  stop(): void {
    this.#unwatch();
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Takes one round trip. */
  async #connect(from: ByteHost, to: string, signal: AbortSignal): Promise<VirtualSocket> {
    signal.throwIfAborted();
    await this.#travel(from.name, to, signal);
    const target = this.#hosts.get(to);
    if (target === undefined || !target.isListening) {
      // A machine without power says nothing at all.
      const way = target?.state === 'no-power' ? null : to;
      await this.#travel(way, from.name, signal);
      throw new Error('connection refused');
    }
    const connection = new ByteConnection(this.#conditions, [from, target], {
      onOver: () => this.#connections.delete(connection),
      answers: (name) => this.#hosts.get(name)?.state !== 'no-power',
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

  /** Resolves when one packet is there. What is swallowed, or sent by nobody, is never there. */
  #travel(from: string | null, to: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const state = from === null ? 'black-hole' : this.#conditions.state(from, to);
    if (state === 'cut') return Promise.reject(new Error('no route to host'));
    let timer: NodeJS.Timeout | undefined;
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (from !== null && state === 'open') {
      const arrive = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      timer = setTimeout(arrive, this.#conditions.send(from, to, PACKET_BYTES));
    }
    return promise;
  }

  #changed(a: string, b: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.isBetween(a, b)) connection.linkChanged();
    }
  }
}

interface HostNetwork {
  readonly connect: (to: string, signal: AbortSignal) => Promise<VirtualSocket>;
  readonly connections: () => readonly ByteConnection[];
}

/** One life of a machine in a {@link ByteNetwork}. */
export class ByteHost implements VirtualHost {
  readonly name: string;
  readonly #network: HostNetwork;
  #onSocket: ((socket: VirtualSocket) => void) | null = null;
  #state: 'up' | 'no-process' | 'no-power' = 'up';

  constructor(name: string, network: HostNetwork) {
    this.name = name;
    this.#network = network;
  }

  get address(): string {
    return `/memory/${this.name}`;
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
    return this.#network.connect(address.replace('/memory/', ''), signal);
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
