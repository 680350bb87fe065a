import { describe, expect, it } from 'vitest';
import { shareStorage } from '../../../src/mesh/storage-shares.ts';
import type { Priority } from '../../../src/realm/index.ts';

/** A channel of segments of 10 bytes each, the oldest first. */
function channel(name: string, priority: Priority, segments: number, newestAgeMs = 0) {
  const droppable = Array.from({ length: segments }, (_, at) => ({
    ageMs: newestAgeMs + (segments - at) * 10,
    bytes: 10,
  }));
  return { channel: name, priority, bytes: segments * 10, droppable };
}

const result = (uses: Parameters<typeof shareStorage>[0], bytesMax: number) =>
  Object.fromEntries(shareStorage(uses, bytesMax));

describe('sharing the storage of a node', () => {
  it('takes nothing while all fits', () => {
    expect(result([channel('main', 'normal', 10)], 100)).toEqual({});
  });

  it('takes from the lowest priority first, down to its share', () => {
    const uses = [channel('alarm', 'alarm', 4), channel('main', 'normal', 6), channel('logs', 'bulk', 4)];
    expect(result(uses, 120)).toEqual({ logs: 20 });
    expect(result(uses, 100)).toEqual({ logs: 10, main: 50 });
  });

  it('takes from a higher one what it has above its share, before it takes all of a lower one', () => {
    const uses = [channel('alarm', 'alarm', 9), channel('main', 'normal', 5), channel('logs', 'bulk', 1)];
    expect(result(uses, 100)).toEqual({ alarm: 40 });
  });

  it('takes the oldest of a priority, of whichever channel', () => {
    const uses = [channel('a', 'normal', 5, 1_000), channel('b', 'normal', 5, 0)];
    expect(result(uses, 70)).toEqual({ a: 20 });
  });

  it('never takes what controls, and takes all else before it fails', () => {
    const uses = [channel('ctl', 'control', 12), channel('alarm', 'alarm', 2), channel('logs', 'bulk', 1)];
    expect(result(uses, 100)).toEqual({ logs: 0, alarm: 0 });
  });
});
