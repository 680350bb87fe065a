import { type Entry, type LogId, lastSeqOf } from '../entry/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import { numberBefore } from './contradiction.ts';

/** True where memory tells that an entry names another one than the held one just before it. */
export function breaksChain(journal: ChannelJournal, log: LogId, entry: Entry): boolean {
  const edge = journal.edgeIdAt(log, numberBefore(entry));
  return edge !== null && edge !== entry.prev;
}

/**
 * True where an entry that was stored has to be compared with its neighbours on disk: it closed a hole below a held
 * entry or below skipped numbers, or the one that it names lies within held numbers. Rare: not the live way, and of
 * an ascending run only the last.
 */
export function mayJoin(journal: ChannelJournal, log: LogId, entry: Entry): boolean {
  const next = lastSeqOf(entry) + 1;
  if (journal.holds(log, next, next) !== 'none') return true;
  if (journal.skipsFrom(log, next)) return true;
  if (entry.skip === 0) return false;
  const before = numberBefore(entry);
  return journal.holds(log, before, before) !== 'none' && journal.edgeIdAt(log, before) === null;
}
