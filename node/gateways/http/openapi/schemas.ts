/** A JSON Schema (2020-12), as OpenAPI 3.1 has them. */
export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
export const whole: Schema = { type: 'integer', minimum: 0 };
export const number: Schema = { type: 'number' };
export const truth: Schema = { type: 'boolean' };
export const texts: Schema = { type: 'array', items: text };

/** An object with these fields at least; a `?` behind a name says that it may be absent. Later versions may add others. */
export function object(fields: Readonly<Record<string, Schema>>): Schema {
  const entries = Object.entries(fields);
  const required = entries.flatMap(([name]) => (name.endsWith('?') ? [] : [name]));
  const properties = Object.fromEntries(entries.map(([name, schema]) => [name.replace(/\?$/, ''), schema]));
  return { type: 'object', required, properties };
}

/** The same, of which nothing else is taken: what a client sends. */
export function closed(fields: Readonly<Record<string, Schema>>): Schema {
  return { ...object(fields), additionalProperties: false };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

export function oneOf(...values: readonly string[]): Schema {
  return { type: 'string', enum: values };
}

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const counts: Schema = { type: 'object', additionalProperties: whole };
const publishId = closed({ producer: text, n: whole });
const headers: Schema = { type: 'object', additionalProperties: text };

/** What a client may say of a message. */
const messageFields = {
  topic: { type: 'string', minLength: 1, maxLength: 1_024, examples: ['site/greenhouse/temp'] },
  'payload?': { type: 'string', description: 'Text; in CBOR also bytes.' },
  'payloadBase64?': { type: 'string', contentEncoding: 'base64' },
  'id?': { ...publishId, description: 'Makes a retry harmless.' },
  'ttlSeconds?': { type: 'integer', minimum: 1, maximum: 2 ** 32 },
  'contentType?': text,
  'key?': text,
  'headers?': headers,
  'retain?': truth,
};
const acknowledgement: Schema = {
  description:
    'When the answer comes: once it is on the disk here, in memory, or on the disks of N others too.',
  default: 'durable',
  anyOf: [
    { type: 'string', pattern: '^(accepted|durable|replicas:\\d+)$' },
    closed({ replicas: { type: 'integer', minimum: 1, maximum: 64 } }),
  ],
};
const wish = { 'ack?': acknowledgement, 'replicasTimeoutMs?': whole };
const place = { author: text, channel: text, epoch: text, seq: whole };

/** Every schema with a name of its own. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Error: object({
    error: object({ code: text, message: text, next: text, details: { type: 'object' } }),
  }),
  MessageToPublish: { ...closed(messageFields), description: 'One of payload and payloadBase64.' },
  Publish: closed({ ...messageFields, ...wish }),
  PublishMany: {
    anyOf: [
      closed({ messages: { ...list(ref('MessageToPublish')), minItems: 1, maxItems: 4_096 }, ...wish }),
      { ...list(ref('MessageToPublish')), minItems: 1, maxItems: 4_096 },
    ],
  },
  Published: object({ ...place, timeMs: whole, duplicate: truth, 'replicas?': whole }),
  PublishedMany: object({
    published: whole,
    refused: whole,
    results: list({ anyOf: [ref('Published'), ref('Error')] }),
  }),
  Message: object({
    ...place,
    name: { ...text, description: 'Name of the author.' },
    topic: text,
    time: { ...whole, description: "Author's clock, milliseconds since 1970." },
    offset: text,
    late: truth,
    'payload?': text,
    'payloadBase64?': { type: 'string', contentEncoding: 'base64' },
    'contentType?': text,
    'key?': text,
    'headers?': headers,
    'retain?': truth,
    'id?': publishId,
    'client?': object({ id: text, 'user?': text }),
  }),
  Page: object({
    messages: list(ref('Message')),
    cursor: text,
    more: truth,
    next: orNull({ type: 'string', description: 'Address of the next page.' }),
  }),
  LastValues: object({ messages: list(ref('Message')), complete: truth }),
  Status: object({
    node: text,
    name: text,
    realm: text,
    realmName: text,
    addresses: texts,
    startedAtMs: number,
    peersConnected: whole,
    peersKnown: whole,
    channels: list(ref('Channel')),
    published: whole,
    delivered: whole,
    received: whole,
    storageBytesMax: orNull(whole),
    counters: counts,
    problems: list(object({ code: text, severity: oneOf('alarm', 'warning'), sentence: text, next: text })),
    agent: { type: 'object' },
  }),
  Channel: object({
    channel: text,
    filter: orNull(text),
    logs: whole,
    entries: whole,
    messages: whole,
    bytes: whole,
    gaps: whole,
    oldestAgeMs: orNull(number),
    policy: { type: 'object' },
    dropped: counts,
    offset: orNull(text),
  }),
  Peer: object({
    node: orNull(text),
    name: text,
    addresses: texts,
    source: text,
    connected: truth,
    latencyMs: orNull(number),
    sync: oneOf('in-sync', 'syncing', 'unknown'),
    health: oneOf('ok', 'stalled', 'down'),
    channels: list({ type: 'object' }),
  }),
  Log: object({
    ...logPlace(),
    last: whole,
    held: whole,
    missing: whole,
    letGo: whole,
    end: orNull(whole),
    own: truth,
  }),
  Gap: object({ ...logPlace(), first: whole, last: whole }),
  Fork: object({
    ...logPlace(),
    end: whole,
    kind: text,
    reporter: text,
    foundAtMs: number,
    own: truth,
    alarm: truth,
  }),
  Realm: object({
    id: text,
    name: text,
    nodes: list({ type: 'object' }),
    channels: list({ type: 'object' }),
  }),
  Gateway: object({ listening: texts, connections: whole, counters: counts }),
  Device: object({ id: text, name: text, state: text }),
  DeviceName: object({ id: text, name: text }),
  Port: object({ path: text, source: text, state: text, counters: counts }),
  Alerts: object({
    node: text,
    name: text,
    alerts: list(ref('Alert')),
    others: list(ref('Alert')),
    counts: object({ firing: whole, unacknowledged: whole, pending: whole }),
    rules: list(object({ rule: text, watch: text, severity: oneOf('alarm', 'warning') })),
    webhooks: list({ type: 'object' }),
    damagedFile: orNull(text),
  }),
  Alert: object({
    id: text,
    rule: text,
    watch: text,
    severity: oneOf('alarm', 'warning'),
    subject: text,
    state: oneOf('pending', 'firing', 'ended'),
    sentence: text,
    next: text,
    value: orNull(number),
    limit: orNull(number),
    occurrence: whole,
    sinceMs: number,
    firedAtMs: orNull(number),
    endedAtMs: orNull(number),
    acknowledged: orNull(object({ by: text, atMs: number, note: text })),
  }),
  Ready: object({
    ready: truth,
    checks: {
      type: 'object',
      additionalProperties: object({ ok: truth, ms: number, 'reason?': text }),
    },
  }),
};

function logPlace() {
  return { channel: text, author: text, name: text, epoch: text };
}
