import type { FastifyInstance } from 'fastify';
import { parseWish } from './acknowledgement-wish.ts';
import type { ApiParts } from './api-parts.ts';
import { addApiRoutes } from './api-routes.ts';
import { type ControlStreams, checkRoom, takeOver } from './control-streams.ts';
import { addMonitorRoute } from './device-routes.ts';
import { ExportStream, parseExport } from './export-stream.ts';
import { ImportStream } from './import-stream.ts';
import { addLiveRoutes } from './live/live-routes.ts';
import { parsePublishRequest } from './publish-request.ts';
import { PublishStream } from './publish-stream.ts';
import { objectOf } from './request-fields.ts';
import { SubscribeStream } from './subscribe-stream.ts';

/** Adds every route of `/v1`. */
export function addControlRoutes(app: FastifyInstance, parts: ApiParts, streams: ControlStreams): void {
  // Bodies of streams are read by the routes themselves, as they come.
  app.addContentTypeParser(['application/x-ndjson', 'application/octet-stream'], (_request, _payload, done) =>
    done(null),
  );
  addApiRoutes(app, parts);
  app.post('/v1/publish', async (request) => {
    const { message, wish } = parsePublishRequest(request.body);
    return parts.mesh.publish(message.topic, message.payload, { ...message.options, ...wish });
  });
  addStreams(app, parts, streams);
  addBundles(app, parts, streams);
  addMonitorRoute(app, parts, streams);
  addLiveRoutes(app, parts, streams);
}

function addStreams(app: FastifyInstance, { mesh, log }: ApiParts, streams: ControlStreams): void {
  app.post('/v1/publish-stream', async (request, reply) => {
    checkRoom(streams);
    const { ack, replicasTimeoutMs } = request.query as Record<string, unknown>;
    const wish = parseWish(ack, replicasTimeoutMs === undefined ? undefined : Number(replicasTimeoutMs));
    takeOver(reply);
    const stream = new PublishStream(mesh, reply.raw, wish);
    streams.add(stream);
    await stream
      .run(request.raw)
      .catch((error) => log.warn({ reason: String(error) }, 'a publish stream failed'));
    streams.delete(stream);
  });
  app.post('/v1/subscribe', async (request, reply) => {
    checkRoom(streams);
    const stream = new SubscribeStream(mesh, request.raw, reply.raw);
    streams.add(stream);
    try {
      await stream.run();
    } catch (error) {
      // Nothing was sent yet: the request itself is refused, as any other.
      if (!reply.raw.headersSent) throw error;
      log.warn({ reason: String(error) }, 'a subscribe stream failed');
      reply.raw.destroy();
    } finally {
      streams.delete(stream);
    }
    takeOver(reply);
  });
}

function addBundles(app: FastifyInstance, { mesh }: ApiParts, streams: ControlStreams): void {
  app.post('/v1/export', async (request, reply) => {
    checkRoom(streams);
    const options = parseExport(objectOf(request.body ?? {}));
    const stream = new ExportStream(mesh, reply.raw);
    streams.add(stream);
    await stream.run(options).finally(() => streams.delete(stream));
    takeOver(reply);
  });
  app.post('/v1/import', async (request, reply) => {
    checkRoom(streams);
    takeOver(reply);
    const stream = new ImportStream(mesh, request.raw, reply.raw);
    streams.add(stream);
    await stream.run().finally(() => streams.delete(stream));
  });
}
