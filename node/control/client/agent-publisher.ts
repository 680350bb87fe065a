import { isUtf8 } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { SedgeError } from '../../../src/errors/index.ts';
import type { Acknowledgement, Published, PublishOptions } from '../../../src/index.ts';
import { formatAcknowledgement } from '../acknowledgement-wish.ts';
import { errorFromJson } from '../error-json.ts';
import { LineSplitter } from '../line-splitter.ts';
import { clientToJson } from '../message-json.ts';
import { originToJson } from '../origin-json.ts';
import type { ControlConnection } from './control-connection.ts';

/** Options of a publisher. */
export interface PublisherOptions {
  /** For every message of this publisher. @defaultValue `'durable'` */
  readonly ack?: Acknowledgement;
  /** How long each message waits for its replicas, milliseconds. @defaultValue 30,000 */
  readonly replicasTimeoutMs?: number;
  /**
   * Messages sent and not yet acknowledged, 1 to 65,536, at which `send` says to wait.
   * @defaultValue 8,192: enough to keep a disk busy that syncs in 20 ms
   */
  readonly windowMessages?: number;
}

/** Options of one message; the acknowledgement is the publisher's. */
export type SendOptions = Omit<PublishOptions, 'ack' | 'replicasTimeoutMs'>;

/** Told once what became of a message: `published`, or the `error`. */
export type SendDone = (error: SedgeError | null, published: Published | null) => void;

const WINDOW_MESSAGES = 8_192;
/** Sent and not yet acknowledged payloads at which `send` says to wait. */
const WINDOW_BYTES = 8 * 1_048_576;
/** Where even those who do not ask for room are refused. */
const PENDING_MAX = 65_536;
const PENDING_BYTES_MAX = 64 * 1_048_576;
/** A line is closed at either size. */
const LINE_MESSAGES = 512;
const LINE_CHARACTERS = 65_536;

/** A line that gathers: payloads of one topic without options. */
interface OpenLine {
  readonly topic: string;
  readonly kind: 'payloads' | 'payloadsBase64';
  readonly payloads: string[];
  characters: number;
}

/** What was sent and waits for its acknowledgement, in order. */
interface Waiting {
  readonly done: SendDone | undefined;
  readonly bytes: number;
}

/**
 * Publishes many messages over one stream, in order, without waiting for each. Lines are written once per turn
 * of the event loop, so that a lone message leaves at once and a thousand share a line.
 */
export class AgentPublisher {
  readonly #connection: ControlConnection;
  readonly #outgoing: ClientRequest;
  readonly #windowMessages: number;
  readonly #waiting: (Waiting | undefined)[] = [];
  #waitingHead = 0;
  #waitingBytes = 0;
  #line: OpenLine | null = null;
  #text = '';
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;
  #failure: SedgeError | null = null;
  #firstError: SedgeError | null = null;
  #wakers: (() => void)[] = [];
  readonly #opened: Promise<unknown>;
  readonly #ended: Promise<void>;

  /** Messages acknowledged, duplicates among them. */
  acknowledged = 0;
  /** Messages that the author had already under their publish id. */
  duplicates = 0;
  /** Messages that were refused or lost. */
  failed = 0;

