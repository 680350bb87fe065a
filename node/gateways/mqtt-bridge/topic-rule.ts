/** One line of a topic map: what is taken, and what its beginning becomes. */
export interface TopicRule {
  readonly filter: string;
  /** Takes the place of the filter's levels before its first wildcard; `null` leaves the topic as it is. */
  readonly to: string | null;
}

const FILTER_BYTES_MAX = 1_024;
const LEVELS_MAX = 64;

/** How many levels of a filter stand before its first wildcard. */
function literalLevels(filter: string): number {
  const levels = filter.split('/');
  const wild = levels.findIndex((level) => level === '+' || level === '#');
  return wild === -1 ? levels.length : wild;
}

/** The topic, or filter, on the other side of a rule whose filter matches it. It may break a topic's rules. */
export function rewriteTopic({ filter, to }: TopicRule, topic: string): string {
  if (to === null) return topic;
  const rest = topic.split('/').slice(literalLevels(filter));
  return [...(to === '' ? [] : [to]), ...rest].join('/');
}

/** A filter for all topics that a rule makes. */
export function imageOf(rule: TopicRule): string {
  return rewriteTopic(rule, rule.filter);
}

/** Whether some topic is matched by both filters. */
export function filtersMeet(one: string, other: string): boolean {
  const a = one.split('/');
  const b = other.split('/');
  for (let at = 0; ; at++) {
    if (a[at] === '#' || b[at] === '#') return true;
    if (at >= a.length || at >= b.length) return a.length === b.length || endsOpen(a, at) || endsOpen(b, at);
    if (a[at] !== b[at] && a[at] !== '+' && b[at] !== '+') return false;
  }
}

/** `x/#` matches `x` too. */
function endsOpen(levels: readonly string[], at: number): boolean {
  return levels[at] === '#' && levels.length === at + 1;
}

/** A filter by MQTT's rules, and none of `$`. Checked by hand: who reads settings does not load the mesh. */
export function isRuleFilter(value: unknown): value is string {
  if (typeof value !== 'string' || value.startsWith('$') || !isShort(value)) return false;
  const levels = value.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
}

/** A beginning of topics: no wildcard, and nothing of `$`. */
export function isRulePrefix(value: unknown): value is string {
  return value === '' || (typeof value === 'string' && /^[^$+#][^+#]*$/.test(value) && isShort(value));
}

function isShort(text: string): boolean {
  const bytes = Buffer.byteLength(text);
  return (
    bytes >= 1 && bytes <= FILTER_BYTES_MAX && text.split('/').length <= LEVELS_MAX && !/\p{Cc}/u.test(text)
  );
}
