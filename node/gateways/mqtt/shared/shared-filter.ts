import { TopicFilter } from '../../../../src/index.ts';

/** A filter that clients share: `$share/<group>/<filter>` (OASIS MQTT 5.0, section 4.8.2). */
export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

const PREFIX = '$share/';

/** True for a filter that is meant to be shared, whether it is a good one or not. */
export function isShared(filter: string): boolean {
  return filter.startsWith(PREFIX);
}

/** Reads a shared filter; `null` where the group has no name or a wildcard in it (MQTT-4.8.2-1, -2), or the filter is none. */
export function readShared(text: string): SharedFilter | null {
  const slash = text.indexOf('/', PREFIX.length);
  if (!isShared(text) || slash === -1) return null;
  const group = text.slice(PREFIX.length, slash);
  const filter = text.slice(slash + 1);
  if (group === '' || /[+#]/.test(group) || filter.startsWith('$')) return null;
  return TopicFilter.parse(filter).ok ? { group, filter } : null;
}
