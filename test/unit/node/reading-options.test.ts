import { describe, expect, test } from 'vitest';
import { parseDurationMs } from '../../../node/cli/duration.ts';
import { parseSubscribeStart } from '../../../node/cli/subscribe-start.ts';

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['3d', 259_200_000],
    ['1w', 604_800_000],
    [' 2m ', 120_000],
  ])('%s is %i ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each(['', '10', '-1s', 's', '1 s', '1y', '1e3s', '999999999w'])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });

  test('a plain number counts in the unit that is asked for', () => {
    expect(parseDurationMs('10', 's')).toBe(10_000);
    expect(parseDurationMs('0.25', 's')).toBe(250);
  });
});

describe('--from', () => {
  const nowMs = Date.UTC(2026, 10, 21, 12);

  test.each(['new', 'all', 'last'] as const)('%s stands for itself', (text) => {
    expect(parseSubscribeStart(text, nowMs)).toBe(text);
  });

  test('takes an offset', () => {
    expect(parseSubscribeStart('00ff00ff00ff00ff:42', nowMs)).toEqual({ offset: '00ff00ff00ff00ff:42' });
  });

  test.each([
    ['2h', nowMs - 7_200_000],
    ['2026-11-21T10:00:00Z', Date.UTC(2026, 10, 21, 10)],
    ['2026-11-21T10:00+02:00', Date.UTC(2026, 10, 21, 8)],
    ['2026-11-21T10:00', new Date(2026, 10, 21, 10).getTime()],
    ['2026-11-21', new Date(2026, 10, 21).getTime()],
  ])('%s is a time', (text, timeMs) => expect(parseSubscribeStart(text, nowMs)).toEqual({ timeMs }));

  test.each(['', 'yesterday', '2026-13-01', '21.11.2026', '00ff:42', 'ALL', '5'])('%j is none', (text) => {
    expect(parseSubscribeStart(text, nowMs)).toBeNull();
  });
});
