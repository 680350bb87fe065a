import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { ServerCertificate } from '../../listening/server-certificate.ts';
import { addressOf, closeServer, listenOn } from './listen-socket.ts';
import type { AcceptStream, ClientStream, ListenAddress, Listener } from './listener.ts';
import { prepareSocket } from './tcp-listener.ts';

/** Close code of a frame of a kind that is not taken (RFC 6455, section 7.4.1). */
const UNSUPPORTED = 1003;
/** Largest WebSocket frame or message: packets may be cut and joined as one likes. */
const FRAME_BYTES_MAX = 2 * 1_048_576;
const HEADERS_MS_MAX = 10_000;

/** MQTT over WebSocket (section 6 of both standards), over TLS too: subprotocol `mqtt`, binary frames, any path. */
export class WebSocketListener implements Listener {
  readonly #address: ListenAddress;
  readonly #certificate: ServerCertificate | null;
  #server: Server | TlsServer | null = null;
  #sockets: WebSocketServer | null = null;

  constructor(address: ListenAddress, certificate: ServerCertificate | null = null) {
    this.#address = address;
    this.#certificate = certificate;
  }

  async start(accept: AcceptStream): Promise<void> {
    const server = await this.#makeServer();
    server.on('connection', prepareSocket);
    const sockets = new WebSocketServer({
      server,
      maxPayload: FRAME_BYTES_MAX,
      // Compression costs memory for each connection, and packets are small.
      perMessageDeflate: false,
      // MQTT-6.0.0-3, -4.
      handleProtocols: (protocols) => ['mqtt', 'mqttv3.1'].find((one) => protocols.has(one)) ?? false,
    });
    sockets.on('connection', (socket, request) => {
      const client = this.#certificate?.clientOf(request.socket as TLSSocket) ?? {};
      accept(Object.assign(streamOf(socket, request), client));
    });
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
    return address === '' ? '' : `${this.#certificate === null ? 'ws' : 'wss'}://${address}`;
  }

  async look(): Promise<void> {
    if (this.#certificate !== null && this.#server !== null)
      await this.#certificate.look(this.#server as TlsServer);
  }

  async #makeServer(): Promise<Server | TlsServer> {
    const answer: RequestListener = (_request, response) => {
      response.writeHead(426, { upgrade: 'websocket' }).end('MQTT over WebSocket is spoken here.\n');
    };
    const options = { headersTimeout: HEADERS_MS_MAX };
    if (this.#certificate === null) return createServer(options, answer);
    const server = createTlsServer({ ...options, ...(await this.#certificate.serverOptions()) }, answer);
    this.#certificate.watch(server);
    return server;
  }
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