  constructor(connection: ControlConnection, options: PublisherOptions = {}) {
    this.#connection = connection;
    this.#windowMessages = checkedWindow(options.windowMessages ?? WINDOW_MESSAGES);
    const { outgoing, response } = connection.stream(`/v1/publish-stream?${queryOf(options)}`);
    this.#outgoing = outgoing;
    outgoing.on('drain', () => {
      this.#isBlocked = false;
      this.#wake();
    });
    this.#opened = response;
    this.#ended = response
      .then((incoming) => this.#readAnswers(incoming))
      .catch((error) => this.#fail(error));
  }

  /** Resolves when the agent has the stream; throws its error, or `agent.not-running`. */
  async opened(): Promise<void> {
    await this.#opened;
  }

  /** Messages sent and not yet acknowledged. */
  get pending(): number {
    return this.#waiting.length - this.#waitingHead;
  }

  /**
   * Sends a message. Returns `false` when the window is full: await {@link room} before the next. `done` is
   * called once with what became of it. Throws the error that ended the stream.
   */
  send(topic: string, payload: string | Uint8Array, options?: SendOptions, done?: SendDone): boolean {
    if (this.#failure !== null) throw this.#failure;
    if (this.#isClosed) throw new SedgeError('agent.bad-request', { reason: 'the publisher is closed' });
    const size = this.#add(topic, payload, options);
    this.#waiting.push({ done, bytes: size });
    this.#waitingBytes += size;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => this.#write());
    }
    if (this.#text.length >= LINE_CHARACTERS) this.#write();
    return this.#hasRoom();
  }

  /**
   * Sends a message at once, in the order of the calls, and resolves when it is acknowledged. Rejects with the
   * error of this message, and with `mesh.too-many-pending` where 65,536 messages or 64 MiB wait already.
   */
  publish(topic: string, payload: string | Uint8Array, options?: SendOptions): Promise<Published> {
    if (this.pending >= PENDING_MAX || this.#waitingBytes >= PENDING_BYTES_MAX) {
      return Promise.reject(new SedgeError('mesh.too-many-pending', { pendingMax: PENDING_MAX }));
    }
    return new Promise((resolve, reject) => {
      this.send(topic, payload, options, (error, published) => (error ? reject(error) : resolve(published!)));
    });
  }

  /** Resolves when there is room for more; throws the error that ended the stream. */
  async room(): Promise<void> {
    while (!this.#hasRoom() && this.#failure === null) await this.#changed();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Resolves when all that was sent is acknowledged; throws the first error since the last flush. */
  async flush(): Promise<void> {
    while (this.pending > 0 && this.#failure === null) await this.#changed();
    const error = this.#failure ?? this.#firstError;
    this.#firstError = null;
    if (error !== null) throw error;
  }

  /** Flushes and ends the stream. Throws as {@link flush} does. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.flush();
    } finally {
      if (this.#failure === null) {
        this.#write();
        this.#outgoing.end();
        await this.#ended;
      }
      this.#outgoing.destroy();
    }
  }

  #hasRoom(): boolean {
    return !this.#isBlocked && this.pending < this.#windowMessages && this.#waitingBytes < WINDOW_BYTES;
  }

  /** Puts a message into the line that gathers, or into one of its own; returns its size. */
  #add(topic: string, payload: string | Uint8Array, options: SendOptions | undefined): number {
    const isText = typeof payload === 'string' || isUtf8(payload);
    const text = typeof payload === 'string' ? payload : view(payload).toString(isText ? 'utf8' : 'base64');
    if (options !== undefined) {
      this.#closeLine();
      const body = isText ? { topic, payload: text } : { topic, payloadBase64: text };
      this.#text += `${JSON.stringify({ ...body, ...optionsToJson(options) })}\n`;
      return text.length;
    }
    const kind = isText ? 'payloads' : 'payloadsBase64';
    if (this.#line === null || this.#line.topic !== topic || this.#line.kind !== kind) {
      this.#closeLine();
      this.#line = { topic, kind, payloads: [], characters: 0 };
    }
    this.#line.payloads.push(text);
    this.#line.characters += text.length;
    if (this.#line.payloads.length >= LINE_MESSAGES || this.#line.characters >= LINE_CHARACTERS)
      this.#closeLine();
    return text.length;
  }

  #closeLine(): void {
    const line = this.#line;
    if (line === null) return;
    this.#line = null;
    this.#text += `{"topic":${JSON.stringify(line.topic)},"${line.kind}":${JSON.stringify(line.payloads)}}\n`;
  }

  #write(): void {
    this.#isScheduled = false;
    this.#closeLine();
    if (this.#text === '' || this.#failure !== null) return;
    const text = this.#text;
    this.#text = '';
    if (!this.#outgoing.write(text)) this.#isBlocked = true;
  }

  async #readAnswers(response: IncomingMessage): Promise<void> {
    const splitter = new LineSplitter();
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        const lines = splitter.push(chunk);
        if (lines === null) continue;
        for (const line of lines.toString('utf8').split('\n')) if (line !== '') this.#takeAnswer(line);
        this.#wake();
      }
    } catch (error) {
      this.#fail(error instanceof SedgeError ? error : this.#connection.lost(error));
      return;
    }
    if (this.pending > 0 || !this.#isClosed) this.#fail(this.#connection.lost(new Error('the stream ended')));
  }

  #takeAnswer(line: string): void {
    const answer = JSON.parse(line) as Published & { readonly count: number; readonly error?: unknown };
    const { count, error: errorJson, ...first } = answer;
    const error = errorJson === undefined ? null : errorFromJson(errorJson);
    if (error !== null && count === 0) throw error;
    for (let index = 0; index < count && this.pending > 0; index++) {
      const published = error === null && this.#waiting[this.#waitingHead]?.done ? nth(first, index) : null;
      this.#settle(error, published);
    }
    if (error === null) this.acknowledged += count;
    else this.failed += count;
    if (error === null && first.duplicate) this.duplicates += count;
    this.#firstError ??= error;
  }

  #settle(error: SedgeError | null, published: Published | null): void {
    const waiting = this.#waiting[this.#waitingHead]!;
    this.#waiting[this.#waitingHead++] = undefined;
    this.#waitingBytes -= waiting.bytes;
    if (this.#waitingHead === this.#waiting.length || this.#waitingHead >= 65_536) {
      this.#waiting.splice(0, this.#waitingHead);
      this.#waitingHead = 0;
    }
    waiting.done?.(error, published);
  }

  /** Ends everything: what is not acknowledged may or may not have been published. */
  #fail(error: SedgeError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#outgoing.destroy();
    while (this.pending > 0) {
      this.failed++;
      this.#settle(error, null);
    }
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  #wake(): void {
    const wakers = this.#wakers;
    if (wakers.length === 0) return;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }
}

function queryOf({ ack = 'durable', replicasTimeoutMs }: PublisherOptions): string {
  const timeout = replicasTimeoutMs === undefined ? '' : `&replicasTimeoutMs=${replicasTimeoutMs}`;
  return `ack=${formatAcknowledgement(ack)}${timeout}`;
}

function nth(first: Published, index: number): Published {
  return index === 0 ? first : { ...first, seq: first.seq + index };
}

function optionsToJson(options: SendOptions): object {
  const { id, ttlSeconds, contentType, key, headers, retain, origin, client } = options;
  const from = origin === undefined ? {} : { origin: originToJson(origin) };
  const by = client === undefined ? {} : { client: clientToJson(client) };
  return { id, ttlSeconds, contentType, key, headers, retain, ...from, ...by };
}

function checkedWindow(windowMessages: number): number {
  if (Number.isInteger(windowMessages) && windowMessages >= 1 && windowMessages <= 65_536)
    return windowMessages;
  throw new SedgeError('mesh.bad-option', { windowMessages });
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
