import type { ChannelPolicy, Priority } from '../../src/index.ts';
import { parseDurationMs } from '../cli/duration.ts';

/** As the realm has them; the whole library would cost every command its start. */
const PRIORITIES: readonly Priority[] = ['control', 'alarm', 'normal', 'bulk'];
const SECONDS_MAX = 2 ** 32;
const BYTE_UNITS: Readonly<Record<string, number>> = Object.freeze({
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
});

/** What {@link parseKeep} takes, for people. */
export const KEEP_RULE =
  'parts with commas between: an age (7d, 12h), a size (2GB, 500MB), a number (100000msgs), ttl=1h, priority=alarm, or all';

/** Bytes of a size such as `500MB`, `2GB` (powers of 1,000) or `1GiB`; `null` if the text is none. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?i?b)$/i.exec(text.trim());
  const unit = BYTE_UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return null;
  const bytes = Math.round(Number(match[1]) * unit);
  return bytes < 2 ** 48 ? bytes : null;
}

/**
 * How much of a channel is kept, from a text such as `7d,2GB`: {@link KEEP_RULE}. `all` stands for no limit on age,
 * size and number. `null` if the text is no such thing.
 */
export function parseKeep(text: string): ChannelPolicy | null {
  let policy: ChannelPolicy = {};
  for (const part of text.split(',')) {
    const read = parsePart(part.trim());
    if (read === null || Object.keys(read).some((key) => Object.hasOwn(policy, key))) return null;
    policy = { ...policy, ...read };
  }
  return policy;
}

/** The text that {@link parseKeep} reads as this. */
export function formatKeep(policy: ChannelPolicy): string {
  const { retentionSeconds, retentionBytes, retentionMessages, ttlSeconds, priority } = policy;
  const parts = [
    ...(retentionSeconds ? [secondsText(retentionSeconds)] : []),
    ...(retentionBytes ? [bytesText(retentionBytes)] : []),
    ...(retentionMessages ? [`${retentionMessages}msgs`] : []),
    ...(ttlSeconds === undefined ? [] : [`ttl=${secondsText(ttlSeconds)}`]),
    ...(priority === undefined ? [] : [`priority=${priority}`]),
  ];
  const limits = [retentionSeconds, retentionBytes, retentionMessages];
  if (limits.some((limit) => limit === 0) && !limits.some((limit) => limit)) parts.unshift('all');
  return parts.join(',');
}

function parsePart(part: string): ChannelPolicy | null {
  if (part === 'all') return { retentionSeconds: 0, retentionBytes: 0, retentionMessages: 0 };
  const [, key, value = ''] = /^(ttl|priority)=(.+)$/.exec(part) ?? [];
  if (key === 'priority') {
    const priority = PRIORITIES.find((name) => name === value);
    return priority === undefined ? null : { priority };
  }
  if (key === 'ttl') {
    const ttlSeconds = secondsOf(value);
    return ttlSeconds === null ? null : { ttlSeconds };
  }
  const retentionSeconds = secondsOf(part);
  if (retentionSeconds !== null) return retentionSeconds === 0 ? null : { retentionSeconds };
  const messages = /^(\d{1,14})msgs?$/.exec(part);
  if (messages !== null) return Number(messages[1]) === 0 ? null : { retentionMessages: Number(messages[1]) };
  const retentionBytes = parseBytes(part);
  return retentionBytes === null || retentionBytes === 0 ? null : { retentionBytes };
}

/** Whole seconds, and no duration shorter than one but 0. */
function secondsOf(text: string): number | null {
  const ms = text === '0' ? 0 : parseDurationMs(text);
  return ms === null || ms % 1_000 !== 0 || ms / 1_000 >= SECONDS_MAX ? null : ms / 1_000;
}

function secondsText(seconds: number): string {
  if (seconds === 0) return '0';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const) {
    if (seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

function bytesText(bytes: number): string {
  for (const unit of ['tb', 'gb', 'mb', 'kb']) {
    if (bytes % BYTE_UNITS[unit]! === 0)
      return `${bytes / BYTE_UNITS[unit]!}${unit.toUpperCase().replace('KB', 'kB')}`;
  }
  return `${bytes}B`;
}
