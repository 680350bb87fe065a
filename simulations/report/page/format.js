const SPANS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** A count with thin spaces between thousands; large ones shortened where there is little room. */
export function count(value, short = false) {
  if (short && value >= 10_000) {
    const [unit, factor] = value >= 1e9 ? ['G', 1e9] : value >= 1e6 ? ['M', 1e6] : ['k', 1e3];
    return `${trimmed(value / factor)}${unit}`;
  }
  return String(Math.round(value * 100) / 100).replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, '\u202f');
}

/** Bytes in powers of 1,000. */
export function bytes(value) {
  for (const [unit, factor] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ]) {
    if (value >= factor) return `${trimmed(value / factor)} ${unit}`;
  }
  return `${Math.round(value)} B`;
}

/** A span of time in its two largest units: `2 d 3 h`, `1.5 s`, `40 ms`. */
export function span(seconds) {
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995) return `${trimmed(seconds * 1_000)} ms`;
  if (seconds < 60) return `${trimmed(seconds)} s`;
  const parts = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of SPANS) {
    const whole = Math.floor(rest / length);
    rest -= whole * length;
    if (whole > 0) parts.push(`${whole} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** A moment of a run; times that count from 1970 are shown from the start of the run. */
export function moment(seconds, run) {
  return run.startSeconds > 1e8 ? `+${span(seconds - run.startSeconds)}` : span(seconds);
}

function trimmed(value) {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
