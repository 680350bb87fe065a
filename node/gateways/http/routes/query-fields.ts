import { SedgeError } from '../../../../src/errors/index.ts';
import { badRequest } from '../../../control/request-fields.ts';

/** Filters of one request. */
const FILTERS_MAX = 64;

/** What stands behind the `?`: each name once, or several times. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The topic filters of a request, `filter` once or several times. Throws `agent.bad-request`, as all of these do, and `topic.reserved`. */
export function filtersOf({ filter }: Query): readonly string[] {
  const filters = typeof filter === 'string' ? [filter] : (filter ?? []);
  if (filters.length === 0) throw badRequest('give at least one filter, such as ?filter=site/%23');
  if (filters.length > FILTERS_MAX) throw badRequest(`at most ${FILTERS_MAX} filters`);
  // What nodes say to each other is theirs; what is wrong with them is for people.
  const own = filters.find((one) => one.startsWith('$') && one.split('/')[0] !== '$alerts');
  if (own !== undefined) throw new SedgeError('topic.reserved', { filter: own.slice(0, 100) });
  return filters;
}

/** A text that may be given once. */
export function onceOf(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value !== undefined && typeof value !== 'string') throw badRequest(`${name} may be given once`);
  return value === '' ? undefined : value;
}

export function wholeOf(query: Query, name: string, least: number, most: number): number | undefined {
  const text = onceOf(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw badRequest(`${name} must be a whole number from ${least} to ${most}`);
  return value;
}

/** Milliseconds since 1970, from those or from a date and time of ISO 8601 with its zone. */
export function timeOf(query: Query, name: string): number | undefined {
  const text = onceOf(query, name);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const timeMs = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw badRequest(`${name} must be milliseconds since 1970 or a time such as 2026-01-31T12:00:00Z`);
  return timeMs;
}

/** One of a few words. */
export function wordOf<Word extends string>(
  query: Query,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = onceOf(query, name);
  if (text === undefined) return undefined;
  const word = words.find((one) => one === text);
  if (word === undefined) throw badRequest(`${name} must be ${words.join(' or ')}`);
  return word;
}

/** Refuses names that nothing is read of: a typing error must not be passed over. */
export function onlyThese(query: Query, names: readonly string[]): void {
  for (const name of Object.keys(query))
    if (!names.includes(name)) throw badRequest(`unknown parameter ${JSON.stringify(name.slice(0, 40))}`);
}
