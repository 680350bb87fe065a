import type { Entry, EntryId } from './entry.ts';

/** Entries kept; the oldest goes when a new one comes at the limit. */
const ENTRIES_MAX = 65_536;

/** Decoded entries by id; `null` while they are not shared. */
let shared: Map<EntryId, Entry> | null = null;
let entriesMax = ENTRIES_MAX;

/**
 * Lets all nodes of this process share what they decode: the same bytes are decoded once and are one object in
 * memory. For a process that plays many nodes; one node meets an entry once. Returns how to end that.
 */
export function shareEntries(most = ENTRIES_MAX): () => void {
  shared = new Map();
  entriesMax = most;
  return () => {
    shared = null;
  };
}

/** True while entries are shared. */
export function areEntriesShared(): boolean {
  return shared !== null;
}

/** An entry that was decoded before; `undefined` where none is kept. */
export function sharedEntry(id: EntryId): Entry | undefined {
  return shared?.get(id);
}

/** Keeps an entry for the next who meets its bytes, if entries are shared. */
export function shareEntry(entry: Entry): Entry {
  if (shared === null) return entry;
  if (shared.size >= entriesMax) shared.delete(shared.keys().next().value!);
  shared.set(entry.id, entry);
  return entry;
}
