import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Log, SedgeError } from '../../../src/errors/index.ts';
import { makeApiApp } from '../../control/api-app.ts';
import type { ApiParts } from '../../control/api-parts.ts';
import { addApiRoutes } from '../../control/api-routes.ts';
import type { ControlStreams } from '../../control/control-streams.ts';
import { addMonitorRoute } from '../../control/device-routes.ts';
import { addLiveRoutes } from '../../control/live/live-routes.ts';
import type { RoutePlugin, RouteScope } from '../../control/route-plugin.ts';
import type { Caller } from './caller.ts';
import { CBOR_TYPE, cborBody, parseCborBody } from './cbor-body.ts';
import type { HttpCounters } from './http-counters.ts';
import type { ResolvedHttpOptions } from './http-options.ts';
import type { ServedRoute } from './openapi/openapi-document.ts';
import type { ReadyCheck } from './ready-check.ts';
import type { RequestGate } from './request-gate.ts';
import { addMessageRoutes } from './routes/message-routes.ts';
import { addPublishRoutes } from './routes/publish-routes.ts';
import { addStreamRoutes } from './routes/stream-routes.ts';
import type { StreamDesk } from './streams/stream-desk.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; of requests over HTTP alone. */
    caller: Caller;
  }
}

/** What the app is made of. */
export interface HttpAppParts {
  readonly api: ApiParts;
  readonly plugins: readonly RoutePlugin[];
  readonly counters: HttpCounters;
  readonly gate: RequestGate;
  readonly desk: StreamDesk;
  /** Streams of the control socket's kind that are open, for their end. */
  readonly streams: ControlStreams;
  readonly ready: ReadyCheck;
  /** Takes up the routes that are served. */
  readonly routes: ServedRoute[];
  readonly log: Log;
}

/** Longest topic in an address, percent-encoded. */
const PARAMETER_LENGTH_MAX = 4_096;

/** The app with all routes, and what a request passes before any of them. */
export function makeHttpApp({ bodyBytesMax }: ResolvedHttpOptions, parts: HttpAppParts): FastifyInstance {
  const { api, plugins, counters, gate, desk, streams, ready, routes, log } = parts;
  const onRefused = (code: string, request: FastifyRequest, reply: FastifyReply) => {
    counters.countRefusal(code);
    // A failure takes the type away that was chosen.
    if (wantsCbor(request)) reply.type(CBOR_TYPE);
  };
  const app = makeApiApp({ bodyBytesMax, onRefused, parameterLengthMax: PARAMETER_LENGTH_MAX }, log);
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push({ method: one, url });
  });
  app.decorateRequest('caller', null as never);
  app.addHook('onRequest', (request, reply) => admit(request, reply, parts));
  // Any page may send text without asking.
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser(CBOR_TYPE, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseCborBody(body),
  );
  addHealthRoutes(app, ready);
  addDocumentRoute(app, { api, plugins, routes });
  addApiRoutes(app, api);
  addMonitorRoute(app, api, streams);
  addLiveRoutes(app, api, streams, (request) => gate.isStillGood(request.caller));
  addPublishRoutes(app, { mesh: api.mesh, gate, counters });
  addMessageRoutes(app, { mesh: api.mesh, counters, reading: (work) => desk.read(work) });
  addStreamRoutes(app, desk);
  for (const plugin of plugins) plugin.addRoutes(app);
  return app;
}

function addHealthRoutes(app: FastifyInstance, ready: ReadyCheck): void {
  const config = { scope: 'open' } as const;
  app.get('/healthz', { config }, async () => ({ alive: true }));
  app.get('/readyz', { config }, async (_request, reply) => {
    const found = await ready.look();
    return reply.code(found.ready ? 200 : 503).send(found);
  });
}

/** `GET /v1/openapi.json`, made when somebody asks for it. */
function addDocumentRoute(
  app: FastifyInstance,
  {
    api,
    plugins,
    routes,
  }: Pick<HttpAppParts, 'api' | 'plugins'> & { readonly routes: readonly ServedRoute[] },
): void {
  app.get('/v1/openapi.json', { config: { scope: 'open' } }, async () => {
    const { openApiDocument } = await import('./openapi/openapi-document.ts');
    const further = await Promise.all(plugins.map((plugin) => plugin.openApiPaths?.() ?? {}));
    return openApiDocument(String(api.agentFacts().version ?? ''), routes, further as never);
  });
}

async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  { gate, counters }: HttpAppParts,
): Promise<unknown> {
  counters.count('requests');
  const { raw, headers } = request;
  void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  gate.checkSource(raw);
  if (gate.allowsOrigin(headers.origin)) allowOrigin(reply, headers.origin);
  refuseOften(gate, raw, reply);
  refuseCompressed(request);
  if (wantsCbor(request)) reply.type(CBOR_TYPE).serializer((payload: unknown) => cborBody(payload) as never);
  if (isPreflight(request)) return reply.code(204).send();
  request.caller = await callerOf(request, reply, gate);
  return undefined;
}

function wantsCbor({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes(CBOR_TYPE) === true;
}

/** A page of a named origin asks what it may send; the question carries no token. */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function allowOrigin(reply: FastifyReply, origin: string): void {
  void reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, PUT',
    'access-control-allow-headers': 'authorization, content-type, last-event-id',
    'access-control-expose-headers': 'link, ratelimit, ratelimit-policy, retry-after',
    'access-control-max-age': '600',
    vary: 'origin',
  });
}

function refuseOften(gate: RequestGate, raw: FastifyRequest['raw'], reply: FastifyReply): void {
  const { allowed, left, waitSeconds } = gate.takeRequest(raw);
  void reply.header('ratelimit', `"requests";r=${left};t=${waitSeconds}`);
  if (allowed) return;
  void reply.header('ratelimit-policy', gate.requestPolicy);
  throw new SedgeError('http.too-many-requests', { what: 'requests', waitSeconds });
}

/** A few bytes may unfold to gigabytes, and nothing here is worth compressing. */
function refuseCompressed({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new SedgeError('http.bad-media-type', { contentEncoding: encoding.slice(0, 64) });
}

/** The caller, if it may call the route. Throws `http.bad-token`, `http.not-authorized` and `http.forbidden`. */
async function callerOf(request: FastifyRequest, reply: FastifyReply, gate: RequestGate): Promise<Caller> {
  const caller = await gate.find(request.raw).catch((error: unknown) => {
    void reply.header('www-authenticate', 'Bearer realm="sedge", error="invalid_token"');
    throw error;
  });
  if (request.is404) return caller;
  const scope = scopeOf(request);
  if (caller.rights.mayCall(scope)) return caller;
  if (caller.token !== null) throw new SedgeError('http.forbidden', { scope });
  void reply.header('www-authenticate', 'Bearer realm="sedge"');
  throw new SedgeError('http.not-authorized', { scope });
}

function scopeOf({ method, routeOptions }: FastifyRequest): RouteScope {
  return routeOptions.config.scope ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'admin');
}
