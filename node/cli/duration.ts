const UNIT_MS: Readonly<Record<string, number>> = Object.freeze({
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
});

/** Longest duration that is taken: a hundred years. */
const DURATION_MS_MAX = 100 * 365 * 86_400_000;

/**
 * Milliseconds of a duration such as `500ms`, `30s`, `10m`, `2h`, `3d`, `1w` or `1.5h`; a plain number counts in
 * `unit`. `null` if the text is no duration.
 */
export function parseDurationMs(text: string, unit: 's' | 'ms' | 'none' = 'none'): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)?$/.exec(text.trim());
  if (match === null) return null;
  const suffix = match[2] ?? unit;
  const factor = UNIT_MS[suffix];
  if (factor === undefined) return null;
  const durationMs = Math.round(Number(match[1]) * factor);
  return durationMs <= DURATION_MS_MAX ? durationMs : null;
}
