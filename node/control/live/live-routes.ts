import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { type ControlStreams, checkRoom, takeOver } from '../control-streams.ts';
import { badRequest, textOf } from '../request-fields.ts';
import { LiveFeed } from './live-feed.ts';
import { liveSections } from './live-sections.ts';
import { LiveStream } from './live-stream.ts';

/** Live views that may be open at once; the next is refused. */
const LIVE_STREAMS_MAX = 64;

/**
 * Adds `GET /v1/live`: the node's state and its topics' last values as they change. A stream ends soon after its request may
 * not go on any more, as its token was taken away.
 */
export function addLiveRoutes(
  app: FastifyInstance,
  parts: ApiParts,
  streams: ControlStreams,
  mayGoOn: (request: FastifyRequest) => boolean = () => true,
): void {
  const { mesh, log } = parts;
  let feed: LiveFeed | null = null;
  let open = 0;
  app.get('/v1/live', { exposeHeadRoute: false }, async (request, reply) => {
    checkRoom(streams);
    if (open >= LIVE_STREAMS_MAX) throw badRequest(`at most ${LIVE_STREAMS_MAX} live views can be open`);
    const { watch = [], since } = request.query as Record<string, unknown>;
    const filters = (Array.isArray(watch) ? watch : [watch]).map((one) => textOf(one, 'watch'));
    feed ??= new LiveFeed({ mesh, sections: liveSections(parts), log, nowMs: Date.now });
    const asked = {
      watch: filters,
      since: since === undefined ? null : textOf(since, 'since'),
      mayGoOn: () => mayGoOn(request),
    };
    const stream = new LiveStream(feed, reply.raw, asked);
    takeOver(reply);
    open++;
    streams.add(stream);
    try {
      await stream.run();
    } catch (error) {
      log.warn({ reason: String(error) }, 'a live stream failed');
      reply.raw.destroy();
    } finally {
      open--;
      streams.delete(stream);
    }
  });
}
