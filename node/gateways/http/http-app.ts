import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Log, SedgeError } from '../../../src/errors/index.ts';
import { makeApiApp } from '../../control/api-app.ts';
import type { ApiParts } from '../../control/api-parts.ts';
import { addApiRoutes } from '../../control/api-routes.ts';
import type { ControlStreams } from '../../control/control-streams.ts';
import { addMonitorRoute } from '../../control/device-routes.ts';
import { addLiveRoutes } from '../../control/live/live-routes.ts';
import { parsePublishRequest } from '../../control/publish-request.ts';
import type { RoutePlugin } from '../../control/route-plugin.ts';
import type { HttpCounters } from './http-counters.ts';
import type { ResolvedHttpOptions } from './http-options.ts';
import { isOwnHost, isOwnOrigin } from './request-source.ts';

/** What the app is made of. */
export interface HttpAppParts {
  readonly api: ApiParts;
  readonly plugins: readonly RoutePlugin[];
  readonly counters: HttpCounters;
  /** Streams that are open, for their end. */
  readonly streams: ControlStreams;
  readonly log: Log;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** The app with all routes: what is refused before any of them, and the routes. */
export function makeHttpApp(options: ResolvedHttpOptions, parts: HttpAppParts): FastifyInstance {
  const { api, plugins, counters, streams, log } = parts;
  const { bodyBytesMax } = options;
  const app = makeApiApp({ bodyBytesMax, onRefused: (code) => counters.countRefusal(code) }, log);
  app.addHook('onRequest', async (request) => {
    counters.count('requests');
    refuseStrangers(request);
    refuseCompressed(request);
    refuseUnauthorized(request);
  });
  // Any page may send text without asking.
  app.removeContentTypeParser('text/plain');
  app.get('/healthz', { config: { scope: 'open' } }, async () => ({ alive: true }));
  addApiRoutes(app, api);
  addMonitorRoute(app, api, streams);
  addLiveRoutes(app, api, streams);
  addPublishRoutes(app, api);
  for (const plugin of plugins) plugin.addRoutes(app);
  return app;
}

function addPublishRoutes(app: FastifyInstance, { mesh }: ApiParts): void {
  app.post('/v1/publish', { config: { scope: 'publish' } }, async (request) => {
    const { message, wish } = parsePublishRequest(request.body);
    return mesh.publish(message.topic, message.payload, { ...message.options, ...wish });
  });
}

/** Web pages of others, which a browser on this machine would let through. */
function refuseStrangers({ headers }: FastifyRequest): void {
  const { host, origin } = headers;
  if (!isOwnHost(host, NO_NAMES)) throw new SedgeError('http.bad-host', { host: String(host).slice(0, 128) });
  if (!isOwnOrigin({ origin, host }, NO_NAMES))
    throw new SedgeError('http.bad-origin', { origin: String(origin).slice(0, 128) });
}

/** What changes the realm or the node is for its owner, who has the control socket. */
function refuseUnauthorized({ is404, method, routeOptions }: FastifyRequest): void {
  const { scope = method === 'GET' || method === 'HEAD' ? 'read' : 'admin' } = routeOptions.config;
  if (scope === 'admin' && !is404) throw new SedgeError('http.not-authorized', { scope });
}

/** A few bytes may unfold to gigabytes, and nothing here is worth compressing. */
function refuseCompressed({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new SedgeError('http.bad-media-type', { contentEncoding: encoding.slice(0, 64) });
}
