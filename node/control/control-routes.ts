import type { FastifyInstance } from 'fastify';
import type { ChannelPolicy } from '../../src/index.ts';
import { parseWish } from './acknowledgement-wish.ts';
import type { ControlServerParts } from './control-server.ts';
import { type ControlStreams, checkRoom, takeOver } from './control-streams.ts';
import { addDeviceRoutes } from './device-routes.ts';
import { ExportStream, parseExport } from './export-stream.ts';
import { ImportStream } from './import-stream.ts';
import { addLiveRoutes } from './live/live-routes.ts';
import { parsePublish } from './publish-line.ts';
import { PublishStream } from './publish-stream.ts';
import { badRequest, numberOf, objectOf, textOf } from './request-fields.ts';
import { SubscribeStream } from './subscribe-stream.ts';

/** What is said of MQTT where it is off. */
const MQTT_OFF = Object.freeze({ listening: [], connections: 0, sessions: 0, counters: {} });

/** Adds every route of `/v1`. */
export function addControlRoutes(
  app: FastifyInstance,
  parts: ControlServerParts,
  streams: ControlStreams,
): void {
  // Bodies of streams are read by the routes themselves, as they come.
  app.addContentTypeParser(['application/x-ndjson', 'application/octet-stream'], (_request, _payload, done) =>
    done(null),
  );
  addViews(app, parts);
  addRealmRoutes(app, parts);
  addStreams(app, parts, streams);
  addBundles(app, parts, streams);
  addDeviceRoutes(app, parts, streams);
  addLiveRoutes(app, parts, streams);
  app.post('/v1/publish', async (request) => {
    const { ack, replicasTimeoutMs, ...message } = objectOf(request.body);
    const [only, ...others] = parsePublish(message);
    if (only === undefined || others.length > 0)
      throw badRequest('one message; use /v1/publish-stream for many');
    const wish = parseWish(ack, replicasTimeoutMs);
    return parts.mesh.publish(only.topic, only.payload, { ...only.options, ...wish });
  });
  app.post('/v1/stop', async (_request, reply) => {
    reply.raw.once('finish', parts.onStop);
    return { stopping: true };
  });
}

function addViews(
  app: FastifyInstance,
  { mesh, mqtt = null, bridges = null, telemetry, agentFacts }: ControlServerParts,
): void {
  app.get('/v1/status', async () => ({ ...mesh.status(), agent: agentFacts() }));
  app.get('/v1/peers', async () => ({ peers: mesh.peers() }));
  app.get('/v1/channels', async () => ({ channels: mesh.channels() }));
  app.get('/v1/logs', async () => ({ logs: mesh.logs() }));
  app.get('/v1/gaps', async () => ({ gaps: mesh.gaps() }));
  app.get('/v1/forks', async () => ({ forks: mesh.forks() }));
  app.get('/v1/realm', async () => mesh.realm());
  app.get('/v1/mqtt', async () => ({ ...(mqtt?.status() ?? MQTT_OFF), clients: mqtt?.clients() ?? [] }));
  app.get('/v1/bridges', async () => ({ bridges: bridges?.status() ?? [] }));
  if (telemetry !== undefined) app.get('/v1/telemetry', () => telemetry.snapshot());
  app.post('/v1/holders', async (request) => {
    const { author, seq, channel, epoch, timeoutMs } = objectOf(request.body);
    const message = {
      author: textOf(author, 'author'),
      seq: numberOf(seq, 'seq'),
      ...(channel === undefined ? {} : { channel: textOf(channel, 'channel') }),
      ...(epoch === undefined ? {} : { epoch: textOf(epoch, 'epoch') }),
    };
    return mesh.holders(
      message,
      timeoutMs === undefined ? {} : { timeoutMs: numberOf(timeoutMs, 'timeoutMs') },
    );
  });
}

function addRealmRoutes(app: FastifyInstance, { mesh }: ControlServerParts): void {
  app.post('/v1/realm/invite', async (request) => {
    const { expiresInSeconds, uses, role } = objectOf(request.body ?? {});
    if (role !== undefined && role !== 'member' && role !== 'admin')
      throw badRequest('role must be member or admin');
    return mesh.invite({
      ...(expiresInSeconds === undefined
        ? {}
        : { expiresInSeconds: numberOf(expiresInSeconds, 'expiresInSeconds') }),
      ...(uses === undefined ? {} : { uses: numberOf(uses, 'uses') }),
      ...(role === undefined ? {} : { role }),
    });
  });
  app.post('/v1/realm/revoke', async (request) => {
    const { node } = objectOf(request.body);
    return mesh.revoke(textOf(node, 'node'));
  });
  app.post('/v1/realm/channels', async (request) => {
    const { channels } = objectOf(request.body);
    if (!Array.isArray(channels) || channels.length > 1_024) throw badRequest('channels must be an array');
    const declared = channels.map((channel) => {
      const { name, filter } = objectOf(channel);
      return { name: textOf(name, 'name'), filter: textOf(filter, 'filter') };
    });
    await mesh.declareChannels(declared);
    return { channels: declared };
  });
  app.post('/v1/realm/policy', async (request) => {
    const { channels } = objectOf(request.body);
    const policy = objectOf(channels) as Record<string, ChannelPolicy>;
    for (const one of Object.values(policy)) objectOf(one);
    await mesh.declarePolicy(policy);
    return { policy };
  });
}

function addStreams(app: FastifyInstance, { mesh, log }: ControlServerParts, streams: ControlStreams): void {
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

function addBundles(app: FastifyInstance, { mesh }: ControlServerParts, streams: ControlStreams): void {
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
