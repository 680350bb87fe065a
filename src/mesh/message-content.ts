import { encodeCbor, sha256Hex16 } from '../bytes/index.ts';
import type { Message } from '../entry/index.ts';

/** Digits of a content's name. */
const DIGITS = 16;

/**
 * Names what a message holds, all but the numbers it has or had: 16 hexadecimal digits, the same for a message that
 * was published again.
 */
export function contentOf(message: Message): string {
  const { topic, payload, timeMs, contentType, key, headers, retain, publishId, extra } = message;
  const named = headers === undefined ? null : new Map(Object.entries(headers));
  const id = publishId === undefined ? null : [publishId.producer, publishId.n];
  const rest = [contentType ?? null, key ?? null, named, retain ?? false, id, extra ?? null];
  return sha256Hex16(encodeCbor([topic, payload, timeMs, ...rest])).slice(0, DIGITS);
}
