import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceClock } from '../../../../firmware-bridge/host/session/device-clock.ts';
import { ReadingSeries } from '../../../../firmware-bridge/host/session/reading-series.ts';
import type { Ticket } from '../../../../firmware-bridge/host/session/session-events.ts';
import { TakenFrames } from '../../../../firmware-bridge/host/session/taken-frames.ts';

const ticket = (number: number) => number as Ticket;

describe('frames that were taken', () => {
  it('are done with in any order, and the readings only as far as there is no hole', () => {
    const frames = new TakenFrames(10);
    for (let number = 0; number < 4; number++) frames.take(number, [ticket(number)], 11 + number);
    expect([frames.finish(ticket(2)), frames.finish(ticket(1))]).toEqual([2, 1]);
    expect(frames.readingsDone).toBe(10);
    expect(frames.finish(ticket(0))).toBe(0);
    expect(frames.readingsDone).toBe(13);
  });

  it('wait for all of their tickets, each of which counts once', () => {
    const frames = new TakenFrames(0);
    expect(frames.take(5, [ticket(1), ticket(2)], 3)).toBe(false);
    expect(frames.finish(ticket(1))).toBeNull();
    expect(frames.finish(ticket(1))).toBeNull();
    frames.add(ticket(3), ticket(2));
    expect(frames.finish(ticket(2))).toBeNull();
    expect(frames.finish(ticket(3))).toBe(5);
    expect(frames.has(ticket(3))).toBe(false);
    expect(frames.take(6, [], 4)).toBe(true);
    expect(frames.readingsDone).toBe(4);
  });
});

describe('a series of readings', () => {
  it('tells of every counter once: taken, explained by the device, or missing', () => {
    const counters = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
    const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(counters, gaps, fc.infiniteStream(fc.boolean()), (some, dropped, isGapNext) => {
        const series = new ReadingSeries(0);
        const told: number[] = [];
        const tell = (first: number, last: number) => {
          for (let counter = first; counter <= last; counter++) told.push(counter);
        };
        const rest = [...dropped].sort(([a], [b]) => a - b);
        const taken = [...some].sort((a, b) => a - b);
        for (const counter of taken) {
          // A device explains no counter that it sends.
          while (rest.length > 0 && isGapNext.next().value) {
            const [first, length] = rest.shift()!;
            const last = Math.min(first + length, (taken.find((one) => one >= first) ?? Infinity) - 1);
            const news = last < first ? null : series.explain({ first, last });
            if (news !== null) tell(news.first, news.last);
          }
          for (const { first, last } of series.take(counter)) tell(first, last);
          if (counter <= series.covered) tell(counter, counter);
        }
        for (let counter = 1; counter <= (taken.at(-1) ?? 0); counter++) expect(told).toContain(counter);
        expect(series.covered).toBeGreaterThanOrEqual(taken.at(-1) ?? 0);
      }),
    );
  });

  it('tells of what the device explains twice only the part that is news', () => {
    const series = new ReadingSeries(5);
    expect(series.explain({ first: 3, last: 8 })).toEqual({ first: 6, last: 8 });
    expect(series.explain({ first: 3, last: 8 })).toBeNull();
    expect(series.take(10)).toEqual([{ first: 9, last: 9 }]);
  });
});

describe('the clock of a device', () => {
  it('goes by the exchange with the shorter way, while that is not too old', () => {
    const clock = new DeviceClock();
    clock.sample({ sentAtMs: 1_000, heardAtMs: 1_010, uptimeMs: 500 });
    clock.sample({ sentAtMs: 2_000, heardAtMs: 2_400, uptimeMs: 1_800 });
    expect(clock.uptimeAt(2_005)).toBe(1_500);
    clock.sample({ sentAtMs: 99_000, heardAtMs: 99_400, uptimeMs: 98_800 });
    expect(clock.uptimeAt(99_200)).toBe(98_800);
  });

  it('takes a reading for a little older or younger than the clock, never for 49 days older', () => {
    const clock = new DeviceClock();
    clock.sample({ sentAtMs: 0, heardAtMs: 0, uptimeMs: 2 ** 32 + 100 });
    expect(clock.unwrapPast(150, 0)).toBe(2 ** 32 + 150);
    expect(clock.unwrapPast(50, 0)).toBe(2 ** 32 + 50);
    expect(clock.unwrapPast(2 ** 32 - 50, 0)).toBe(2 ** 32 - 50);
    expect(clock.unwrapNow(2 ** 32 - 50, 0)).toBe(2 ** 32 - 50);
  });

  it('knows nothing before the device said something', () => {
    const clock = new DeviceClock();
    expect(clock.uptimeAt(5)).toBeNull();
    expect(clock.isKnown).toBe(false);
    expect(clock.unwrapPast(77, 5)).toBe(77);
    expect(clock.uptimeAt(10)).toBe(82);
    expect(clock.isKnown).toBe(false);
  });
});
