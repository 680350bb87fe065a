import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceClock, UNCERTAINTY_MS_MAX } from '../../../firmware-bridge/host/clock/index.ts';

/** A device whose clock runs at `rate` of the host's and was zero at `bootMs`. */
function deviceOf(bootMs: number, drift: number) {
  const uptimeAt = (hostMs: number) => Math.floor((hostMs - bootMs) / (1 + drift));
  return {
    uptimeAt,
    exchange: (sentAtMs: number, thereMs: number, backMs: number) => ({
      sentAtMs,
      uptimeMs: uptimeAt(sentAtMs + thereMs),
      heardAtMs: sentAtMs + thereMs + backMs,
    }),
  };
}

describe('the clock of a device', () => {
  it('is not known before the first exchange: a reading was not later than it was heard', () => {
    expect(new DeviceClock().hostTimeOf(5_000, 90_000)).toEqual({
      atMs: 90_000,
      uncertaintyMs: UNCERTAINTY_MS_MAX,
    });
  });

  it('is known by half a round trip at the time of an exchange', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 1_000, heardAtMs: 1_010, uptimeMs: 400 });
    expect(clock.hostTimeOf(400, 2_000)).toEqual({ atMs: 1_005, uncertaintyMs: 6 });
  });

  it('grows less certain with the age of the exchange', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 100_000, heardAtMs: 100_002, uptimeMs: 90_000 });
    const young = clock.hostTimeOf(90_000, 200_000).uncertaintyMs;
    const old = clock.hostTimeOf(30_000, 200_000).uncertaintyMs;
    expect(old - young).toBeCloseTo(1_200);
  });

  it('learns how fast the device runs, and is exact about the past then', () => {
    const device = deviceOf(0, 0.004);
    const clock = new DeviceClock();
    for (let at = 10_000; at <= 3_610_000; at += 600_000) clock.note(device.exchange(at, 2, 3));
    expect(clock.drift.rate).toBeCloseTo(0.004, 4);
    const { atMs, uncertaintyMs } = clock.hostTimeOf(device.uptimeAt(1_234_567), 4_000_000);
    expect(Math.abs(atMs - 1_234_567)).toBeLessThan(uncertaintyMs);
    expect(uncertaintyMs).toBeLessThan(60);
  });

  it('prefers the exchange with the smallest round trip', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 1_000, heardAtMs: 1_004, uptimeMs: 1_000 });
    clock.note({ sentAtMs: 1_500, heardAtMs: 2_500, uptimeMs: 1_501 });
    expect(clock.hostTimeOf(1_400, 3_000).uncertaintyMs).toBeLessThan(20);
  });

  it('puts no reading later than it was heard', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 1_000, heardAtMs: 2_000, uptimeMs: 500 });
    const { atMs, uncertaintyMs } = clock.hostTimeOf(500, 1_200);
    expect(atMs).toBe(1_200);
    expect(atMs - uncertaintyMs).toBeLessThanOrEqual(1_000);
  });

  it('knows nothing once a reading comes from the future: the host slept', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 1_000, heardAtMs: 1_004, uptimeMs: 1_000 });
    // The device lived an hour, and the clock of the host ten seconds.
    const unknown = { atMs: 11_000, uncertaintyMs: UNCERTAINTY_MS_MAX };
    expect(clock.hostTimeOf(3_601_000, 11_000)).toEqual(unknown);
    clock.note({ sentAtMs: 12_000, heardAtMs: 12_004, uptimeMs: 3_602_000 });
    expect(clock.hostTimeOf(3_602_000, 12_004).uncertaintyMs).toBeLessThan(10);
  });

  it('goes by the newest exchange where those before contradict it: the device slept', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 1_000, heardAtMs: 1_004, uptimeMs: 1_000 });
    clock.note({ sentAtMs: 601_000, heardAtMs: 601_020, uptimeMs: 2_000 });
    const { atMs, uncertaintyMs } = clock.hostTimeOf(2_500, 602_000);
    expect(Math.abs(atMs - 601_510)).toBeLessThanOrEqual(uncertaintyMs);
    expect(uncertaintyMs).toBeLessThan(50);
  });

  it('passes over an exchange that cannot be', () => {
    const clock = new DeviceClock();
    clock.note({ sentAtMs: 2_000, heardAtMs: 1_000, uptimeMs: 1 });
    clock.note({ sentAtMs: Number.NaN, heardAtMs: 1_000, uptimeMs: 1 });
    expect(clock.hostTimeOf(1, 3_000).uncertaintyMs).toBe(UNCERTAINTY_MS_MAX);
  });

  it('never claims to be more exact than it is, whatever the delays and the drift', () => {
    const delay = fc.integer({ min: 0, max: 2_000 });
    fc.assert(
      fc.property(
        fc.double({ min: -0.02, max: 0.02, noNaN: true }),
        fc.integer({ min: 0, max: 4_000_000 }),
        fc.array(fc.record({ waitMs: fc.integer({ min: 1, max: 3_000_000 }), there: delay, back: delay }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (drift, bootMs, exchanges, place) => {
          const device = deviceOf(bootMs, drift);
          const clock = new DeviceClock();
          let atMs = bootMs;
          for (const { waitMs, there, back } of exchanges) {
            atMs += waitMs;
            clock.note(device.exchange(atMs, there, back));
            atMs += there + back;
          }
          const takenMs = bootMs + (atMs - bootMs) * place;
          const mapped = clock.hostTimeOf(device.uptimeAt(takenMs), atMs);
          // The device's clock tells whole milliseconds, of its own length.
          expect(Math.abs(mapped.atMs - takenMs)).toBeLessThanOrEqual(mapped.uncertaintyMs + 1.1);
          expect(mapped.atMs).toBeLessThanOrEqual(atMs);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
