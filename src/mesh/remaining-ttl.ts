import type { Entry } from '../entry/index.ts';

/** What is left of an entry's own lifetime, in whole seconds: late, never early; 0 for none, `null` where it is over. */
export function remainingTtlSeconds({ ttlSeconds }: Entry, ageMs: number): number | null {
  if (ttlSeconds === 0) return 0;
  const leftMs = ttlSeconds * 1_000 - ageMs;
  return leftMs < 0 ? null : Math.max(1, Math.ceil(leftMs / 1_000));
}
