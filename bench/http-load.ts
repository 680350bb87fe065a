import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
/** Frames of WebSocket without content: what asks whether the client is there, and its answer. */
const PING = '\x89\x00';
const PONG = Buffer.of(0x8a, 0x80, 0, 0, 0, 0);

/** One connection that asks, waits for the answer and asks again: HTTP by hand, so that the client costs little. */
export class HttpConnection {
  readonly #socket: Socket;
  #text = '';
  #answered: (status: number) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (chunk) => this.#read(String(chunk)));
    socket.on('error', () => this.#answered(0));
  }

  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new HttpConnection(socket);
  }

  /** Posts JSON and resolves with the status of the answer; 0 if the connection was lost. */
  post(path: string, body: string): Promise<number> {
    const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
    this.#socket.write(`${head}content-length: ${Buffer.byteLength(body)}${HEAD_END}${body}`);
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf(HEAD_END);
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#text.slice(0, end))?.[1] ?? 0);
    if (this.#text.length < end + HEAD_END.length + length) return;
    const status = Number(this.#text.slice(9, 12));
    this.#text = '';
    this.#answered(status);
  }
}

/** Connections to live streams that count what they get. */
export class HttpFollowers {
  readonly #sockets: Socket[] = [];
  readonly #mark: string;
  #messages = 0;

  /** `mark` stands once in each message as it is sent. */
  constructor(mark: string) {
    this.#mark = mark;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Opens one; `upgrade` asks for a WebSocket. Resolves when it is answered. */
  async open(url: string, path: string, upgrade: boolean): Promise<void> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    this.#sockets.push(socket);
    socket.on('error', () => {});
    const webSocket =
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${upgrade ? webSocket : ''}\r\n`);
    const [head] = (await once(socket, 'data')) as [Buffer];
    if (!/^HTTP\/1\.1 (?:200|101) /.test(head.toString('latin1')))
      throw new Error(`The stream was refused: ${head.toString('latin1')}`);
    let rest = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      if (upgrade && String(chunk).includes(PING)) socket.write(PONG);
      const text = rest + String(chunk);
      let at = 0;
      for (let found = text.indexOf(this.#mark); found >= 0; found = text.indexOf(this.#mark, at)) {
        this.#messages++;
        at = found + this.#mark.length;
      }
      // The mark may have been cut in two.
      rest = text.slice(Math.max(at, text.length - this.#mark.length + 1));
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
