import type { Entry } from '../entry/index.ts';
import type { LocalFacts } from '../journal/index.ts';

/**
 * What is left of an entry's lifetime, in whole seconds; 0 where it has none of its own, `null` where it is over. By
 * the age that came with the entry and the time it lies here: late, never early.
 */
export function remainingTtlSeconds(entry: Entry, facts: LocalFacts, nowMs: number): number | null {
  if (entry.ttlSeconds === 0) return 0;
  const leftMs = entry.ttlSeconds * 1_000 - facts.ageMs - Math.max(0, nowMs - facts.receivedAtMs);
  return leftMs < 0 ? null : Math.max(1, Math.ceil(leftMs / 1_000));
}
