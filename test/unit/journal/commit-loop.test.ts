import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SedgeError } from '../../../src/errors/index.ts';
import { CommitLoop } from '../../../src/journal/commit-loop.ts';

describe('the commit loop on a disk that stays full', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('tries again ever more rarely, and soon again after it worked', async () => {
    let [full, tries] = [true, 0];
    const loop = new CommitLoop(
      { intervalMs: 0, backlogMark: 1_000_000, position: 0 },
      {
        flush: async () => {
          tries++;
          if (full) throw new SedgeError('journal.disk-full');
        },
        durable: () => {},
        fault: () => {},
        backlogBytes: () => 100,
      },
    );
    const triesIn = async (seconds: number) => {
      tries = 0;
      await vi.advanceTimersByTimeAsync(seconds * 1_000);
      return tries;
    };
    loop.appended(1);
    expect(await triesIn(20)).toBe(5);
    expect(await triesIn(600)).toBe(20);
    full = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(loop.fault).toBeNull();
    full = true;
    loop.appended(2);
    expect(await triesIn(2)).toBe(2);
    full = false;
    const stopped = loop.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped;
    expect(loop.durablePosition).toBe(2);
  });
});
