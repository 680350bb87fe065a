import { REALM_CHANNEL } from './channel-map.ts';
import { isNumber } from './payload-fields.ts';

/** How much a channel matters when links or disks are short: highest first. */
export const PRIORITIES = ['control', 'alarm', 'normal', 'bulk'] as const;

/** One of {@link PRIORITIES}. */
export type Priority = (typeof PRIORITIES)[number];

/** How long and how much of a channel is kept. What is absent follows the node's own rules. */
export interface ChannelPolicy {
  /** Kept this long after receipt, seconds. 0: for ever, as far as other limits let it. */
  readonly retentionSeconds?: number;
  /** Kept on the disk of a node, bytes. 0: no limit of its own. */
  readonly retentionBytes?: number;
  /** Kept by number. 0: no limit. */
  readonly retentionMessages?: number;
  /** Lifetime of messages that were published without one, seconds. 0: they do not expire. */
  readonly ttlSeconds?: number;
  /** @defaultValue `control` for `$realm`, else `normal` */
  readonly priority?: Priority;
}

const CHANNEL_NAME = /^[a-z0-9-]{1,64}$/;
const NUMBER_KEYS = {
  1: 'retentionSeconds',
  2: 'retentionBytes',
  3: 'retentionMessages',
  4: 'ttlSeconds',
} as const;
const PRIORITY_KEY = 5;

/** True for a name that a policy may be about: `$realm` has none, it is never dropped. */
export function hasPolicy(channel: string): boolean {
  return CHANNEL_NAME.test(channel) && channel !== REALM_CHANNEL;
}

/** Priority of a channel under its policy. */
export function priorityUnder(channel: string, policy: ChannelPolicy | undefined): Priority {
  return channel === REALM_CHANNEL ? 'control' : (policy?.priority ?? 'normal');
}

/** As it goes into a signed object: a map with small numbers as keys. */
export function encodeChannelPolicy(policy: ChannelPolicy): Map<number, unknown> {
  const items = new Map<number, unknown>();
  for (const [key, name] of Object.entries(NUMBER_KEYS)) {
    const value = policy[name];
    if (value !== undefined) items.set(Number(key), value);
  }
  if (policy.priority !== undefined) items.set(PRIORITY_KEY, PRIORITIES.indexOf(policy.priority));
  return items;
}

/** Reads it; `null` for anything else. Keys of later versions are passed over. */
export function decodeChannelPolicy(value: unknown): ChannelPolicy | null {
  if (!(value instanceof Map) || value.size > 64) return null;
  const policy: Record<string, unknown> = {};
  for (const [key, item] of value as Map<unknown, unknown>) {
    if (typeof key !== 'number') return null;
    if (key === PRIORITY_KEY) {
      if (typeof item !== 'number' || PRIORITIES[item] === undefined) return null;
      policy.priority = PRIORITIES[item];
      continue;
    }
    const name = NUMBER_KEYS[key as keyof typeof NUMBER_KEYS];
    if (name === undefined) continue;
    if (!isNumber(item)) return null;
    policy[name] = item;
  }
  return isChannelPolicy(policy) ? policy : null;
}

/** True if all that is there is within its bounds. */
export function isChannelPolicy(policy: ChannelPolicy): boolean {
  const { priority, ttlSeconds, ...limits } = policy;
  if (priority !== undefined && !PRIORITIES.includes(priority)) return false;
  if (ttlSeconds !== undefined && !(isNumber(ttlSeconds) && ttlSeconds < 2 ** 32)) return false;
  return Object.values(NUMBER_KEYS).every((name) => {
    const value = (limits as ChannelPolicy)[name];
    return value === undefined || isNumber(value);
  });
}
