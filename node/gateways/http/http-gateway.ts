import { createServer, type Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isSedgeError, type Log, SedgeError } from '../../../src/errors/index.ts';
import type { ApiParts } from '../../control/api-parts.ts';
import type { ControlStreams } from '../../control/control-streams.ts';
import type { RoutePlugin } from '../../control/route-plugin.ts';
import type { HttpStatus } from '../../control/served-http.ts';
import { makeHttpApp } from './http-app.ts';
import { HttpCounters } from './http-counters.ts';
import { type HttpOptions, type ResolvedHttpOptions, resolveHttpOptions } from './http-options.ts';

/** What the gateway works with. */
export interface HttpGatewayDependencies {
  /** What the routes work with. */
  readonly api: ApiParts;
  /** Further routes: `/metrics`, the dashboard and the like. */
  readonly plugins: readonly RoutePlugin[];
  /** The node's directory. */
  readonly directory: string;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** Longest head of a request, bytes. */
const HEAD_BYTES_MAX = 16_384;

/** The HTTP API of a node: the routes of the control socket, and those for any language, on TCP. */
export class HttpGateway {
  readonly #options: ResolvedHttpOptions;
  readonly #deps: HttpGatewayDependencies;
  readonly #counters = new HttpCounters();
  readonly #streams: ControlStreams = new Set();
  #app: FastifyInstance | null = null;
  #server: Server | null = null;
  #open = 0;

  constructor(options: HttpOptions, deps: HttpGatewayDependencies) {
    this.#options = resolveHttpOptions(options);
    this.#deps = deps;
  }

  /** Listens. Throws `http.cannot-listen` if the address was asked for and is taken. */
  async start(): Promise<void> {
    if (this.#app !== null) return;
    const { api, plugins, log } = this.#deps;
    const [counters, streams] = [this.#counters, this.#streams];
    const app = makeHttpApp(this.#options, { api, plugins, log, counters, streams });
    await app.ready();
    const server = this.#makeServer(app);
    try {
      await listenOn(server, this.#options.address);
      this.#server = server;
    } catch (error) {
      if (!this.#options.unasked || !isSedgeError(error, 'http.cannot-listen')) {
        await app.close();
        throw error;
      }
      log.warn(
        error.details,
        'another program has the port of the HTTP API, so it is not there: name another with --http PORT, or --http off',
      );
    }
    this.#app = app;
  }

  /** Stops listening and ends all connections. Idempotent. */
  async stop(): Promise<void> {
    const [app, server] = [this.#app, this.#server];
    this.#app = null;
    this.#server = null;
    await Promise.all([...this.#streams].map((stream) => stream.stop()));
    if (server !== null) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
    await app?.close();
  }

  /** Where it listens, as URLs; empty if the port was taken. */
  addresses(): readonly string[] {
    const address = this.#server?.address();
    if (address == null || typeof address === 'string') return [];
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return [`http://${host}:${address.port}`];
  }

  status(): HttpStatus {
    return { listening: this.addresses(), connections: this.#open, counters: this.#counters.snapshot() };
  }

  #makeServer(app: FastifyInstance): Server {
    const { connectionsMax, headersTimeoutMs } = this.#options;
    const server = createServer(
      { headersTimeout: headersTimeoutMs, requestTimeout: 0, maxHeaderSize: HEAD_BYTES_MAX },
      (request, response) => app.routing(request, response),
    );
    server.maxConnections = connectionsMax;
    server.on('connection', (socket) => {
      this.#counters.count('connections');
      this.#open++;
      socket.once('close', () => this.#open--);
      socket.setNoDelay(true);
    });
    server.on('drop', () => this.#counters.count('connectionsRefused'));
    return server;
  }
}

/** Has a server listen; rejects with `http.cannot-listen`. */
function listenOn(server: Server, { host, port }: HttpOptions['address']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const details = { address: `${host}:${port}`, reason: error.message };
      reject(new SedgeError('http.cannot-listen', details, { cause: error }));
    });
    server.listen({ host, port }, () => resolve());
  });
}
