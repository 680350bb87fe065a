import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgeClock, MemoryDisk } from '../../../src/journal/index.ts';
import { seededRandom } from './journal-world.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const T0 = 1_790_000_000_000;

/** Time as it truly passes, and a wall clock that shows what a test says. */
class TrueTime {
  trueMs = 0;
  /** What the wall clock shows beside the true time. */
  offMs = T0;
  disk = new MemoryDisk();

  constructor() {
    vi.spyOn(performance, 'now').mockImplementation(() => this.trueMs);
  }

  readonly wall = () => Math.max(0, Math.round(this.trueMs + this.offMs));

  async boot(): Promise<AgeClock> {
    await this.disk.makeDirectory('/node');
    const clock = new AgeClock(this.wall);
    await clock.load(this.disk, '/node');
    await clock.save(this.disk, '/node', true);
    return clock;
  }
}

describe('how old something is', () => {
  let time: TrueTime;
  beforeEach(() => {
    time = new TrueTime();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is what passed, while the clock runs evenly', async () => {
    const clock = await time.boot();
    const stamp = time.wall();
    time.trueMs += 3 * DAY;
    expect(clock.elapsedMs(stamp)).toBe(3 * DAY);
  });

  it.each([
    ['set from 1970 to today', -T0],
    ['set ten years ahead', 0],
  ])('does not grow when the clock is %s', async (_, startOffMs) => {
    time.offMs = startOffMs + (startOffMs === 0 ? T0 : T0);
    const clock = await time.boot();
    const stamp = time.wall();
    time.trueMs += HOUR;
    time.offMs += 10 * 365 * DAY;
    expect(clock.elapsedMs(stamp)).toBe(HOUR);
    time.trueMs += HOUR;
    expect(clock.elapsedMs(stamp)).toBe(2 * HOUR);
    expect(clock.elapsedMs(time.wall())).toBe(0);
  });

  it('goes on over a restart, with the time that the node was off where that is credible', async () => {
    let clock = await time.boot();
    const stamp = time.wall();
    time.trueMs += HOUR;
    await clock.save(time.disk, '/node', true);
    time.trueMs += 2 * DAY;
    clock = await time.boot();
    expect(clock.elapsedMs(stamp)).toBe(2 * DAY + HOUR);
  });

  it.each([
    ['1970', -T0],
    ['ten years ahead', 10 * 365 * DAY],
    ['before it stopped', -5 * HOUR],
  ])('does not count a restart with a clock at %s', async (_, changeMs) => {
    let clock = await time.boot();
    const stamp = time.wall();
    time.trueMs += HOUR;
    await clock.save(time.disk, '/node', true);
    time.trueMs += HOUR;
    time.offMs += changeMs;
    clock = await time.boot();
    expect(clock.elapsedMs(stamp)).toBe(HOUR);
    time.trueMs += HOUR;
    expect(clock.elapsedMs(stamp)).toBe(2 * HOUR);
  });

  it('begins anew when the file is lost', async () => {
    await time.boot();
    const stamp = time.wall();
    time.trueMs += DAY;
    time.disk = new MemoryDisk();
    const clock = await time.boot();
    expect(clock.elapsedMs(stamp)).toBe(0);
    time.trueMs += HOUR;
    expect(clock.elapsedMs(stamp)).toBe(HOUR);
  });

  it('is never more than in truth, whatever the clock does', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      time.trueMs = 0;
      time.offMs = random() < 0.3 ? 0 : T0;
      time.disk = new MemoryDisk();
      let clock = await time.boot();
      const stamps: { readonly wallMs: number; readonly trueMs: number }[] = [];
      for (let step = 0; step < 60; step++) {
        stamps.push({ wallMs: time.wall(), trueMs: time.trueMs });
        const dice = random();
        if (dice < 0.15) time.offMs = [0, T0, T0 + 365 * DAY, T0 - 5 * DAY][Math.floor(random() * 4)]!;
        if (dice > 0.85) {
          time.trueMs += random() * 3 * DAY;
          // A clock that is wrong by less than a month after a restart cannot be told from time off.
          if (random() < 0.3) time.offMs = [0, T0 + 3_650 * DAY][Math.floor(random() * 2)]!;
          clock = await time.boot();
        }
        time.trueMs += random() * HOUR;
        // As is done each minute.
        await clock.save(time.disk, '/node');
        for (const { wallMs, trueMs } of stamps) {
          const tooOld = clock.elapsedMs(wallMs) - (time.trueMs - trueMs);
          if (tooOld > 2 * SECOND) throw new Error(`seed ${seed}, step ${step}: too old by ${tooOld} ms`);
        }
      }
    }
  });
});
