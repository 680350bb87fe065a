import type { Socket } from 'node:net';
import type { HttpCounters } from './http-counters.ts';
import { isLocal, networkOf } from './request-gate.ts';

/** Limits of connections; see `HttpOptions`. */
export interface ConnectionWatchOptions {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly stallTimeoutMs: number;
}

/** What is known of a connection. */
interface Watched {
  readonly network: string | null;
  writtenBytes: number;
  /** Since when nothing went out though something was waiting; `null` while it flows. */
  stalledSinceMs: number | null;
}

/** The sockets that are open: how many there may be, and which have left what was sent to them unread for too long. */
export class ConnectionWatch {
  readonly #options: ConnectionWatchOptions;
  readonly #counters: HttpCounters;
  readonly #watched = new Map<Socket, Watched>();
  readonly #perNetwork = new Map<string, number>();

  constructor(options: ConnectionWatchOptions, counters: HttpCounters) {
    this.#options = options;
    this.#counters = counters;
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Takes a connection in, or closes it. */
  open(socket: Socket): void {
    const { connectionsMax, connectionsPerAddressMax } = this.#options;
    const network = isLocal(socket) ? null : networkOf(socket.remoteAddress);
    const count = network === null ? 0 : (this.#perNetwork.get(network) ?? 0);
    const isOver = this.#watched.size >= connectionsMax;
    if (isOver || count >= connectionsPerAddressMax) {
      this.#counters.count(isOver ? 'connectionsOverTotal' : 'connectionsOverAddress');
      socket.destroy();
      return;
    }
    this.#counters.count('connections');
    socket.setNoDelay(true);
    if (network !== null) this.#perNetwork.set(network, count + 1);
    this.#watched.set(socket, { network, writtenBytes: 0, stalledSinceMs: null });
    socket.once('close', () => this.#close(socket));
  }

  /** Ends those that have not read for too long. */
  look(nowMs: number): void {
    for (const [socket, watched] of this.#watched) {
      const flows =
        socket.writableLength === 0 || socket.bytesWritten - socket.writableLength > watched.writtenBytes;
      watched.writtenBytes = socket.bytesWritten - socket.writableLength;
      if (flows) watched.stalledSinceMs = null;
      else watched.stalledSinceMs ??= nowMs;
      const { stalledSinceMs } = watched;
      if (stalledSinceMs === null || nowMs - stalledSinceMs < this.#options.stallTimeoutMs) continue;
      this.#counters.count('connectionsStalled');
      socket.destroy();
    }
  }

  /** Ends all. */
  closeAll(): void {
    for (const socket of this.#watched.keys()) socket.destroy();
  }

  #close(socket: Socket): void {
    const network = this.#watched.get(socket)?.network ?? null;
    this.#watched.delete(socket);
    if (network === null) return;
    const count = (this.#perNetwork.get(network) ?? 1) - 1;
    if (count === 0) this.#perNetwork.delete(network);
    else this.#perNetwork.set(network, count);
  }
}
