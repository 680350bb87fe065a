import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP link through this process that can be cut: while it is cut, connections are refused and those that
 * were open are gone. Its own address stays the same, so that a peer that was given it finds its way back.
 */
export class CuttableLink {
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #target: { host: string; port: number };
  #port = 0;

  /** Carries connections to `target`. */
  constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = { ...target };
  }

  /** Port on 127.0.0.1; 0 before the first {@link heal}. */
  get port(): number {
    return this.#port;
  }

  /** Connections that are open through the link. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Leads connections from now on to another place, as when a node came back on another port. */
  lead(target: { readonly host: string; readonly port: number }): void {
    this.#target = { ...target };
  }

  /** Makes the link pass connections; nothing happens if it does already. */
  async heal(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((socket) => this.#carry(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Kills what is open and refuses what comes; nothing happens if it is cut already. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #carry(near: Socket): void {
    const far = connect(this.#target);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // The close that follows an error ends the other side.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
