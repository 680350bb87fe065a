import { isUtf8 } from 'node:buffer';
import type { DeliveredMessage, Delivery } from '../../src/index.ts';
import { extrasOf, gapToJson, hasExtras, type MessageExtras, messageToJson } from './message-json.ts';

/** Size at which a line is closed, so that neither side holds a large batch twice. */
const LINE_CHARACTERS_MAX = 262_144;
/** Topics whose JSON is remembered: most sensors repeat theirs. */
const TOPICS_REMEMBERED_MAX = 4_096;

/**
 * One message within a run: number, author's time (ms), offset, topic, payload as text, and what else there is.
 * A payload that is not UTF-8 is `null`, and `payloadBase64` among the extras.
 */
export type RunMessageJson = readonly [
  seq: number,
  timeMs: number,
  offset: string,
  topic: string,
  payload: string | null,
  extras?: MessageExtras & { readonly payloadBase64?: string },
];

/** Messages in a row of one log, late or not: the line of the `runs` format. */
export interface RunJson {
  readonly author: string;
  readonly name: string;
  readonly channel: string;
  readonly epoch: string;
  readonly late: boolean;
  readonly run: readonly RunMessageJson[];
}

/** Writes deliveries as NDJSON. `lines`: an object a message, for people and scripts. `runs`: many a line. */
export class DeliveryWriter {
  readonly #format: 'lines' | 'runs';
  readonly #topicJson = new Map<string, string>();

  constructor(format: 'lines' | 'runs') {
    this.#format = format;
  }

  /** The batch as pieces of whole lines, each of a bounded size. */
  *pieces(batch: readonly Delivery[]): Generator<string> {
    let piece = '';
    let run: DeliveredMessage | null = null;
    for (const delivery of batch) {
      if (run !== null && !continues(run, delivery)) {
        piece += ']}\n';
        run = null;
      }
      if (delivery.kind === 'gap') piece += `${JSON.stringify(gapToJson(delivery))}\n`;
      else if (this.#format === 'lines') piece += `${JSON.stringify(messageToJson(delivery))}\n`;
      else {
        piece += run === null ? runStart(delivery) : ',';
        piece += this.#runMessage(delivery);
        run = delivery;
      }
      if (piece.length < LINE_CHARACTERS_MAX) continue;
      yield run === null ? piece : `${piece}]}\n`;
      piece = '';
      run = null;
    }
    if (piece !== '') yield run === null ? piece : `${piece}]}\n`;
  }

  /** Built by hand: half the time of `JSON.stringify` over an array of arrays, and this runs for every message. */
  #runMessage(message: DeliveredMessage): string {
    const { payload, seq, timeMs, offset } = message;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const isText = isUtf8(bytes);
    const text = isText ? JSON.stringify(bytes.toString('utf8')) : 'null';
    const start = `[${seq},${timeMs},"${offset}",${this.#topic(message.topic)},${text}`;
    if (isText && !hasExtras(message)) return `${start}]`;
    const base64 = isText ? {} : { payloadBase64: bytes.toString('base64') };
    return `${start},${JSON.stringify({ ...base64, ...extrasOf(message) })}]`;
  }

  #topic(topic: string): string {
    const known = this.#topicJson.get(topic);
    if (known !== undefined) return known;
    if (this.#topicJson.size >= TOPICS_REMEMBERED_MAX) this.#topicJson.clear();
    const json = JSON.stringify(topic);
    this.#topicJson.set(topic, json);
    return json;
  }
}

function continues(run: DeliveredMessage, next: Delivery): boolean {
  return (
    next.kind === 'message' &&
    next.epoch === run.epoch &&
    next.author === run.author &&
    next.channel === run.channel &&
    next.late === run.late &&
    next.name === run.name
  );
}

function runStart({ author, name, channel, epoch, late }: DeliveredMessage): string {
  const head = JSON.stringify({ author, name, channel, epoch, late });
  return `${head.slice(0, -1)},"run":[`;
}
