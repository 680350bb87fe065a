import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { errorToJson } from '../../../control/error-json.ts';
import type { StreamSink } from './stream-sink.ts';
import { WritesUnderWay } from './writes-under-way.ts';

/** Close codes (RFC 6455, section 7.4.1). */
export const CLOSE = Object.freeze({ normal: 1000, policy: 1008, error: 1011 });

/** A stream over WebSocket: a text frame a message, `{"cursor":…,"message":{…}}`. */
export class WebSocketSink implements StreamSink {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #writes = new WritesUnderWay();
  #answered = true;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    webSocket.once('close', () => this.#writes.end());
    webSocket.on('pong', () => {
      this.#answered = true;
    });
  }

  frame(json: string, cursor: string): string {
    return `{"cursor":${JSON.stringify(cursor)},"message":${json}}`;
  }

  write(frames: readonly string[]): void {
    if (this.isEnded) return;
    // In one write to the system.
    this.#socket.cork();
    for (const frame of frames) this.#webSocket.send(frame, this.#writes.begin());
    this.#socket.uncork();
  }

  /** A client that answers no ping is gone. */
  beat(): void {
    if (this.isEnded) return;
    if (!this.#answered && this.unsentBytes === 0) this.#webSocket.terminate();
    else if (this.unsentBytes === 0) {
      this.#answered = false;
      this.#webSocket.ping();
    }
  }

  get unsentBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  whenSent(): Promise<void> {
    return this.isEnded ? Promise.resolve() : this.#writes.whenDone();
  }

  end(error?: unknown): void {
    if (this.isEnded) return;
    if (error !== undefined) this.#webSocket.send(JSON.stringify({ error: errorToJson(error) }));
    this.#webSocket.close(error === undefined ? CLOSE.normal : CLOSE.error);
  }

  get isEnded(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN;
  }

  onEnd(gone: () => void): void {
    if (this.isEnded) gone();
    else this.#webSocket.once('close', gone);
  }
}
