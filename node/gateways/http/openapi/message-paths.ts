import { type Operation, operation, type Parameter } from './operation.ts';
import { oneOf, ref, type Schema, text, texts, whole } from './schemas.ts';

const filter: Parameter = {
  name: 'filter',
  in: 'query',
  required: true,
  description: 'Topic filter of MQTT, up to 64 of them; # is written %23.',
  schema: { ...texts, minItems: 1, maxItems: 64 },
  explode: true,
  example: ['site/#'],
};
const topic: Parameter = {
  name: 'topic',
  in: 'path',
  required: true,
  description: 'The topic; its slashes may stand as they are.',
  schema: text,
  example: 'site/greenhouse/temp',
};
const time: Schema = { anyOf: [whole, { type: 'string', format: 'date-time' }] };

function query(name: string, description: string, schema: Schema): Parameter {
  return { name, in: 'query', description, schema };
}

const starts: readonly Parameter[] = [
  filter,
  query('from', 'Where to start.', { ...oneOf('new', 'all', 'last'), default: 'new' }),
  query('since', 'Start with what was received then: milliseconds since 1970 or ISO 8601.', time),
  query('cursor', 'Start behind a cursor that a message or page carried.', text),
];
const rawParameters: readonly Parameter[] = [
  topic,
  query('retain', 'Last value of its topic in the sense of MQTT.', oneOf('true', 'false')),
  query('ttlSeconds', 'Lifetime.', whole),
  query('key', 'Key of the message.', text),
  query('id', 'PRODUCER:NUMBER, which makes a retry harmless.', text),
  query('ack', 'durable, accepted or replicas:N.', text),
  query('replicasTimeoutMs', 'How long to wait for replicas.', whole),
];
const publishRaw = operation({
  summary: 'Publish the body as it is',
  tag: 'publish',
  scope: 'publish',
  parameters: rawParameters,
  raw: true,
  answer: ref('Published'),
});

/** Publishing, reading and following. */
export const MESSAGE_PATHS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/v1/publish': {
    post: operation({
      summary: 'Publish a message',
      tag: 'publish',
      scope: 'publish',
      body: ref('Publish'),
      example: { topic: 'site/greenhouse/temp', payload: '21.5', ack: 'durable' },
      answer: ref('Published'),
    }),
  },
  '/v1/publish-many': {
    post: operation({
      summary: 'Publish many messages, each for itself',
      tag: 'publish',
      scope: 'publish',
      body: ref('PublishMany'),
      example: {
        messages: [
          { topic: 'site/greenhouse/temp', payload: '21.6' },
          { topic: 'site/greenhouse/photo', payloadBase64: '/9j/', contentType: 'image/jpeg', retain: true },
        ],
      },
      answer: ref('PublishedMany'),
      also: { 207: 'Not all were taken.' },
    }),
  },
  '/v1/topics/{topic}': {
    get: operation({
      summary: 'The last value of a topic, as it is',
      tag: 'read',
      scope: 'read',
      parameters: [topic],
      media: '*/*',
    }),
    post: publishRaw,
    put: publishRaw,
  },
  '/v1/messages': {
    get: operation({
      summary: 'A page of history',
      tag: 'read',
      scope: 'read',
      parameters: [
        filter,
        query('order', 'Of arrival, or back from the end.', {
          ...oneOf('oldest', 'newest'),
          default: 'oldest',
        }),
        query('limit', 'Most messages of the page.', {
          type: 'integer',
          minimum: 1,
          maximum: 1_000,
          default: 100,
        }),
        query('since', 'Received then or later: milliseconds since 1970 or ISO 8601.', time),
        query('until', 'Received before.', time),
        query('cursor', 'Behind an earlier page.', text),
      ],
      answer: ref('Page'),
    }),
  },
  '/v1/last': {
    get: operation({
      summary: 'The last value of each topic',
      tag: 'read',
      scope: 'read',
      parameters: [filter, query('limit', 'Most topics.', { type: 'integer', minimum: 1, maximum: 10_000 })],
      answer: ref('LastValues'),
    }),
  },
  '/v1/stream': {
    get: operation({
      summary: 'Messages as they arrive, as Server-Sent Events',
      tag: 'follow',
      scope: 'read',
      parameters: [
        ...starts,
        { name: 'Last-Event-ID', in: 'header', description: 'Goes before where to start.', schema: text },
      ],
      media: 'text/event-stream',
      answer: ref('Message'),
    }),
  },
  '/v1/socket': {
    get: {
      ...operation({
        summary: 'The same over WebSocket: text frames {"cursor","message"}',
        tag: 'follow',
        scope: 'read',
        parameters: starts,
      }),
      responses: { 101: { description: 'From here on it is a WebSocket (RFC 6455).' } },
    },
  },
};
