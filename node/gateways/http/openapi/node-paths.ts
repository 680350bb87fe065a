import { type Operation, type OperationText, operation } from './operation.ts';
import {
  closed,
  list,
  number,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
  texts,
  truth,
  whole,
} from './schemas.ts';

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

function view(summary: string, answer: Schema, more: Partial<OperationText> = {}): { get: Operation } {
  return { get: operation({ summary, tag: 'node', scope: 'read', answer, ...more }) };
}

function change(summary: string, text: Partial<OperationText>): { post: Operation } {
  return { post: operation({ summary, tag: 'admin', scope: 'admin', ...text }) };
}

const deviceBody = closed({ device: text });
const portBody = closed({ port: text });
const device = 'uno-1';
const port = '/dev/ttyUSB0';

/** What the node knows and holds. */
export const VIEW_PATHS: Paths = {
  '/v1/status': view('The node at a glance', ref('Status')),
  '/v1/peers': view('Peers, and how far the node is in step with each', object({ peers: list(ref('Peer')) })),
  '/v1/channels': view('Channels', object({ channels: list(ref('Channel')) })),
  '/v1/logs': view('Logs of which something is held', object({ logs: list(ref('Log')) })),
  '/v1/gaps': view('Numbers that are known to exist and not held', object({ gaps: list(ref('Gap')) })),
  '/v1/forks': view('Epochs that ended in a fork', object({ forks: list(ref('Fork')) })),
  '/v1/realm': view('The realm: nodes, channels, policy, invitations', ref('Realm')),
  '/v1/mqtt': view('The MQTT gateway and its clients', ref('Gateway')),
  '/v1/http': view('The HTTP API and what it counted', ref('Gateway')),
  '/v1/bridges': view('Bridges to outside MQTT brokers', object({ bridges: list({ type: 'object' }) })),
  '/v1/devices': view('Devices on serial lines', object({ devices: list(ref('Device')) })),
  '/v1/serial-ports': view('Serial ports', object({ ports: list(ref('Port')) })),
  '/v1/telemetry': view('Figures: rates, backlogs, disk, card, memory', { type: 'object' }),
  '/v1/live': view(
    'State and last values as they change, a JSON object a line',
    { type: 'object' },
    {
      media: 'application/x-ndjson',
      tag: 'follow',
      parameters: [
        {
          name: 'watch',
          in: 'query',
          description: 'Filters of which every message is wanted.',
          schema: texts,
        },
        { name: 'since', in: 'query', description: '`at` of the last line that was had.', schema: text },
      ],
    },
  ),
  '/v1/holders': {
    post: operation({
      summary: 'Who holds a message',
      tag: 'node',
      scope: 'read',
      body: closed({ author: text, seq: whole, 'channel?': text, 'epoch?': text, 'timeoutMs?': whole }),
      answer: object({ holders: list({ type: 'object' }) }),
    }),
  },
  '/v1/alerts': view('Alerts', ref('Alerts')),
  '/v1/log-levels': {
    ...view('Least level of log lines, by part', object({ levels: { type: 'object' } })),
    ...change('Change them', {
      body: closed({ levels: { type: 'object', additionalProperties: text } }),
      answer: object({ levels: { type: 'object' } }),
    }),
  },
};

/** What changes the realm or the node. */
export const ADMIN_PATHS: Paths = {
  '/v1/realm/invite': change('Make an invitation', {
    body: closed({ 'expiresInSeconds?': whole, 'uses?': whole, 'role?': oneOf('member', 'admin') }),
    example: { expiresInSeconds: 3_600, uses: 1 },
    answer: object({ token: text, expiresAtMs: number, uses: whole }),
  }),
  '/v1/realm/revoke': change('Take the rights of a node away', {
    body: closed({ node: text }),
    answer: ref('NodeName'),
  }),
  '/v1/realm/channels': change('Declare the channels', {
    body: closed({ channels: list(closed({ name: text, filter: text })) }),
    example: { channels: [{ name: 'alarm', filter: 'alarm/#' }] },
    answer: object({ channels: list({ type: 'object' }) }),
  }),
  '/v1/realm/policy': change('Say what is kept of each channel', {
    body: closed({ channels: { type: 'object' } }),
    example: { channels: { main: { retentionSeconds: 604_800 } } },
    answer: object({ policy: { type: 'object' } }),
  }),
  '/v1/devices/provision': change('Give the device at a port a key', {
    body: closed({
      port: text,
      'name?': text,
      'baudRate?': whole,
      'prefix?': text,
      'topics?': texts,
      'signingKeyBase64?': text,
      'force?': truth,
    }),
    example: { port, name: device },
    answer: ref('DeviceName'),
  }),
  '/v1/devices/add': change('Take in a device that has a key', {
    body: closed({
      id: text,
      keyBase64: text,
      'name?': text,
      'signingKeyBase64?': text,
      'prefix?': text,
      'topics?': texts,
    }),
    example: { id: '5e09e00000000001', keyBase64: 'AAAAAAAAAAAAAAAAAAAAAA==', name: device },
    answer: ref('DeviceName'),
  }),
  '/v1/devices/remove': change('Forget a device', {
    body: deviceBody,
    example: { device },
    answer: ref('DeviceName'),
  }),
  '/v1/devices/accept-epoch': change('Take the next epoch of a device as it comes', {
    body: deviceBody,
    example: { device },
    answer: ref('DeviceName'),
  }),
  '/v1/devices/monitor': change('What devices say, a JSON object a line', {
    body: closed({ 'port?': text, 'device?': text }),
    media: 'application/x-ndjson',
  }),
  '/v1/serial-ports/release': change('Let go of a port for a while', {
    body: portBody,
    example: { port },
    answer: object({ released: truth }),
  }),
  '/v1/serial-ports/reclaim': change('Take it back', {
    body: portBody,
    example: { port },
    answer: object({ reclaimed: truth }),
  }),
  '/v1/alerts/acknowledge': change('Say that an alert was seen', {
    scope: 'publish',
    body: closed({ id: text, 'by?': text, 'note?': text }),
    answer: ref('Alert'),
  }),
  '/v1/alerts/test': change('Raise an alert to see that it arrives', {
    answer: object({ alert: { type: 'object' }, published: truth, webhooks: list({ type: 'object' }) }),
  }),
  '/v1/stop': change('Stop the agent', { answer: object({ stopping: truth }) }),
};

/** Whether the node is well, and this document. */
export const OPEN_PATHS: Paths = {
  '/healthz': {
    get: operation({
      summary: 'Alive: the process answers',
      tag: 'health',
      scope: 'open',
      answer: object({ alive: truth }),
    }),
  },
  '/readyz': {
    get: operation({
      summary: 'Working: the disk takes writes, the journal gets on, nothing holds the process up',
      tag: 'health',
      scope: 'open',
      answer: ref('Ready'),
      also: { 503: 'Not working; the checks say why.' },
    }),
  },
  '/v1/openapi.json': {
    get: operation({
      summary: 'This document',
      tag: 'node',
      scope: 'open',
      answer: object({ openapi: text }),
    }),
  },
};

/** Names of nodes, with nothing else. */
export const NODE_NAME = object({ node: orNull(text), name: text });
