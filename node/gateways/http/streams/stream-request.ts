import { badRequest } from '../../../control/request-fields.ts';
import { filtersOf, onceOf, onlyThese, type Query, timeOf, wordOf } from '../routes/query-fields.ts';

/** What a live stream is to bring, and where it starts. */
export interface StreamRequest {
  readonly filters: readonly string[];
  readonly start: StreamStart;
}

/** `last`: the last value of each topic, then what arrives. */
export type StreamStart =
  | { readonly kind: 'new' | 'all' | 'last' }
  | { readonly kind: 'time'; readonly sinceMs: number }
  | { readonly kind: 'cursor'; readonly cursor: string };

/**
 * Reads `?filter=…` with one of `from=new|all|last`, `since=TIME` and `cursor=…`. What a client that comes back says it had
 * last (`Last-Event-ID`) goes before all of these. Throws `agent.bad-request`.
 */
export function parseStreamRequest(query: Query, lastEventId?: string): StreamRequest {
  onlyThese(query, ['filter', 'from', 'since', 'cursor']);
  const filters = filtersOf(query);
  if (lastEventId !== undefined && lastEventId !== '')
    return { filters, start: { kind: 'cursor', cursor: lastEventId } };
  const from = wordOf(query, 'from', ['new', 'all', 'last'] as const);
  const [sinceMs, cursor] = [timeOf(query, 'since'), onceOf(query, 'cursor')];
  if ([from, sinceMs, cursor].filter((one) => one !== undefined).length > 1)
    throw badRequest('give one of from, since and cursor');
  if (cursor !== undefined) return { filters, start: { kind: 'cursor', cursor } };
  if (sinceMs !== undefined) return { filters, start: { kind: 'time', sinceMs } };
  return { filters, start: { kind: from ?? 'new' } };
}
