import type { SubscribeFrom } from '../../src/index.ts';
import { parseDurationMs } from './duration.ts';

/**
 * Reads the value of `--from`: `new`, `all`, `last`, an offset (`<16 hex>:<position>`, or with `.<n>`), a duration ago (`10m`,
 * `2h`, `3d`) or an ISO 8601 date and time (local time where it names no zone). `null` if it is none of them.
 */
export function parseSubscribeStart(text: string, nowMs: number): SubscribeFrom | null {
  if (text === 'new' || text === 'all' || text === 'last') return text;
  if (/^[0-9a-f]{16}:\d{1,16}(?:\.\d{1,3})?$/.test(text)) return { offset: text };
  const agoMs = parseDurationMs(text);
  if (agoMs !== null) return { timeMs: Math.max(0, nowMs - agoMs) };
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text))
    return null;
  const timeMs = Date.parse(text.length === 10 ? `${text}T00:00` : text);
  return Number.isNaN(timeMs) ? null : { timeMs };
}
