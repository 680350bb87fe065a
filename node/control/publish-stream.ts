import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SedgeError } from '../../src/errors/index.ts';
import type { MessageToPublish, Published } from '../../src/index.ts';
import type { AcknowledgementWish } from './acknowledgement-wish.ts';
import { errorToJson } from './error-json.ts';
import { LineSplitter } from './line-splitter.ts';
import { parsePublish } from './publish-line.ts';
import type { ServedMesh } from './served-mesh.ts';
import { writeWhenRoom } from './write-when-room.ts';

/** Messages taken and not yet answered; over it the request is not read on. */
const WINDOW_MESSAGES = 16_384;
/** Their payloads in bytes, likewise. */
const WINDOW_BYTES = 8 * 1_048_576;
/** Messages handed to the mesh in one call. */
const CALL_MESSAGES_MAX = 1_024;

/** Messages in order that are answered together. */
type Segment = { readonly count: number; readonly bytes: number } & (
  | { readonly kind: 'published'; readonly outcomes: Promise<readonly Outcome[]> }
  | { readonly kind: 'refused'; readonly error: unknown }
);

/** What became of one message. */
type Outcome = Published | { readonly error: unknown };

/**
 * One publisher on the control socket: NDJSON requests in, NDJSON acknowledgements out in the same order, many
 * on their way at once. A reader that is slow with the acknowledgements holds the requests back.
 */
export class PublishStream {
  readonly #mesh: ServedMesh;
  readonly #wish: AcknowledgementWish;
  readonly #response: ServerResponse;
  readonly #segments: Segment[] = [];
  #pendingMessages = 0;
  #pendingBytes = 0;
  #gathered: MessageToPublish[] = [];
  #gatheredBytes = 0;
  #ended = false;
  #wakeAnswerer: () => void = () => {};
  #request: IncomingMessage | null = null;
  readonly #splitter = new LineSplitter();

  constructor(mesh: ServedMesh, response: ServerResponse, wish: AcknowledgementWish) {
    this.#mesh = mesh;
    this.#response = response;
    this.#wish = wish;
  }

  /** Serves the request to its end; resolves when every message is answered or the client is gone. */
  async run(request: IncomingMessage): Promise<void> {
    this.#request = request;
    this.#response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    this.#response.flushHeaders();
    request.on('data', (chunk: Buffer) => this.#take(() => this.#splitter.push(chunk)));
    request.once('end', () => {
      this.#take(() => this.#splitter.end());
      this.#endReading();
    });
    request.once('error', () => this.#endReading());
    request.once('close', () => this.#endReading());
    await this.#answer();
    this.#response.end();
  }

  /** Takes nothing more; what was taken is answered. Resolves when that is done. */
  async stop(): Promise<void> {
    this.#endReading();
    if (!this.#response.closed) await once(this.#response, 'close');
  }

  #take(lines: () => Buffer | null): void {
    if (this.#ended) return;
    try {
      const taken = lines();
      if (taken !== null) this.#takeLines(taken);
    } catch (error) {
      // What came before is answered first; then the stream ends with what is wrong.
      this.#flush();
      this.#add({ kind: 'refused', count: 0, bytes: 0, error });
      this.#endReading();
    }
    if (this.#isFull()) this.#request?.pause();
  }

  #endReading(): void {
    this.#ended = true;
    this.#request?.pause();
    this.#wakeAnswerer();
  }

  #isFull(): boolean {
    return this.#pendingMessages >= WINDOW_MESSAGES || this.#pendingBytes >= WINDOW_BYTES;
  }

  #takeLines(lines: Buffer): void {
    if (!isUtf8(lines)) throw new SedgeError('agent.bad-request', { reason: 'the stream is not UTF-8' });
    for (const line of lines.toString('utf8').split('\n')) {
      if (line !== '') this.#takeLine(line);
    }
    this.#flush();
  }

  #takeLine(line: string): void {
    let messages: MessageToPublish[];
    try {
      messages = parsePublish(parseJson(line));
    } catch (error) {
      this.#flush();
      this.#add({ kind: 'refused', count: 1, bytes: 0, error });
      return;
    }
    for (const message of messages) this.#gathered.push(message);
    this.#gatheredBytes += line.length;
    if (this.#gathered.length >= CALL_MESSAGES_MAX) this.#flush();
  }

  #flush(): void {
    if (this.#gathered.length === 0) return;
    const messages = this.#gathered;
    const bytes = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#add({ kind: 'published', count: messages.length, bytes, outcomes: this.#publish(messages) });
  }

  /** Each message has an outcome of its own: what is wrong with one must not fail those beside it. */
  #publish(messages: readonly MessageToPublish[]): Promise<Outcome[]> {
    const wish = this.#wish;
    const publishing = messages.map(({ topic, payload, options }) =>
      this.#mesh
        .publish(topic, payload, options === undefined ? wish : { ...options, ...wish })
        .catch(failed),
    );
    return Promise.all(publishing);
  }

  #add(segment: Segment): void {
    this.#segments.push(segment);
    this.#pendingMessages += segment.count;
    this.#pendingBytes += segment.bytes;
    this.#wakeAnswerer();
  }

  async #answer(): Promise<void> {
    for (;;) {
      const segment = this.#segments.shift();
      if (segment === undefined) {
        if (this.#ended) return;
        await new Promise<void>((resolve) => (this.#wakeAnswerer = resolve));
        continue;
      }
      await writeWhenRoom(this.#response, await answerOf(segment));
      this.#pendingMessages -= segment.count;
      this.#pendingBytes -= segment.bytes;
      if (!this.#ended && !this.#isFull()) this.#request?.resume();
    }
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new SedgeError('agent.bad-request', { reason: 'a line is not JSON' });
  }
}

async function answerOf(segment: Segment): Promise<string> {
  return segment.kind === 'refused' ? refusal(segment.count, segment.error) : answers(await segment.outcomes);
}

function failed(error: unknown): Outcome {
  return { error };
}

function refusal(count: number, error: unknown): string {
  return `${JSON.stringify({ count, error: errorToJson(error) })}\n`;
}

/** Messages with numbers in a row and of one millisecond share a line. */
function answers(outcomes: readonly Outcome[]): string {
  let text = '';
  let first = 0;
  for (let index = 1; index <= outcomes.length; index++) {
    if (index < outcomes.length && follows(outcomes[index - 1]!, outcomes[index]!)) continue;
    text += answer(outcomes[first]!, index - first);
    first = index;
  }
  return text;
}

function answer(outcome: Outcome, count: number): string {
  if ('error' in outcome) return refusal(count, outcome.error);
  const { author, channel, epoch, seq, timeMs, duplicate, replicas } = outcome;
  return `${JSON.stringify({ count, author, channel, epoch, seq, timeMs, duplicate, replicas })}\n`;
}

function follows(before: Outcome, after: Outcome): boolean {
  if ('error' in before || 'error' in after) return false;
  return (
    after.seq === before.seq + 1 &&
    after.timeMs === before.timeMs &&
    after.epoch === before.epoch &&
    after.channel === before.channel &&
    after.duplicate === before.duplicate &&
    after.replicas === before.replicas
  );
}
