import type { FastifyInstance } from 'fastify';
import { takeOver } from '../../../control/control-streams.ts';
import { SseSink } from '../streams/sse-sink.ts';
import type { StreamDesk } from '../streams/stream-desk.ts';
import { parseStreamRequest } from '../streams/stream-request.ts';
import type { Query } from './query-fields.ts';

/** Adds `GET /v1/stream`: messages as they arrive, as Server-Sent Events. */
export function addStreamRoutes(app: FastifyInstance, desk: StreamDesk): void {
  app.get('/v1/stream', { exposeHeadRoute: false }, async (request, reply) => {
    const lastEventId = request.headers['last-event-id'];
    const asked = parseStreamRequest(request.query as Query, lastEventId as string | undefined);
    const sink = new SseSink(reply.raw);
    const stream = await desk.prepare(asked, sink, request.caller);
    // What was said of origins and rates goes with the stream too.
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    takeOver(reply);
    sink.start();
    stream.begin();
  });
}
