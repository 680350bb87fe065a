import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSedgeError, SedgeError } from '../../../../src/errors/index.ts';
import { type MessageToPublish, PAYLOAD_BYTES_MAX, type PublishOptions } from '../../../../src/index.ts';
import { type AcknowledgementWish, parseWish } from '../../../control/acknowledgement-wish.ts';
import { errorToJson } from '../../../control/error-json.ts';
import { parsePublish } from '../../../control/publish-line.ts';
import { parsePublishRequest } from '../../../control/publish-request.ts';
import { badRequest, noOthers, objectOf } from '../../../control/request-fields.ts';
import type { ServedMesh } from '../../../control/served-mesh.ts';
import type { Caller } from '../caller.ts';
import type { HttpCounters } from '../http-counters.ts';
import type { RequestGate } from '../request-gate.ts';
import { onceOf, onlyThese, type Query, wholeOf, wordOf } from './query-fields.ts';

/** What the routes work with. */
export interface PublishRouteParts {
  readonly mesh: Pick<ServedMesh, 'publish'>;
  readonly gate: RequestGate;
  readonly counters: HttpCounters;
}

/** Messages of one request. */
const MESSAGES_MAX = 4_096;

/** Adds the routes on which messages are published: one, many, and a payload as it is. */
export function addPublishRoutes(app: FastifyInstance, parts: PublishRouteParts): void {
  const { mesh, gate, counters } = parts;
  const config = { scope: 'publish' } as const;
  app.post('/v1/publish', { config }, async (request) => {
    const { message, wish } = parsePublishRequest(request.body);
    gate.takeMessages(request.raw, request.caller, 1);
    const published = await publish(mesh, ownMessage(message, request.caller), wish);
    counters.count('messagesIn');
    return published;
  });
  app.post('/v1/publish-many', { config }, async (request, reply) => {
    const { messages, wish } = parseMany(request.body);
    gate.takeMessages(request.raw, request.caller, messages.length);
    const results = await publishAll(mesh, messages, { caller: request.caller, wish });
    const refused = results.filter((result) => 'error' in result).length;
    counters.count('messagesIn', results.length - refused);
    for (const result of results) if ('error' in result) counters.countRefusal(result.error.code);
    return reply
      .code(refused === 0 ? 200 : 207)
      .send({ published: results.length - refused, refused, results });
  });
  addRawRoute(app, parts);
}

/** `POST /v1/topics/a/b` with the payload as the body, whatever it is. */
function addRawRoute(app: FastifyInstance, { mesh, gate, counters }: PublishRouteParts): void {
  void app.register(async (raw) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
    raw.route({
      method: ['POST', 'PUT'],
      url: '/v1/topics/*',
      bodyLimit: PAYLOAD_BYTES_MAX,
      config: { scope: 'publish' },
      handler: async (request) => {
        refuseForms(request);
        const { options, wish } = rawOptions(request);
        const { '*': topic } = request.params as { '*': string };
        const payload = (request.body as Buffer | undefined) ?? new Uint8Array(0);
        gate.takeMessages(request.raw, request.caller, 1);
        const published = await publish(mesh, ownMessage({ topic, payload, options }, request.caller), wish);
        counters.count('messagesIn');
        return published;
      },
    });
  });
}

/** What a client may say of its message: who it is and which device it has it from is for the gateway to say. */
function ownMessage({ topic, payload, options = {} }: MessageToPublish, caller: Caller): MessageToPublish {
  if (options.client !== undefined || options.origin !== undefined)
    throw badRequest('client and origin of a message are said by the node');
  if (!caller.rights.mayPublish(topic))
    throw new SedgeError('http.forbidden', { topic: topic.slice(0, 100) });
  const { token } = caller;
  if (token === null) return { topic, payload, options };
  const user = token.name === '' ? {} : { user: token.name };
  return { topic, payload, options: { ...options, client: { id: `http-${token.id}`, ...user } } };
}

