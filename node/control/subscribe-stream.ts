import type { IncomingMessage, ServerResponse } from 'node:http';
import { SedgeError } from '../../src/errors/index.ts';
import type { Delivery, SubscribeFrom, SubscribeOptions, Subscription } from '../../src/index.ts';
import { DeliveryWriter } from './delivery-batch.ts';
import { errorToJson } from './error-json.ts';
import { LineSplitter } from './line-splitter.ts';
import type { ServedMesh } from './served-mesh.ts';
import { writeWhenRoom } from './write-when-room.ts';

/** Messages that the mesh is asked for at once where the client does not say. */
const BATCH_MESSAGES = 1_024;
/** Most a client may ask for at once. */
const BATCH_MESSAGES_MAX = 16_384;
/** Filters of one subscription. */
const FILTERS_MAX = 256;
/** Longest line of a subscriber: its filters. */
const REQUEST_BYTES_MAX = 1_048_576;

/** First line of a subscriber. */
interface SubscribeRequest {
  readonly filters: readonly string[];
  readonly options: SubscribeOptions;
  readonly format: 'lines' | 'runs';
}

/** A later line: hands the batch before as processed, and asks for the next or ends. */
type Step = { readonly kind: 'next'; readonly max: number } | { readonly kind: 'finish' };

/**
 * One subscriber on the control socket. The request's body stays open: its first line says what is wanted. A
 * subscription without `durable` is pushed as fast as the client reads. A durable one is pulled: each
 * `{"next": n}` acknowledges all that was handed out before and asks for at most `n` more, `{"finish": true}`
 * acknowledges and ends.
 */
export class SubscribeStream {
  readonly #mesh: ServedMesh;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #lines: AsyncGenerator<string>;
  #subscription: Subscription | null = null;

  constructor(mesh: ServedMesh, request: IncomingMessage, response: ServerResponse) {
    this.#mesh = mesh;
    this.#request = request;
    this.#response = response;
    this.#lines = linesOf(request);
  }

  /** Serves the client until it leaves, finishes, or the mesh ends. Throws what is wrong with the request. */
  async run(): Promise<void> {
    const first = await this.#lines.next();
    const { filters, options, format } = parseSubscribe(first.done === true ? '' : first.value);
    const subscription = this.#mesh.subscribe(filters, options);
    this.#subscription = subscription;
    this.#response.once('close', () => void subscription.close().catch(() => {}));
    this.#response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    this.#response.flushHeaders();
    const writer = new DeliveryWriter(format);
    try {
      if (options.durable === undefined) await this.#push(subscription, writer);
      else await this.#serveSteps(subscription, writer);
    } catch (error) {
      await writeWhenRoom(this.#response, `${JSON.stringify({ error: errorToJson(error) })}\n`);
    }
    await subscription.close();
    // The client's side may still be open; it ends when all was handed on.
    this.#response.end(() => this.#request.destroy());
  }

  /** Ends the stream, as the agent stops. */
  async stop(): Promise<void> {
    await this.#subscription?.close();
    this.#response.destroy();
  }

  async #push(subscription: Subscription, writer: DeliveryWriter): Promise<void> {
    for (;;) {
      const batch = await subscription.nextBatch(BATCH_MESSAGES);
      if (batch.length === 0 || this.#response.destroyed) return;
      await this.#writeBatch(batch, writer);
    }
  }

  async #serveSteps(subscription: Subscription, writer: DeliveryWriter): Promise<void> {
    for await (const line of this.#lines) {
      const step = parseStep(line);
      if (step.kind === 'finish') return this.#finish(subscription);
      const batch = await subscription.nextBatch(step.max);
      if (batch.length === 0) return;
      await this.#writeBatch(batch, writer);
      // Runs have no fixed length, so the client is told where the batch ends.
      await writeWhenRoom(this.#response, `{"batch":${batch.length}}\n`);
    }
  }

  /** Acknowledges what was handed out and ends. */
  async #finish(subscription: Subscription): Promise<void> {
    await subscription.acknowledge();
    await subscription.close();
    await writeWhenRoom(this.#response, '{"finished":true}\n');
  }

  async #writeBatch(batch: readonly Delivery[], writer: DeliveryWriter): Promise<void> {
    for (const piece of writer.pieces(batch)) await writeWhenRoom(this.#response, piece);
  }
}

async function* linesOf(request: IncomingMessage): AsyncGenerator<string> {
  const splitter = new LineSplitter(REQUEST_BYTES_MAX);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const lines = splitter.push(chunk);
      if (lines !== null) yield* lines.toString('utf8').split('\n').filter(isNotEmpty);
    }
  } catch (error) {
    // The client left in the middle: there is nobody to tell.
    if ((error as { code?: unknown }).code === 'ECONNRESET') return;
    throw error;
  }
  const rest = splitter.end();
  if (rest !== null) yield rest.toString('utf8');
}

function isNotEmpty(line: string): boolean {
  return line !== '';
}

function parseSubscribe(line: string): SubscribeRequest {
  const fields = parseObject(line);
  const { filters, from, durable, order, gapPatienceMs, bufferMessages, format, ...others } = fields;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw bad(`unknown key ${JSON.stringify(unknown.slice(0, 40))}`);
  const list = typeof filters === 'string' ? [filters] : filters;
  if (!Array.isArray(list) || list.length < 1 || list.length > FILTERS_MAX || !list.every(isText)) {
    throw bad(`filters must be 1 to ${FILTERS_MAX} texts`);
  }
  if (durable !== undefined && !isText(durable)) throw bad('durable must be a text');
  if (order !== undefined && order !== 'author' && order !== 'arrival')
    throw bad('order must be author or arrival');
  if (format !== undefined && format !== 'lines' && format !== 'runs')
    throw bad('format must be lines or runs');
  const options: SubscribeOptions = {
    ...(from === undefined ? {} : { from: parseFrom(from) }),
    ...(durable === undefined ? {} : { durable }),
    ...(order === undefined ? {} : { order }),
    ...(gapPatienceMs === undefined ? {} : { gapPatienceMs: numberOf(gapPatienceMs, 'gapPatienceMs') }),
    ...(bufferMessages === undefined ? {} : { bufferMessages: numberOf(bufferMessages, 'bufferMessages') }),
  };
  return { filters: list, options, format: format ?? 'lines' };
}

function parseFrom(from: unknown): SubscribeFrom {
  if (from === 'new' || from === 'all' || from === 'last') return from;
  const { timeMs, offset } = (typeof from === 'object' && from !== null ? from : {}) as Record<
    string,
    unknown
  >;
  if (typeof timeMs === 'number') return { timeMs };
  if (isText(offset)) return { offset };
  throw bad('from must be "new", "all", "last", {"timeMs": number} or {"offset": text}');
}

function parseStep(line: string): Step {
  const { next, finish } = parseObject(line);
  if (finish === true) return { kind: 'finish' };
  if (typeof next === 'number' && Number.isInteger(next) && next >= 1 && next <= BATCH_MESSAGES_MAX) {
    return { kind: 'next', max: next };
  }
  throw bad(`expected {"next": 1 to ${BATCH_MESSAGES_MAX}} or {"finish": true}`);
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('a line is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad('a line is not an object');
  return value as Record<string, unknown>;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw bad(`${name} must be a number`);
  return value;
}

function bad(reason: string): SedgeError {
  return new SedgeError('agent.bad-request', { reason });
}
