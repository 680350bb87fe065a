import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isSedgeError, type Log } from '../../../src/errors/index.ts';
import type { ApiParts } from '../../control/api-parts.ts';
import type { ControlStreams } from '../../control/control-streams.ts';
import type { RoutePlugin } from '../../control/route-plugin.ts';
import type { HttpStatus } from '../../control/served-http.ts';
import { Callers } from './caller.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { makeHttpApp } from './http-app.ts';
import { HttpCounters } from './http-counters.ts';
import { HttpListener, type HttpListenerHandlers } from './http-listener.ts';
import { type HttpOptions, type ResolvedHttpOptions, resolveHttpOptions } from './http-options.ts';
import type { ServedRoute } from './openapi/openapi-document.ts';
import { ReadyCheck } from './ready-check.ts';
import { RequestGate } from './request-gate.ts';
import { StreamDesk } from './streams/stream-desk.ts';
import type { WebSocketDoor } from './streams/websocket-door.ts';
import { TokenBook } from './tokens/token-book.ts';

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

/** How often is looked for stalled connections, tokens that are gone and new certificates. */
const LOOK_MS = 1_000;
/** Looks from one beat of the streams to the next. */
const BEAT_LOOKS = 15;

/** The HTTP API of a node: the routes of the control socket, and those for any language, on TCP. */
export class HttpGateway {
  readonly #options: ResolvedHttpOptions;
  readonly #deps: HttpGatewayDependencies;
  readonly #counters = new HttpCounters();
  readonly #streams: ControlStreams = new Set();
  readonly #tokens: TokenBook;
  readonly #gate: RequestGate;
  readonly #desk: StreamDesk;
  readonly #ready: ReadyCheck;
  readonly #watch: ConnectionWatch;
  readonly #listeners: readonly HttpListener[];
  /** A WebSocket is no route of fastify. */
  readonly #routes: ServedRoute[] = [{ method: 'GET', url: '/v1/socket' }];
  #app: FastifyInstance | null = null;
  #webSockets: WebSocketDoor | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looks = 0;

  constructor(options: HttpOptions, deps: HttpGatewayDependencies) {
    const resolved = resolveHttpOptions(options);
    const { api, log, nowMs, directory } = deps;
    const counters = this.#counters;
    this.#options = resolved;
    this.#deps = deps;
    this.#tokens = new TokenBook({ directory, log, nowMs });
    this.#gate = new RequestGate(resolved, new Callers(this.#tokens, resolved.local), nowMs);
    const isStillGood = this.#gate.isStillGood.bind(this.#gate);
    this.#desk = new StreamDesk(resolved, { mesh: api.mesh, counters, log, isStillGood });
    this.#ready = new ReadyCheck({ mesh: api.mesh, directory });
    this.#watch = new ConnectionWatch(resolved, counters);
    this.#listeners = resolved.listeners.map(
      (where) => new HttpListener(where, { options: resolved, counters, log }),
    );
  }

  /** Listens. Throws `http.cannot-listen` if an address was asked for and is taken, and `http.bad-certificate`. */
  async start(): Promise<void> {
    if (this.#app !== null) return;
    const { api, plugins, log } = this.#deps;
    const [counters, gate, desk, streams] = [this.#counters, this.#gate, this.#desk, this.#streams];
    const [ready, routes] = [this.#ready, this.#routes];
    const parts = { api, plugins, log, counters, gate, desk, streams, ready, routes };
    const app = makeHttpApp(this.#options, parts);
    await app.ready();
    await this.#tokens.look();
    this.#app = app;
    try {
      for (const [index, listener] of this.#listeners.entries())
        await this.#listen(listener, { app, unasked: this.#options.listeners[index]!.unasked === true });
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Stops listening and ends all connections. Idempotent. */
  async stop(): Promise<void> {
    const app = this.#app;
    this.#app = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#ready.stop();
    await this.#desk.stop();
    await Promise.all([...this.#streams].map((stream) => stream.stop()));
    const closed = Promise.all(this.#listeners.map((listener) => listener.stop()));
    this.#watch.closeAll();
    await closed;
    await app?.close();
  }

  /** Where it listens, as URLs; empty if the port was taken. */
  addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address()).filter((address) => address !== '');
  }

  /** What is served, without HEAD. */
  routes(): readonly ServedRoute[] {
    return this.#routes;
  }

  status(): HttpStatus {
    return {
      listening: this.addresses(),
      connections: this.#watch.size,
      streams: this.#desk.size,
      tokens: this.#tokens.size,
      counters: this.#counters.snapshot(),
    };
  }

  async #listen(
    listener: HttpListener,
    { app, unasked }: { readonly app: FastifyInstance; readonly unasked: boolean },
  ): Promise<void> {
    try {
      await listener.start(this.#handlers(app));
    } catch (error) {
      if (!unasked || !isSedgeError(error, 'http.cannot-listen')) throw error;
      this.#deps.log.warn(
        error.details,
        'another program has the port of the HTTP API, so it is not there: name another with --http PORT, or --http off',
      );
    }
  }

  #handlers(app: FastifyInstance): HttpListenerHandlers {
    return {
      open: (socket) => this.#watch.open(socket),
      request: (request, response) => app.routing(request, response),
      upgrade: (request, socket, head) => void this.#upgrade(request, socket, head),
    };
  }

  /** Who has no WebSocket does not pay for it. */
  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    if (this.#webSockets === null) {
      const { WebSocketDoor } = await import('./streams/websocket-door.ts');
      const [gate, desk, counters] = [this.#gate, this.#desk, this.#counters];
      this.#webSockets ??= new WebSocketDoor({ gate, desk, counters });
    }
    if (!socket.destroyed) await this.#webSockets.upgrade(request, socket, head);
  }

  #look(): void {
    this.#watch.look(performance.now());
    void this.#tokens.look();
    if (this.#looks++ % BEAT_LOOKS === 0) this.#desk.beat();
    this.#desk.endUnauthorized();
    for (const listener of this.#listeners) void listener.look();
  }
}
