import type { Entry } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { EntrySource } from '../journal/index.ts';

/** An entry that waits for its author's grant. */
export interface ParkedEntry {
  readonly entry: Entry;
  readonly source: EntrySource;
  readonly ageMs: number;
}

/** Limits of the parking lot. */
export interface ParkingLimits {
  /** Entries of one author. @defaultValue 64: a burst of a node that joined a moment ago */
  readonly entriesPerAuthorMax: number;
  /** Bytes of all entries. @defaultValue 8 MiB: strangers must not fill the memory of a small node */
  readonly bytesMax: number;
}

/** Defaults of {@link ParkingLimits}. */
export const PARKING_DEFAULTS: ParkingLimits = Object.freeze({
  entriesPerAuthorMax: 64,
  bytesMax: 8 * 1024 * 1024,
});

/**
 * Holds entries of unknown authors in memory until a grant arrives. Over a limit the new entry is not taken:
 * a flood of strangers cannot push out what waits already, and sync fetches again what was turned away.
 */
export class ParkingLot {
  readonly #limits: ParkingLimits;
  readonly #byAuthor = new Map<NodeId, Map<string, ParkedEntry>>();
  #bytes = 0;

  constructor(limits: ParkingLimits = PARKING_DEFAULTS) {
    this.#limits = limits;
  }

  /** Entries that wait. */
  get size(): number {
    let size = 0;
    for (const entries of this.#byAuthor.values()) size += entries.size;
    return size;
  }

  /** Authors that wait. */
  authors(): NodeId[] {
    return [...this.#byAuthor.keys()];
  }

  /** Parks an entry; `false` if a limit is reached. */
  park(parked: ParkedEntry): boolean {
    const { author, id, bytes } = parked.entry;
    const entries = this.#byAuthor.get(author) ?? new Map<string, ParkedEntry>();
    if (entries.has(id)) return true;
    if (entries.size >= this.#limits.entriesPerAuthorMax) return false;
    if (this.#bytes + bytes.length > this.#limits.bytesMax) return false;
    entries.set(id, parked);
    this.#byAuthor.set(author, entries);
    this.#bytes += bytes.length;
    return true;
  }

  /** Takes out all entries of an author, in order of arrival. */
  take(author: NodeId): ParkedEntry[] {
    const entries = [...(this.#byAuthor.get(author)?.values() ?? [])];
    this.#byAuthor.delete(author);
    for (const { entry } of entries) this.#bytes -= entry.bytes.length;
    return entries;
  }
}
