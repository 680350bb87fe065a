import { SedgeError } from '../../src/index.ts';

/** A span of time: milliseconds, or a number with its unit: `250ms`, `30s`, `10m`, `12h`, `7d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds. Throws `simulation.bad-option`. */
export function durationMs(duration: Duration): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const ms = typeof duration === 'number' ? duration : Number(number) * UNITS[unit ?? '']!;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new SedgeError('simulation.bad-option', {
    duration: String(duration),
    example: '250ms, 30s, 10m, 12h or 7d',
  });
}
