import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { isSedgeError, SedgeError } from '../../../../src/errors/index.ts';
import { errorToJson, httpStatusOf } from '../../../control/error-json.ts';
import type { Caller } from '../caller.ts';
import type { HttpCounters } from '../http-counters.ts';
import type { RequestGate } from '../request-gate.ts';
import type { Query } from '../routes/query-fields.ts';
import type { StreamDesk } from './stream-desk.ts';
import { parseStreamRequest } from './stream-request.ts';
import { CLOSE, WebSocketSink } from './websocket-sink.ts';

/** What the door works with. */
export interface WebSocketDoorParts {
  readonly gate: RequestGate;
  readonly desk: StreamDesk;
  readonly counters: HttpCounters;
}

/** Largest frame of a client, which has nothing to say. */
const FRAME_BYTES_MAX = 4_096;
const PATH = '/v1/socket';
const PROTOCOL = 'sedge';

/** `GET /v1/socket`: a live stream over WebSocket (RFC 6455), for those to whom it comes easier than Server-Sent Events. */
export class WebSocketDoor {
  readonly #parts: WebSocketDoorParts;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: FRAME_BYTES_MAX,
    // Compression costs memory for each connection, and what unfolds may be large.
    perMessageDeflate: false,
    // The one in which a browser gives its token is not said back.
    handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
  });

  constructor(parts: WebSocketDoorParts) {
    this.#parts = parts;
  }

  /** Answers a request that wants another protocol. */
  async upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { counters } = this.#parts;
    counters.count('requests');
    socket.on('error', () => {});
    try {
      const { caller, query } = await this.#admit(request);
      const asked = parseStreamRequest(query);
      this.#parts.desk.checkRoom();
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        void this.#serve(webSocket, { asked, caller, socket });
      });
    } catch (error) {
      const json = errorToJson(error);
      counters.countRefusal(json.code);
      refuse(socket, httpStatusOf(json.code), JSON.stringify({ error: json }));
    }
  }

  async #admit(request: IncomingMessage): Promise<{ caller: Caller; query: Query }> {
    const { gate } = this.#parts;
    gate.checkSource(request);
    const { allowed, waitSeconds } = gate.takeRequest(request);
    if (!allowed) throw new SedgeError('http.too-many-requests', { what: 'requests', waitSeconds });
    const caller = await gate.find(request);
    if (!caller.rights.mayCall('read'))
      throw new SedgeError(caller.token === null ? 'http.not-authorized' : 'http.forbidden', {
        scope: 'read',
      });
    const [path, search = ''] = (request.url ?? '').split('?', 2);
    if (path !== PATH || request.headers.upgrade?.toLowerCase() !== 'websocket')
      throw new SedgeError('agent.bad-request', { reason: `a WebSocket is served at ${PATH} alone` });
    return { caller, query: queryOf(search) };
  }

  async #serve(
    webSocket: WebSocket,
    {
      asked,
      caller,
      socket,
    }: { asked: ReturnType<typeof parseStreamRequest>; caller: Caller; socket: Socket },
  ): Promise<void> {
    const { desk, counters } = this.#parts;
    webSocket.on('error', () => counters.count('connectionsMalformed'));
    webSocket.on('message', (data: RawData) => refuseMessage(webSocket, data));
    const sink = new WebSocketSink(webSocket, socket);
    try {
      const stream = await desk.prepare(asked, sink, caller);
      stream.begin();
    } catch (error) {
      if (isSedgeError(error)) counters.countRefusal(error.code);
      sink.end(error);
    }
  }
}

/** What is wanted stands in the address: a client says nothing more. */
function refuseMessage(webSocket: WebSocket, _data: RawData): void {
  webSocket.close(CLOSE.policy, 'this stream takes no messages; publish with POST /v1/publish');
}

function queryOf(search: string): Query {
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) {
    const before = query[name];
    query[name] = before === undefined ? value : [...[before].flat(), value];
  }
  return query;
}

function refuse(socket: Socket, status: number, body: string): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...(status === 401 ? ['www-authenticate: Bearer realm="sedge"'] : []),
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
