import { cborInt, cborUint, encodeCbor, fromHex, toHex, toUtf8 } from '../bytes/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import { checkTopic } from '../topic/index.ts';
import type { EpochId, Message, PublishId } from './entry.ts';
import { isNumber, NUMBER_MAX, PAYLOAD_BYTES_MAX } from './limits.ts';
import { clientBytesBound, clientItems, readClient } from './message-client.ts';
import { originBytesBound, originItems, readOrigin } from './origin.ts';

/** Keys of a message's map (README.md). */
const CONTENT_TYPE = 1;
const KEY = 2;
const HEADERS = 3;
const RETAIN = 4;
const ORIGIN = 5;
const CLIENT = 6;
const WAS = 7;
const PUBLISH_ID = 8;

const PRODUCER_BYTES_MAX = 64;
const MALFORMED = refuse('entry.malformed');

/** The items of one message; `firstIndexOf` turns a repeated topic into the number of the message that had it. */
export function messageItems(message: Message, timeMs: number, topic: string | number): unknown[] {
  const delta = cborInt(message.timeMs - timeMs);
  const keys = messageKeys(message);
  return keys === null ? [topic, message.payload, delta] : [topic, message.payload, delta, keys];
}

/** Upper bound of what a message adds to an entry, for filling one. */
export function messageBytesBound(message: Message): number {
  let bytes = message.payload.length + message.topic.length * 3 + 24;
  if (message.publishId !== undefined) bytes += message.publishId.producer.length * 3 + 16;
  if (message.contentType !== undefined) bytes += message.contentType.length * 3 + 8;
  if (message.key !== undefined) bytes += message.key.length * 3 + 8;
  if (message.origin !== undefined) {
    bytes += originBytesBound(message.origin);
    if (message.origin.extra !== undefined)
      bytes += encodeCbor(withLongIntegers(message.origin.extra)).length;
  }
  if (message.client !== undefined) {
    bytes += clientBytesBound(message.client);
    if (message.client.extra !== undefined)
      bytes += encodeCbor(withLongIntegers(message.client.extra)).length;
  }
  if (message.was !== undefined) bytes += 24;
  for (const [name, value] of Object.entries(message.headers ?? {}))
    bytes += (name.length + value.length) * 3 + 10;
  if (message.extra !== undefined) bytes += encodeCbor(withLongIntegers(message.extra)).length;
  return bytes + 8;
}

/** Reads the content of an entry: `items` as they were decoded, checked one by one. */
export function readMessages(
  items: unknown,
  count: number,
  timeMs: number,
  ownTopics: boolean,
): Result<Message[]> {
  if (!Array.isArray(items) || items.length !== count) return MALFORMED;
  const messages: Message[] = [];
  for (const item of items) {
    const message = readMessage(item, messages, timeMs, ownTopics);
    if (message === null) return MALFORMED;
    messages.push(message);
  }
  return accept(messages);
}

function readMessage(
  item: unknown,
  before: readonly Message[],
  timeMs: number,
  ownTopics: boolean,
): Message | null {
  if (!Array.isArray(item) || item.length < 3 || item.length > 4) return null;
  const topic = readTopic(item[0], before, ownTopics);
  const payload: unknown = item[1];
  const delta: unknown = item[2];
  if (topic === null || !(payload instanceof Uint8Array) || payload.length > PAYLOAD_BYTES_MAX) return null;
  if (!Number.isInteger(delta)) return null;
  const messageTimeMs = timeMs + (delta as number);
  if (messageTimeMs < 0 || messageTimeMs >= NUMBER_MAX) return null;
  if (item.length === 3) return { topic, payload, timeMs: messageTimeMs };
  return readKeys({ topic, payload, timeMs: messageTimeMs }, item[3]);
}

