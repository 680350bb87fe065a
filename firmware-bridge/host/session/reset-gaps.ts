import type { DeviceFacts, KnownDevice } from './device-facts.ts';
import type { GapEffect } from './session-events.ts';

/** A gap of an earlier epoch. */
export type ResetGap = Pick<GapEffect, 'epoch' | 'throughEpoch' | 'first' | 'last'>;

/**
 * What a device that started anew may have taken and never sent: in the epoch that the host knows, in those between
 * of which it heard nothing, and in the one before, whose last counter the device may remember (0: it does not).
 */
export function resetGaps(known: KnownDevice, facts: DeviceFacts, previousCounter: number): ResetGap[] {
  if (known.epoch === 0 || facts.epoch <= known.epoch) return [];
  const before = facts.epoch - 1;
  const first = known.readingsDone + 1;
  if (known.epoch === before) {
    if (previousCounter === 0) return [{ epoch: before, first, last: null }];
    return previousCounter < first ? [] : [{ epoch: before, first, last: previousCounter }];
  }
  const gaps: ResetGap[] = [{ epoch: known.epoch, first, last: null }];
  const throughEpoch = previousCounter === 0 ? before : before - 1;
  const unheard = known.epoch + 1;
  if (throughEpoch === unheard) gaps.push({ epoch: unheard, first: 1, last: null });
  if (throughEpoch > unheard) gaps.push({ epoch: unheard, throughEpoch, first: 1, last: null });
  if (previousCounter > 0) gaps.push({ epoch: before, first: 1, last: previousCounter });
  return gaps;
}