function publish(
  mesh: PublishRouteParts['mesh'],
  { topic, payload, options }: MessageToPublish,
  wish: AcknowledgementWish,
) {
  return mesh.publish(topic, payload, { ...options, ...wish });
}

/** Each message for itself: one that is refused does not keep the others back. */
async function publishAll(
  mesh: PublishRouteParts['mesh'],
  messages: readonly MessageToPublish[],
  { caller, wish }: { readonly caller: Caller; readonly wish: AcknowledgementWish },
) {
  const outcomes = await Promise.allSettled(
    messages.map(async (message) => publish(mesh, ownMessage(message, caller), wish)),
  );
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return outcome.value;
    // What is nobody's fault but ours is one failure of the request, and logged.
    if (!isSedgeError(outcome.reason)) throw outcome.reason;
    return { error: errorToJson(outcome.reason) };
  });
}

/** A body of many: `{"messages":[...]}` with what holds for all, or the array alone. */
function parseMany(body: unknown): { messages: MessageToPublish[]; wish: AcknowledgementWish } {
  const { messages, ack, replicasTimeoutMs, ...others } = Array.isArray(body)
    ? { messages: body }
    : objectOf(body);
  noOthers(others);
  if (!Array.isArray(messages) || messages.length < 1 || messages.length > MESSAGES_MAX)
    throw badRequest(`messages must be an array of 1 to ${MESSAGES_MAX}`);
  const parsed = messages.flatMap((message, index) => parseOne(message, index));
  if (parsed.length > MESSAGES_MAX) throw badRequest(`at most ${MESSAGES_MAX} messages`);
  return { messages: parsed, wish: parseWish(ack, replicasTimeoutMs) };
}

function parseOne(message: unknown, index: number): MessageToPublish[] {
  try {
    return parsePublish(message);
  } catch (error) {
    if (!isSedgeError(error, 'agent.bad-request')) throw error;
    throw badRequest(`message ${index}: ${error.details.reason}`);
  }
}

/** What else there is to say of a payload stands in the query and the content type. */
function rawOptions(request: FastifyRequest): { options: PublishOptions; wish: AcknowledgementWish } {
  const query = request.query as Query;
  onlyThese(query, ['retain', 'ttlSeconds', 'key', 'id', 'ack', 'replicasTimeoutMs']);
  const retain = wordOf(query, 'retain', ['true', 'false'] as const) === 'true';
  const ttlSeconds = wholeOf(query, 'ttlSeconds', 1, 2 ** 32 - 1);
  const [key, id, type] = [onceOf(query, 'key'), onceOf(query, 'id'), request.headers['content-type']];
  const options: PublishOptions = {
    ...(retain ? { retain } : {}),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(key === undefined ? {} : { key }),
    ...(id === undefined ? {} : { id: idOf(id) }),
    // What curl says where nobody said anything is not what the payload is.
    ...(type === undefined || isForm(type) ? {} : { contentType: type }),
  };
  return {
    options,
    wish: parseWish(onceOf(query, 'ack'), wholeOf(query, 'replicasTimeoutMs', 1, 86_400_000)),
  };
}

function idOf(text: string): { producer: string; n: number } {
  const match = /^(.+):(\d{1,15})$/s.exec(text);
  if (match === null) throw badRequest('id must be PRODUCER:NUMBER');
  return { producer: match[1]!, n: Number(match[2]) };
}

/** Forms and plain text are what a browser sends for any page without asking. */
function refuseForms({ headers }: FastifyRequest): void {
  const type = headers['content-type'] ?? 'text/plain';
  const isBrowser = ['origin', 'referer', 'cookie', 'sec-fetch-site'].some(
    (name) => headers[name] !== undefined,
  );
  if (isBrowser && (isForm(type) || /^(text\/plain|multipart\/)/i.test(type)))
    throw new SedgeError('http.bad-media-type', { contentType: type.slice(0, 64) });
}

function isForm(type: string): boolean {
  return /^application\/x-www-form-urlencoded/i.test(type);
}