function readTopic(item: unknown, before: readonly Message[], ownTopics: boolean): string | null {
  if (typeof item === 'number') return before[item]?.topic ?? null;
  if (typeof item !== 'string') return null;
  return checkTopic(item, { allowReserved: ownTopics }).ok ? item : null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Adds the keys that this version knows; keeps the others as they came. */
function readKeys(base: Message, keys: unknown): Message | null {
  if (!(keys instanceof Map)) return null;
  const message: Writable<Message> = base;
  const extra = new Map<number, unknown>();
  for (const [key, value] of keys) {
    if (!Number.isInteger(key)) return null;
    if (!readKey(message, key, value, extra)) return null;
  }
  if (extra.size > 0) message.extra = extra;
  return message;
}

function readKey(
  message: Writable<Message>,
  key: number,
  value: unknown,
  extra: Map<number, unknown>,
): boolean {
  switch (key) {
    case CONTENT_TYPE:
      if (typeof value !== 'string') return false;
      message.contentType = value;
      return true;
    case KEY:
      if (typeof value !== 'string') return false;
      message.key = value;
      return true;
    case HEADERS: {
      const headers = readHeaders(value);
      if (headers === null) return false;
      message.headers = headers;
      return true;
    }
    case RETAIN:
      if (typeof value !== 'boolean') return false;
      message.retain = value;
      return true;
    case ORIGIN: {
      const origin = readOrigin(value);
      // Readers before 0.3 took anything here: what is no origin is no reason to refuse the entry.
      if (origin === null) extra.set(key, value);
      else message.origin = origin;
      return true;
    }
    case CLIENT: {
      const client = readClient(value);
      if (client === null) extra.set(key, value);
      else message.client = client;
      return true;
    }
    case WAS: {
      if (!Array.isArray(value) || value.length !== 2) return false;
      const [epoch, seq] = value as unknown[];
      if (!(epoch instanceof Uint8Array) || epoch.length !== 8 || !isNumber(seq)) return false;
      message.was = { epoch: toHex(epoch) as EpochId, seq };
      return true;
    }
    case PUBLISH_ID: {
      if (!Array.isArray(value) || value.length !== 2) return false;
      const [producer, n] = value as unknown[];
      const id = { producer, n } as PublishId;
      if (!isPublishId(id)) return false;
      message.publishId = id;
      return true;
    }
    default:
      extra.set(key, value);
      return true;
  }
}

function readHeaders(value: unknown): Record<string, string> | null {
  if (!(value instanceof Map)) return null;
  // No prototype: a header may be named like a property of Object.
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, text] of value) {
    if (typeof name !== 'string' || typeof text !== 'string') return null;
    headers[name] = text;
  }
  return headers;
}

/** Halves of surrogate pairs have no UTF-8: they are replaced, or every reader would refuse the entry. */
function messageKeys(message: Message): Map<number, unknown> | null {
  const keys = new Map<number, unknown>();
  const { contentType, key, headers, retain, origin, client, was, publishId, extra } = message;
  if (contentType !== undefined) keys.set(CONTENT_TYPE, contentType.toWellFormed());
  if (key !== undefined) keys.set(KEY, key.toWellFormed());
  if (headers !== undefined) {
    keys.set(
      HEADERS,
      new Map(Object.entries(headers).map(([name, text]) => [name.toWellFormed(), text.toWellFormed()])),
    );
  }
  if (retain !== undefined) keys.set(RETAIN, retain);
  if (origin !== undefined) {
    const items = originItems(origin);
    for (const [number, value] of origin.extra ?? []) items.set(number, withLongIntegers(value));
    keys.set(ORIGIN, items);
  }
  if (client !== undefined) {
    const items = clientItems(client);
    for (const [number, value] of client.extra ?? []) items.set(number, withLongIntegers(value));
    keys.set(CLIENT, items);
  }
  if (was !== undefined) keys.set(WAS, [fromHex(was.epoch), cborUint(was.seq)]);
  if (publishId !== undefined) keys.set(PUBLISH_ID, [publishId.producer, cborUint(publishId.n)]);
  for (const [number, value] of extra ?? []) keys.set(number, withLongIntegers(value));
  return keys.size === 0 ? null : keys;
}

/** A decoded item as the encoder wants it, so that unknown keys go out as they came in. */
function withLongIntegers(value: unknown): unknown {
  if (Number.isSafeInteger(value)) return cborInt(value as number);
  if (Array.isArray(value)) return value.map(withLongIntegers);
  if (!(value instanceof Map)) return value;
  return new Map([...value].map(([key, item]) => [withLongIntegers(key), withLongIntegers(item)]));
}

/** True for a producer of 1 to 64 bytes of well-formed text with a number below 2^48. */
export function isPublishId(id: PublishId): boolean {
  if (typeof id.producer !== 'string' || id.producer.length === 0 || !id.producer.isWellFormed())
    return false;
  return toUtf8(id.producer).length <= PRODUCER_BYTES_MAX && isNumber(id.n);
}
