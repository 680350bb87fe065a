import { type Entry, lastSeqOf, logIdOf } from '../entry/index.ts';

/**
 * How two entries of a log exclude each other: `overlap` (two entries for one number), `broken-chain` (one names
 * another entry than the one that lies just before it).
 */
export type Contradiction = 'overlap' | 'broken-chain';

/**
 * How two entries exclude each other, signatures aside; `null` if one honest author can have made both. An honest
 * author gives each number once, and names as `prev` the entry that ends just before the numbers it skips, whatever
 * it lost, skipped or learned back (README.md).
 */
export function contradictionOf(a: Entry, b: Entry): Contradiction | null {
  if (a.channel !== b.channel || logIdOf(a) !== logIdOf(b) || a.id === b.id) return null;
  const [low, high] = a.seq <= b.seq ? [a, b] : [b, a];
  if (lastSeqOf(low) >= high.seq) return 'overlap';
  const before = numberBefore(high);
  // An entry that holds the number before and does not end there cannot be the one that was named either.
  if (low.seq > before || lastSeqOf(low) < before) return null;
  return lastSeqOf(low) === before && high.prev === low.id ? null : 'broken-chain';
}

/** Last number of the entry that an entry names as the one before it; 0 if it names none. */
export function numberBefore(entry: Pick<Entry, 'seq' | 'skip'>): number {
  return entry.seq - entry.skip - 1;
}
