import { type DeliveredMessage, SedgeError, TopicFilter } from '../../../src/index.ts';
import { type MessageJson, messageToJson } from '../message-json.ts';

/** Filters that one live stream may watch. */
const WATCHED_FILTERS_MAX = 8;
/** Messages kept between two batches. At the limit the oldest make room, and are counted. */
const WATCHED_MESSAGES_MAX = 500;
/** Bytes of payload kept between two batches, likewise. */
const WATCHED_BYTES_MAX = 1_048_576;
/** A longer payload is cut. */
const PAYLOAD_BYTES_MAX = 16_384;

/** A message as a live stream carries it; `payloadBytes` where its payload was cut. */
export type WatchedMessage = MessageJson & { readonly payloadBytes?: number };

/** The messages of a few filters between two batches of a live stream, within limits. */
export class WatchedMessages {
  readonly #filters: readonly TopicFilter[];
  #messages: DeliveredMessage[] = [];
  #bytes = 0;
  #left = 0;

  /** Throws `topic.bad-filter` and its like, and `agent.bad-request` for too many. */
  constructor(filters: readonly string[]) {
    if (filters.length > WATCHED_FILTERS_MAX) {
      const reason = `at most ${WATCHED_FILTERS_MAX} filters can be watched`;
      throw new SedgeError('agent.bad-request', { reason });
    }
    this.#filters = filters.map((text) => {
      const filter = TopicFilter.parse(text);
      if (!filter.ok) throw new SedgeError(filter.code, { filter: text.slice(0, 100) });
      return filter.value;
    });
  }

  /** Keeps the message if a filter wants it. */
  offer(message: DeliveredMessage): void {
    if (!this.#filters.some((filter) => filter.matches(message.topic))) return;
    this.#messages.push(message);
    this.#bytes += message.payload.byteLength;
    while (this.#messages.length > WATCHED_MESSAGES_MAX || this.#bytes > WATCHED_BYTES_MAX) {
      this.#bytes -= this.#messages.shift()!.payload.byteLength;
      this.#left++;
    }
  }

  /** What came since the last call, and how many of it were left out. `null` for nothing. */
  take(): { readonly messages: readonly WatchedMessage[]; readonly left: number } | null {
    if (this.#messages.length === 0 && this.#left === 0) return null;
    const batch = { messages: this.#messages.map(watchedToJson), left: this.#left };
    this.#messages = [];
    this.#bytes = 0;
    this.#left = 0;
    return batch;
  }
}

function watchedToJson(message: DeliveredMessage): WatchedMessage {
  const payloadBytes = message.payload.byteLength;
  if (payloadBytes <= PAYLOAD_BYTES_MAX) return messageToJson(message);
  const payload = message.payload.subarray(0, PAYLOAD_BYTES_MAX);
  return { ...messageToJson({ ...message, payload }), payloadBytes };
}
