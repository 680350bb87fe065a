import { encodeCbor, sha256Hex16 } from '../bytes/index.ts';
import type { Message, MessageClient, Origin } from '../entry/index.ts';

/** Digits of a content's name. */
const DIGITS = 16;

/**
 * Names what a message holds, all but the numbers it has or had: 16 hexadecimal digits, the same for a message that
 * was published again.
 */
export function contentOf(message: Message): string {
  const { topic, payload, timeMs, contentType, key, headers, retain, origin, client, publishId, extra } =
    message;
  const named = headers === undefined ? null : new Map(Object.entries(headers));
  const id = publishId === undefined ? null : [publishId.producer, publishId.n];
  const rest = [contentType ?? null, key ?? null, named, retain ?? false, id, extra ?? null];
  // Only where there is one: messages without it keep the name that earlier versions gave them.
  const from = origin === undefined ? [] : [itemsOf(origin)];
  const by = client === undefined ? [] : ['client', itemsOfClient(client)];
  return sha256Hex16(encodeCbor([topic, payload, timeMs, ...rest, ...from, ...by])).slice(0, DIGITS);
}

function itemsOf({ device, epoch, counter, uptimeMs, timeMs, uncertaintyMs, ...rest }: Origin): unknown[] {
  const { signature = null, value = null, topic = null, extra = null } = rest;
  return [device, epoch, counter, uptimeMs, timeMs, uncertaintyMs, signature, value, topic, extra];
}

function itemsOfClient(client: MessageClient): unknown[] {
  return [client.id, client.user ?? null, client.qos ?? null, client.extra ?? null];
}
