import type { ClientRequest, IncomingMessage } from 'node:http';
import { SedgeError } from '../../../src/errors/index.ts';
import type { DeliveredGap, SubscribeOptions } from '../../../src/index.ts';
import type { RunJson } from '../delivery-batch.ts';
import { errorFromJson } from '../error-json.ts';
import { LineSplitter } from '../line-splitter.ts';
import type { ControlConnection } from './control-connection.ts';
import { ReceivedMessage } from './received-message.ts';

/** What an agent's subscriber gets. */
export type AgentDelivery = ReceivedMessage | DeliveredGap;

/** One line of the agent's answer in the `runs` format. */
type AnswerLine =
  | RunJson
  | { readonly gap: Omit<DeliveredGap, 'kind'> }
  | { readonly batch: number }
  | { readonly finished: true }
  | { readonly error: unknown };

const BATCH_MESSAGES_DEFAULT = 1_024;

/**
 * A subscription at the agent, with the rules of the mesh's own: asking for the next item, or the next batch,
 * acknowledges what was handed out before, which a durable subscription then never gets again.
 */
export class AgentSubscription implements AsyncIterable<AgentDelivery> {
  readonly #connection: ControlConnection;
  readonly #outgoing: ClientRequest;
  readonly #isDurable: boolean;
  readonly #splitter = new LineSplitter();
  readonly #response: Promise<IncomingMessage>;
  readonly #onAbort: () => void;
  readonly #signal: AbortSignal | undefined;
  #chunks: AsyncIterator<Buffer> | null = null;
  #ready: AgentDelivery[] = [];
  #batchComplete = false;
  #isFinished = false;
  #isClosed = false;

  constructor(connection: ControlConnection, filters: readonly string[], options: SubscribeOptions) {
    this.#connection = connection;
    const { signal, ...rest } = options;
    this.#isDurable = rest.durable !== undefined;
    const { outgoing, response } = connection.stream('/v1/subscribe');
    this.#outgoing = outgoing;
    this.#response = response;
    response.catch(() => {});
    outgoing.write(`${JSON.stringify({ filters, ...rest, format: 'runs' })}\n`);
    this.#onAbort = () => void this.close();
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /** Resolves when the agent has the subscription: what is published from then on is delivered. Throws its error. */
  async opened(): Promise<void> {
    await this.#response;
  }

  /**
   * The next item; `done` once the subscription was closed. Throws `agent.disconnected` when the agent went
   * away. A durable subscription asks the agent for each item by itself; {@link nextBatch} is many times faster.
   */
  async next(): Promise<IteratorResult<AgentDelivery, undefined>> {
    const [delivery] = await this.nextBatch(1);
    return delivery === undefined ? { done: true, value: undefined } : { done: false, value: delivery };
  }

  /** Waits for something and returns what there is, at most `max`; empty once the subscription was closed. */
  async nextBatch(max: number = BATCH_MESSAGES_DEFAULT): Promise<readonly AgentDelivery[]> {
    if (this.#isClosed) return [];
    try {
      return this.#isDurable ? await this.#pullBatch(max) : await this.#takeReady(max);
    } catch (error) {
      if (this.#isClosed) return [];
      await this.close();
      throw error instanceof SedgeError ? error : this.#connection.lost(error);
    }
  }

  /** Ends the subscription; acknowledges nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#outgoing.destroy();
    await this.#response.then(
      (response) => response.destroy(),
      () => {},
    );
  }

  /** Acknowledges all that was handed out, durably, and ends the subscription. */
  async finish(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isDurable) {
      this.#outgoing.write('{"finish":true}\n');
      while (!this.#isFinished) await this.#read();
    }
    await this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<AgentDelivery> {
    try {
      for (;;) {
        const { value, done } = await this.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await this.close();
    }
  }

  async #takeReady(max: number): Promise<AgentDelivery[]> {
    while (this.#ready.length === 0) await this.#read();
    if (this.#ready.length <= max) {
      const all = this.#ready;
      this.#ready = [];
      return all;
    }
    return this.#ready.splice(0, max);
  }

  async #pullBatch(max: number): Promise<AgentDelivery[]> {
    this.#batchComplete = false;
    this.#outgoing.write(`{"next":${max}}\n`);
    while (!this.#batchComplete) await this.#read();
    const batch = this.#ready;
    this.#ready = [];
    return batch;
  }

  /** Takes one chunk of the answer. */
  async #read(): Promise<void> {
    this.#chunks ??= ((await this.#response) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    const { value, done } = await this.#chunks.next();
    if (done === true) throw this.#connection.lost(new Error('the stream ended'));
    const lines = this.#splitter.push(value);
    if (lines === null) return;
    for (const line of lines.toString('utf8').split('\n')) if (line !== '') this.#takeLine(line);
  }

  #takeLine(line: string): void {
    const answer = JSON.parse(line) as AnswerLine;
    if ('run' in answer) {
      for (const message of answer.run) this.#ready.push(new ReceivedMessage(answer, message));
    } else if ('gap' in answer) this.#ready.push({ kind: 'gap', ...answer.gap });
    else if ('batch' in answer) this.#batchComplete = true;
    else if ('finished' in answer) this.#isFinished = true;
    else throw errorFromJson(answer.error);
  }
}
