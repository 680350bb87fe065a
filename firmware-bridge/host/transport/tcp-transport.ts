import { connect, type Socket } from 'node:net';
import { SedgeError } from '../../../src/errors/index.ts';
import { type Transport, type TransportListener, WAITING_BYTES_MAX } from './transport.ts';

/** How long a connection may take to come about. */
const CONNECT_MS_MAX = 5_000;
/** After this long without traffic the system looks whether the other side is still there. */
const KEEP_ALIVE_MS = 15_000;

/** A serial port somewhere else: ser2net (`raw`), ESP-Link and their like, as plain bytes over TCP. */
export class TcpTransport implements Transport {
  readonly #address: { readonly host: string; readonly port: number };
  #socket: Socket | null = null;
  #listener: TransportListener | null = null;
  #opening: Promise<void> | null = null;

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address;
  }

  async open(listener: TransportListener): Promise<void> {
    this.#opening ??= this.#open(listener);
    await this.#opening;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === null || !socket.writable || this.#listener === null) return false;
    if (socket.writableLength + bytes.length > WAITING_BYTES_MAX) return false;
    socket.write(bytes);
    return true;
  }

  async close(): Promise<void> {
    this.#listener = null;
    const socket = this.#socket;
    if (socket === null || socket.closed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  #open(listener: TransportListener): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { host, port } = this.#address;
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    this.#socket = socket;
    const timer = setTimeout(() => socket.destroy(new Error('it did not answer in time')), CONNECT_MS_MAX);
    let failure: Error | null = null;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      this.#listener = listener;
      resolve();
    });
    socket.on('data', (bytes) => this.#listener?.onBytes(bytes));
    socket.on('end', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      const gone = this.#unreachable(failure);
      reject(gone);
      const told = this.#listener;
      this.#listener = null;
      told?.onClosed(gone);
    });
    return promise;
  }

  #unreachable(cause: Error | null): SedgeError {
    const { host, port } = this.#address;
    const reason = cause?.message ?? 'the other side closed the connection';
    return new SedgeError('serial.unreachable', { host, port, reason }, { cause });
  }
}
