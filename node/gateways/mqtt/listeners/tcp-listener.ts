import { createServer, type Server, type Socket } from 'node:net';
import { addressOf, closeServer, listenOn } from './listen-socket.ts';
import type { AcceptStream, ListenAddress, Listener } from './listener.ts';

/** Until the system looks whether the other end is still there, milliseconds. */
const PROBE_AFTER_MS = 60_000;

/** MQTT over TCP. */
export class TcpListener implements Listener {
  readonly #address: ListenAddress;
  #server: Server | null = null;

  constructor(address: ListenAddress) {
    this.#address = address;
  }

  async start(accept: AcceptStream): Promise<void> {
    const server = createServer((socket) => {
      prepareSocket(socket);
      accept(socket);
    });
    await listenOn(server, this.#address);
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await closeServer(server);
  }

  address(): string {
    return addressOf(this.#server);
  }

  async look(): Promise<void> {}
}

/** Small packets leave at once, and a client that vanished is found out even without a keep-alive. */
export function prepareSocket(socket: Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, PROBE_AFTER_MS);
}
