import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Log, SedgeError } from '../../../src/errors/index.ts';
import { ServerCertificate } from '../listening/server-certificate.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpListenerOptions, ResolvedHttpOptions } from './http-options.ts';

/** What becomes of what comes in. */
export interface HttpListenerHandlers {
  readonly open: (socket: Socket) => void;
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
}

/** What a listener works with. */
export interface HttpListenerDependencies {
  readonly options: ResolvedHttpOptions;
  readonly counters: HttpCounters;
  readonly log: Log;
}

/** Longest head of a request, bytes. */
const HEAD_BYTES_MAX = 16_384;
const HEADERS_MAX = 100;
/** How often requests are looked for that take too long. */
const LOOK_MS = 1_000;
/** Sockets that wait to be looked at, those in a TLS handshake too. */
const SOCKETS_MAX = 8_192;
const KEEP_ALIVE_MS = 60_000;

/** One address at which HTTP is spoken, over TLS if it has a certificate. */
export class HttpListener {
  readonly #where: HttpListenerOptions;
  readonly #deps: HttpListenerDependencies;
  readonly #certificate: ServerCertificate | null;
  #server: Server | TlsServer | null = null;

  constructor(where: HttpListenerOptions, deps: HttpListenerDependencies) {
    this.#where = where;
    this.#deps = deps;
    const { certificate } = where;
    this.#certificate =
      certificate === undefined ? null : new ServerCertificate(certificate, deps.log, 'HTTP');
  }

  /** Listens. Throws `http.cannot-listen` and `http.bad-certificate`. */
  async start(handlers: HttpListenerHandlers): Promise<void> {
    const server = await this.#makeServer(handlers);
    server.maxConnections = SOCKETS_MAX;
    server.maxHeadersCount = HEADERS_MAX;
    server.on(this.#certificate === null ? 'connection' : 'secureConnection', handlers.open);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      handlers.upgrade(request, socket as Socket, head),
    );
    server.on('clientError', (error, socket) => this.#answerNoise(error, socket as Socket));
    await listenOn(server, this.#where);
    this.#server = server;
  }

  /** Takes no more connections; resolves when those that are open have ended. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Where it listens, as a URL; empty while it does not. */
  address(): string {
    const address = this.#server?.address();
    if (address == null || typeof address === 'string') return '';
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${this.#certificate === null ? 'http' : 'https'}://${host}:${address.port}`;
  }

  /** Looks whether its certificate has changed on disk. */
  async look(): Promise<void> {
    if (this.#certificate !== null && this.#server !== null)
      await this.#certificate.look(this.#server as TlsServer);
  }

  async #makeServer({ request }: HttpListenerHandlers): Promise<Server | TlsServer> {
    const { headersTimeoutMs, requestTimeoutMs } = this.#deps.options;
    const options = {
      headersTimeout: headersTimeoutMs,
      // Of a request alone: its answer may be a stream of days.
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: LOOK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEAD_BYTES_MAX,
    };
    if (this.#certificate === null) return createServer(options, request);
    const server = createTlsServer({ ...options, ...(await this.#certificate.serverOptions()) }, request);
    this.#certificate.watch(server);
    return server;
  }

  /** What is no HTTP, or comes too slowly. */
  #answerNoise(error: Error & { code?: string }, socket: Socket): void {
    const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    this.#deps.counters.count(isSlow ? 'connectionsTimedOut' : 'connectionsMalformed');
    if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const isLong = error.code === 'HPE_HEADER_OVERFLOW';
    const status = isSlow
      ? '408 Request Timeout'
      : isLong
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request';
    // A client that sends on and on without reading is not waited for.
    socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.destroySoon();
  }
}

function listenOn(server: Server, { host, port }: HttpListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const details = { address: `${host}:${port}`, reason: error.message };
      reject(new SedgeError('http.cannot-listen', details, { cause: error }));
    });
    server.listen({ host, port }, () => resolve());
  });
}
