import type { Priority } from '../realm/index.ts';

/** A segment that can be dropped. */
export interface DroppableSegment {
  readonly ageMs: number;
  readonly bytes: number;
}

/** What a channel takes of the disk, and what of it can go. */
export interface ChannelUse {
  readonly channel: string;
  readonly priority: Priority;
  readonly bytes: number;
  /** Oldest first. */
  readonly droppable: readonly DroppableSegment[];
}

/**
 * The part of the node's storage that a priority keeps when others want more; an eighth is free for all. `control`
 * is never dropped.
 */
export const STORAGE_SHARES: Readonly<Record<Exclude<Priority, 'control'>, number>> = Object.freeze({
  alarm: 0.25,
  normal: 0.5,
  bulk: 0.125,
});

/** Lowest first. */
const CLASSES = ['bulk', 'normal', 'alarm'] as const;

/**
 * How many bytes each channel may keep so that all together fit, for those that have to give something up: the
 * oldest segments go, of the lowest priority that is above its share; if that is not enough, of the lowest at all.
 */
export function shareStorage(uses: readonly ChannelUse[], bytesMax: number): Map<string, number> {
  const left = new Map(uses.map(({ channel, bytes }) => [channel, bytes]));
  const shrunk = new Map<string, number>();
  let over = sum(uses.map(({ bytes }) => bytes)) - bytesMax;
  const queues = new Map(CLASSES.map((priority) => [priority, oldestOf(uses, priority)]));
  for (const keep of ['share', 'nothing'] as const) {
    for (const priority of CLASSES) {
      const kept = keep === 'share' ? STORAGE_SHARES[priority] * bytesMax : 0;
      let used = sum(
        uses.filter((use) => use.priority === priority).map(({ channel }) => left.get(channel)!),
      );
      const queue = queues.get(priority)!;
      while (over > 0 && used > kept && queue.length > 0) {
        const { channel, bytes } = queue.shift()!;
        left.set(channel, left.get(channel)! - bytes);
        shrunk.set(channel, left.get(channel)!);
        used -= bytes;
        over -= bytes;
      }
    }
  }
  return shrunk;
}

/** All segments of a priority, oldest first. */
function oldestOf(uses: readonly ChannelUse[], priority: Priority): { channel: string; bytes: number }[] {
  return uses
    .filter((use) => use.priority === priority)
    .flatMap(({ channel, droppable }) => droppable.map(({ ageMs, bytes }) => ({ channel, ageMs, bytes })))
    .sort((a, b) => b.ageMs - a.ageMs);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
