/** Narrow no-break space: a figure and its unit stay together. */
const NARROW = '\u202f';
/** What stands where nothing is known. */
export const NOTHING = '–';

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
const counts = new Intl.NumberFormat('en', { useGrouping: true, maximumFractionDigits: 0 });
const dates = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
});
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** A whole number with its thousands apart. @param {number} value */
export function count(value) {
  return counts.format(value).replaceAll(',', NARROW);
}

/** `3 messages`, `1 message`. @param {number} value @param {string} noun @param {string} [many] */
export function plural(value, noun, many = `${noun}s`) {
  return `${count(value)} ${value === 1 ? noun : many}`;
}

/** Bytes by powers of a thousand, three digits. @param {number | null | undefined} value */
export function bytes(value) {
  if (value === null || value === undefined) return NOTHING;
  let left = value;
  let unit = 0;
  while (left >= 999.5 && unit < BYTE_UNITS.length - 1) {
    left /= 1_000;
    unit++;
  }
  return `${unit === 0 ? left : threeDigits(left)}${NARROW}${BYTE_UNITS[unit]}`;
}

/** A rate a second. @param {number | null | undefined} value */
export function perSecond(value) {
  if (value === null || value === undefined) return NOTHING;
  return `${rateFigure(value)}${NARROW}/s`;
}

/** @param {number | null | undefined} value */
export function bytesPerSecond(value) {
  return value === null || value === undefined ? NOTHING : `${bytes(Math.round(value))}/s`;
}

/** A figure of a rate: small ones keep a digit behind the point. @param {number} value */
export function rateFigure(value) {
  if (value >= 99.95) return count(value);
  return value < 0.05 ? '0' : value.toFixed(1);
}

/** Round trips and the like. @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms >= 9_950) return span(ms);
  return ms < 9.95 ? `${ms.toFixed(1)}${NARROW}ms` : `${count(ms)}${NARROW}ms`;
}

/** A length of time in its two biggest units. @param {number | null | undefined} ms */
export function span(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}${NARROW}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${NARROW}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}${NARROW}h${minutes % 60 === 0 ? '' : ` ${minutes % 60}${NARROW}min`}`;
  const days = Math.floor(hours / 24);
  if (days < 100) return `${days}${NARROW}d${hours % 24 === 0 ? '' : ` ${hours % 24}${NARROW}h`}`;
  return days < 730 ? `${days}${NARROW}d` : `${(days / 365.25).toFixed(1)}${NARROW}years`;
}

/** How long ago, as people say it. @param {number | null | undefined} atMs @param {number} nowMs */
export function ago(atMs, nowMs) {
  if (atMs === null || atMs === undefined || atMs === 0) return 'never';
  const ms = nowMs - atMs;
  if (ms < -1_500) return `in ${span(-ms)}`;
  return ms < 1_500 ? 'now' : `${span(ms)} ago`;
}

/** Date and time in full, for titles. @param {number | null | undefined} atMs */
export function dateTime(atMs) {
  return atMs === null || atMs === undefined || atMs === 0 ? '' : dates.format(atMs);
}

/** Time of day. @param {number} atMs */
export function timeOfDay(atMs) {
  return clock.format(atMs);
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return `${share < 0.0995 ? (share * 100).toFixed(1) : Math.round(share * 100)}${NARROW}%`;
}

/** Start and end of a node's id, enough to tell nodes apart. @param {string} node */
export function shortNode(node) {
  return node.length <= 14 ? node : `${node.slice(0, 4)}…${node.slice(-6)}`;
}

/** A name, or the id where there is none. @param {string | null | undefined} name @param {string | null} node */
export function nodeName(name, node) {
  if (name) return name;
  return node === null ? 'unknown' : shortNode(node);
}

/** @param {number} value */
function threeDigits(value) {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
