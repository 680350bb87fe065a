import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { numberOf, objectOf, textOf } from './request-fields.ts';

/** What is said of MQTT where it is off. */
const MQTT_OFF = Object.freeze({ listening: [], connections: 0, sessions: 0, counters: {} });
/** The same of the HTTP API. */
const HTTP_OFF = Object.freeze({ listening: [], connections: 0, streams: 0, tokens: 0, counters: {} });

/** Adds the routes that show what the node knows and holds. */
export function addViews(
  app: FastifyInstance,
  { mesh, mqtt = null, http = () => null, bridges = null, telemetry, agentFacts }: ApiParts,
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
  app.get('/v1/http', async () => http()?.status() ?? HTTP_OFF);
  app.post('/v1/holders', { config: { scope: 'read' } }, async (request) => {
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
