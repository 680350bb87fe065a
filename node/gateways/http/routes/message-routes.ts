import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SedgeError } from '../../../../src/errors/index.ts';
import {
  checkTopic,
  type DeliveredMessage,
  type HistoryOptions,
  TopicFilter,
} from '../../../../src/index.ts';
import { messageToJson } from '../../../control/message-json.ts';
import type { ServedMesh } from '../../../control/served-mesh.ts';
import { CBOR_TYPE } from '../cbor-body.ts';
import type { HttpCounters } from '../http-counters.ts';
import { filtersOf, onceOf, onlyThese, type Query, timeOf, wholeOf, wordOf } from './query-fields.ts';

/** What the routes work with. */
export interface MessageRouteParts {
  readonly mesh: Pick<ServedMesh, 'history' | 'lastValues'>;
  readonly counters: HttpCounters;
  /** Lets so many read the journal at once; the others wait. */
  readonly reading: <T>(work: () => Promise<T>) => Promise<T>;
}

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;
/** Bytes of payloads in one page. */
const PAGE_BYTES_MAX = 1_048_576;
const LAST_DEFAULT = 1_000;
const LAST_MAX = 10_000;

/** Adds the routes that read what the node holds: a page of history, last values, the last value of a topic as it is. */
export function addMessageRoutes(app: FastifyInstance, { mesh, counters, reading }: MessageRouteParts): void {
  app.get('/v1/messages', async (request, reply) => {
    const query = request.query as Query;
    onlyThese(query, ['filter', 'order', 'limit', 'cursor', 'since', 'until']);
    const filters = filtersOf(query);
    const cursor = onceOf(query, 'cursor');
    const [sinceMs, untilMs] = [timeOf(query, 'since'), timeOf(query, 'until')];
    const options: HistoryOptions = {
      order: wordOf(query, 'order', ['oldest', 'newest'] as const) ?? 'oldest',
      messagesMax: wholeOf(query, 'limit', 1, PAGE_MAX) ?? PAGE_DEFAULT,
      payloadBytesMax: PAGE_BYTES_MAX,
      ...(cursor === undefined ? {} : { cursor }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
    };
    const page = await reading(() => mesh.history(filters, options));
    counters.count('messagesOut', page.messages.length);
    const next = page.more ? nextOf(query, page.cursor) : null;
    if (next !== null) void reply.header('link', `<${next}>; rel="next"`);
    const messages = page.messages.map(writerFor(request));
    return { messages, cursor: page.cursor, more: page.more, next };
  });
  app.get('/v1/last', async (request) => {
    const query = request.query as Query;
    onlyThese(query, ['filter', 'limit']);
    const limit = wholeOf(query, 'limit', 1, LAST_MAX) ?? LAST_DEFAULT;
    const wants = wantsOf(filtersOf(query));
    const { messages, complete } = await reading(() => mesh.lastValues(wants, limit));
    counters.count('messagesOut', messages.length);
    return { messages: messages.map(writerFor(request)), complete };
  });
  app.get('/v1/topics/*', async (request, reply) => {
    onlyThese(request.query as Query, []);
    const { '*': topic } = request.params as { '*': string };
    const checked = checkTopic(topic);
    if (!checked.ok) throw new SedgeError(checked.code, { topic: topic.slice(0, 100) });
    const { messages } = await reading(() => mesh.lastValues((one) => one === topic, 1));
    const [message] = messages;
    if (message === undefined) throw new SedgeError('http.no-value', { topic });
    counters.count('messagesOut');
    return sendPayload(reply, message);
  });
}

/** The payload as it is. Whatever it is, a browser takes it for data, not for a page of this node. */
function sendPayload(reply: FastifyReply, message: DeliveredMessage): FastifyReply {
  const { payload, contentType, author, channel, seq, timeMs, offset } = message;
  return reply
    .headers({
      'content-disposition': 'attachment',
      'content-security-policy': "sandbox; default-src 'none'",
      'sedge-author': author,
      'sedge-offset': `${channel}=${offset}`,
      'sedge-seq': String(seq),
      'sedge-time': String(timeMs),
    })
    .type(isMediaType(contentType) ? contentType : 'application/octet-stream')
    .send(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
}

/** What the publisher calls it, if a header can carry that. */
function isMediaType(text: string | undefined): text is string {
  return (
    text !== undefined && /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}(; ?[\w-]{1,32}=[\w.+-]{1,64})*$/.test(text)
  );
}

/** Messages in the form that the request asks for: in CBOR their payloads are bytes. */
function writerFor({ headers }: FastifyRequest): (message: DeliveredMessage) => object {
  if (headers.accept?.includes(CBOR_TYPE) !== true) return (message) => messageToJson(message);
  return (message) => messageToJson(message, { payload: message.payload } as never);
}

function wantsOf(texts: readonly string[]): (topic: string) => boolean {
  const filters = texts.map((text) => {
    const filter = TopicFilter.parse(text);
    if (!filter.ok) throw new SedgeError(filter.code, { filter: text.slice(0, 100) });
    return filter.value;
  });
  return (topic) => filters.some((filter) => filter.matches(topic));
}

/** The address of the next page: the same question with another cursor. */
function nextOf(query: Query, cursor: string): string {
  const next = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value ?? []].flat()) if (name !== 'cursor') next.append(name, one);
  next.append('cursor', cursor);
  return `/v1/messages?${next}`;
}
