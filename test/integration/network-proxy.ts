import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the link does with connections. `swallowing` is a cable pulled behind a switch: nothing is ever answered. */
export type LinkState = 'open' | 'refusing' | 'swallowing';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/**
 * A link between two nodes that a test can cut: a TCP proxy on loopback. Nodes dial {@link address}; what they
 * send arrives at the target port. No privileges needed, one process, any platform.
 */
export class NetworkProxy {
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  #server: Server | null = null;
  #port = 0;
  #state: LinkState = 'open';
  /** Bytes a second and direction of each connection; 0 for no limit. */
  bytesPerSecond = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  /** A link to a port on loopback, or to the TCP port of a multiaddr. */
  static async to(target: number | string): Promise<NetworkProxy> {
    const port = typeof target === 'number' ? target : Number(/\/tcp\/(\d+)/.exec(target)?.[1]);
    const proxy = new NetworkProxy(port);
    await proxy.#listen();
    return proxy;
  }

  /** Where to dial, as a multiaddr; `node` adds who must answer. */
  address(node?: string): string {
    const suffix = node === undefined ? '' : `/p2p/${node}`;
    return `/ip4/127.0.0.1/tcp/${this.#port}${suffix}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Ends all connections; new ones are taken at once. */
  cut(): void {
    for (const pair of this.#pairs) {
      pair.near.resetAndDestroy();
      pair.far.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Ends all connections and refuses new ones, as a machine without the program does. */
  async refuse(): Promise<void> {
    this.#state = 'refusing';
    this.cut();
    await this.#close();
  }

  /** Keeps all connections, takes new ones, and passes nothing on. */
  async swallow(): Promise<void> {
    if (this.#server === null) await this.#listen();
    this.#state = 'swallowing';
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /** The link is back. What was swallowed is gone for good: those connections are ended. */
  async open(): Promise<void> {
    if (this.#state === 'swallowing') this.cut();
    this.#state = 'open';
    if (this.#server === null) await this.#listen();
  }

  async stop(): Promise<void> {
    this.cut();
    await this.#close();
  }

  async #listen(): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => this.#accept(near));
    for (let attempt = 0; ; attempt++) {
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(this.#port, '127.0.0.1', resolve);
        });
        break;
      } catch (error) {
        if (attempt > 50) throw error;
        await sleep(20);
      }
    }
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #accept(near: Socket): void {
    const far = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    this.#relay(near, far, pair);
    this.#relay(far, near, pair);
    if (this.#state !== 'swallowing') near.resume();
  }

  #relay(from: Socket, to: Socket, pair: Pair): void {
    from.on('data', (chunk) => {
      if (this.#state === 'swallowing') return;
      const hasRoom = to.write(chunk);
      if (this.bytesPerSecond > 0) this.#pauseFor(from, (chunk.length / this.bytesPerSecond) * 1_000);
      else if (!hasRoom) this.#pauseUntilDrain(from, to);
    });
    from.on('error', () => {});
    from.on('close', () => {
      this.#pairs.delete(pair);
      to.destroy();
    });
  }

  #pauseFor(from: Socket, ms: number): void {
    from.pause();
    setTimeout(() => this.#resume(from), ms);
  }

  #pauseUntilDrain(from: Socket, to: Socket): void {
    from.pause();
    to.once('drain', () => this.#resume(from));
  }

  #resume(socket: Socket): void {
    if (this.#state !== 'swallowing') socket.resume();
  }
}
