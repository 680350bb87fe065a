import type { Entry } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { EntrySource } from '../journal/index.ts';

/** An entry that waits for its author's grant. */
export interface ParkedEntry {
  readonly entry: Entry;
  readonly source: EntrySource;
  readonly ageMs: number;
  /** `performance.now()` when it was parked. */
  readonly parkedAtMs?: number;
}

/** Limits of the parking lot. */
export interface ParkingLimits {
  /** Entries of one author. @defaultValue 64: a burst of a node that joined a moment ago */
  readonly entriesPerAuthorMax: number;
  /** Bytes of all entries. @defaultValue 8 MiB: strangers must not fill the memory of a small node */
  readonly bytesMax: number;
  /** Milliseconds that an entry waits. @defaultValue an hour: sync brings the grant and the entry together later */
  readonly waitMsMax: number;
}

/** Defaults of {@link ParkingLimits}. */
export const PARKING_DEFAULTS: ParkingLimits = Object.freeze({
  entriesPerAuthorMax: 64,
  bytesMax: 8 * 1024 * 1024,
  waitMsMax: 3_600_000,
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
    entries.set(id, { ...parked, parkedAtMs: performance.now() });
    this.#byAuthor.set(author, entries);
    this.#bytes += bytes.length;
    return true;
  }

  /** Lets go of what waited too long; returns how many entries that were. */
  expire(): number {
    const before = performance.now() - this.#limits.waitMsMax;
    let expired = 0;
    for (const [author, entries] of this.#byAuthor) {
      for (const [id, { entry, parkedAtMs }] of entries) {
        if (parkedAtMs === undefined || parkedAtMs > before) continue;
        entries.delete(id);
        this.#bytes -= entry.bytes.length;
        expired++;
      }
      if (entries.size === 0) this.#byAuthor.delete(author);
    }
    return expired;
  }

  /** Takes out all entries of an author, in order of arrival. */
  take(author: NodeId): ParkedEntry[] {
    const entries = [...(this.#byAuthor.get(author)?.values() ?? [])];
    this.#byAuthor.delete(author);
    for (const { entry } of entries) this.#bytes -= entry.bytes.length;
    return entries;
  }
}
