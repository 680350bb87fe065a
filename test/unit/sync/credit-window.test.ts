import { describe, expect, it } from 'vitest';
import { CreditWindow } from '../../../src/sync/credit-window.ts';

/** Lets a link of so many bytes a second carry all that is granted; what was under way at most after the start. */
function most(bytesPerSecond: number, roundTripMs: number): { underWay: number; seconds: number } {
  const window = new CreditWindow(262_144, 0);
  const frame = 4_096;
  let granted = window.firstBytes;
  let received = 0;
  let nowMs = roundTripMs;
  let underWay = 0;
  while (received < 4_000_000) {
    if (granted <= received) nowMs += roundTripMs;
    nowMs += (frame / bytesPerSecond) * 1_000;
    received += frame;
    granted += window.arrived(frame, nowMs);
    if (received > 200_000) underWay = Math.max(underWay, granted - received);
  }
  return { underWay, seconds: nowMs / 1_000 };
}

describe('the credit of a pull', () => {
  it('is about a second of what a slow link carries', () => {
    expect(most(10_000, 200).underWay).toBeLessThanOrEqual(20_480);
    expect(most(100_000, 200).underWay).toBeLessThan(140_000);
    expect(most(100_000, 200).seconds).toBeLessThan((4_000_000 / 100_000) * 1.1);
  });

  it('is all that is allowed on a fast link, and never more', () => {
    const { underWay, seconds } = most(50_000_000, 2);
    expect(underWay).toBeGreaterThan(200_000);
    expect(underWay).toBeLessThanOrEqual(262_144);
    expect(seconds).toBeLessThan(0.2);
  });

  it('is granted where entries are larger than it', () => {
    const window = new CreditWindow(262_144, 0);
    expect(window.arrived(1_300_000, 1)).toBeGreaterThan(1_000_000);
    const small = new CreditWindow(1, 0);
    expect(small.firstBytes).toBe(1);
    expect(small.arrived(500, 1)).toBe(500);
  });
});
