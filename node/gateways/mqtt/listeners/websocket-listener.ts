import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { addressOf, closeServer, listenOn } from './listen-socket.ts';
import type { AcceptStream, ClientStream, ListenAddress, Listener } from './listener.ts';
import { prepareSocket } from './tcp-listener.ts';

/** Close code of a frame of a kind that is not taken (RFC 6455, section 7.4.1). */
const UNSUPPORTED = 1003;
/** Largest WebSocket frame or message: packets may be cut and joined as one likes. */
const FRAME_BYTES_MAX = 2 * 1_048_576;
const HEADERS_MS_MAX = 10_000;

/** MQTT over WebSocket (section 6 of both standards): subprotocol `mqtt`, binary frames, any path. */
export class WebSocketListener implements Listener {
  readonly #address: ListenAddress;
  #server: Server | null = null;
  #sockets: WebSocketServer | null = null;

  constructor(address: ListenAddress) {
    this.#address = address;
  }

  async start(accept: AcceptStream): Promise<void> {
    const server = createServer({ headersTimeout: HEADERS_MS_MAX }, (_request, response) => {
      response.writeHead(426, { upgrade: 'websocket' }).end('MQTT over WebSocket is spoken here.\n');
    });
    server.on('connection', prepareSocket);
    const sockets = new WebSocketServer({
      server,
      maxPayload: FRAME_BYTES_MAX,
      // Compression costs memory for each connection, and packets are small.
      perMessageDeflate: false,
      // MQTT-6.0.0-3, -4.
      handleProtocols: (protocols) => ['mqtt', 'mqttv3.1'].find((one) => protocols.has(one)) ?? false,
    });
    sockets.on('connection', (socket, request) => accept(streamOf(socket, request)));
    await listenOn(server, this.#address);
    this.#server = server;
    this.#sockets = sockets;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#sockets?.close();
    if (server === null) return;
    const closed = closeServer(server);
    server.closeIdleConnections();
    await closed;
  }

  address(): string {
    const address = addressOf(this.#server);
    return address === '' ? '' : `ws://${address}`;
  }

  async look(): Promise<void> {}
}

function streamOf(
  socket: WebSocket,
  { socket: { remoteAddress, remotePort } }: IncomingMessage,
): ClientStream {
  const stream = createWebSocketStream(socket);
  // Unlike a socket's, its other half stays open once all was read.
  stream.once('end', () => stream.destroy());
  socket.on('message', (_data, isBinary) => {
    // MQTT-6.0.0-1.
    if (!isBinary) socket.close(UNSUPPORTED, 'binary frames only');
  });
  return Object.assign(stream, {
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(remotePort === undefined ? {} : { remotePort }),
  });
}
