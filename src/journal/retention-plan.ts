import type { SegmentKind } from './segment-header.ts';

/** How much of a channel is kept. `null`: no limit. */
export interface RetentionLimits {
  /** Kept at least this long after receipt here, milliseconds. */
  readonly ageMs: number | null;
  /** Bytes on disk, own and carried together. */
  readonly bytes: number | null;
  readonly messages: number | null;
  /** Bytes that the node's total leaves to this channel now. */
  readonly storageBytes: number | null;
  /** Bytes of own entries that no other node holds and that are kept beyond all of these. */
  readonly reserveBytes: number;
}

/** Why a segment is dropped. */
export type DropReason = 'age' | 'bytes' | 'messages' | 'storage' | 'unreplicated';

/** All reasons. */
export const DROP_REASONS: readonly DropReason[] = ['age', 'bytes', 'messages', 'storage', 'unreplicated'];

/** A segment that can be dropped. */
export interface SegmentFacts {
  readonly kind: SegmentKind;
  readonly bytes: number;
  readonly messages: number;
  /** Since the last receipt in it, milliseconds. */
  readonly ageMs: number;
  /** Another node is known to hold all of it, or it is not this node's to vouch for. */
  readonly isSafe: boolean;
}

/**
 * Which segments go, oldest first, and why. `segments` in order of arrival; `totals` count also what cannot be
 * dropped. Own segments that nobody else holds do not count against the limits while the reserve has room for
 * them; over it the oldest of them go.
 */
export function planDrops<T extends SegmentFacts>(
  segments: readonly T[],
  totals: { readonly bytes: number; readonly messages: number },
  limits: RetentionLimits,
): { readonly segment: T; readonly reason: DropReason }[] {
  const left = { ...totals };
  const drops: { segment: T; reason: DropReason }[] = [];
  const reserved: T[] = [];
  for (const segment of segments) {
    const reason = reasonToDrop(segment, left, limits);
    if (reason === null) continue;
    left.bytes -= segment.bytes;
    left.messages -= segment.messages;
    if (segment.isSafe) drops.push({ segment, reason });
    else reserved.push(segment);
  }
  let reservedBytes = reserved.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const segment of reserved) {
    if (reservedBytes <= limits.reserveBytes) break;
    reservedBytes -= segment.bytes;
    drops.push({ segment, reason: 'unreplicated' });
  }
  const order = new Map(segments.map((segment, at) => [segment, at]));
  return drops.sort((a, b) => order.get(a.segment)! - order.get(b.segment)!);
}

function reasonToDrop(
  segment: SegmentFacts,
  left: { readonly bytes: number; readonly messages: number },
  limits: RetentionLimits,
): DropReason | null {
  if (limits.ageMs !== null && segment.ageMs > limits.ageMs) return 'age';
  if (limits.bytes !== null && left.bytes > limits.bytes) return 'bytes';
  if (limits.messages !== null && left.messages > limits.messages) return 'messages';
  if (limits.storageBytes !== null && left.bytes > limits.storageBytes) return 'storage';
  return null;
}
