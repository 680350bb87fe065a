import type { ServerResponse } from 'node:http';
import { errorToJson } from '../../../control/error-json.ts';
import type { StreamSink } from './stream-sink.ts';
import { WritesUnderWay } from './writes-under-way.ts';

/** A stream of Server-Sent Events (WHATWG HTML, section 9.2): an event a message, whose id is the cursor behind it. */
export class SseSink implements StreamSink {
  readonly #response: ServerResponse;
  readonly #writes = new WritesUnderWay();
  #saidSomething = true;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => this.#writes.end());
  }

  /** Sends the head, with those headers that were set already. */
  start(): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // What would hold events back until there are more.
      'x-accel-buffering': 'no',
    });
    this.#response.write(': sedge\nretry: 2000\n\n');
  }

  frame(json: string, cursor: string): string {
    return cursor === '' ? `data: ${json}\n\n` : `id: ${cursor}\ndata: ${json}\n\n`;
  }

  write(frames: readonly string[]): void {
    if (this.isEnded) return;
    this.#saidSomething = true;
    this.#response.write(frames.length === 1 ? frames[0]! : frames.join(''), this.#writes.begin());
  }

  beat(): void {
    if (!this.#saidSomething && this.unsentBytes === 0 && !this.isEnded) this.#response.write(':\n\n');
    this.#saidSomething = false;
  }

  get unsentBytes(): number {
    return this.#response.writableLength;
  }

  whenSent(): Promise<void> {
    return this.isEnded ? Promise.resolve() : this.#writes.whenDone();
  }

  end(error?: unknown): void {
    if (this.isEnded) return;
    if (error !== undefined)
      this.#response.write(`event: error\ndata: ${JSON.stringify({ error: errorToJson(error) })}\n\n`);
    this.#response.end();
  }

  get isEnded(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  onEnd(gone: () => void): void {
    if (this.#response.destroyed) gone();
    else this.#response.once('close', gone);
  }
}
