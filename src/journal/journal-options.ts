import type { Entry } from '../entry/index.ts';
import type { Counters, Log, Result } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Disk } from './disk.ts';

/** Options of a channel's journal. */
export interface JournalOptions {
  /** Of this channel alone. Made at the start. */
  readonly directory: string;
  readonly channel: string;
  /** Entries of this author are own ones. */
  readonly self: NodeId;
  /**
   * At least this long from sync to sync, 0 to 60,000 ms; with 0 each batch is synced as it is written, and
   * the next one gathers meanwhile. @defaultValue 0
   */
  readonly commitIntervalMs?: number;
  /** Size at which a segment is sealed, 64 KiB to 1 GiB. @defaultValue 8 MiB: retention drops whole segments */
  readonly segmentBytes?: number;
  /** Appends are refused (`journal.backlog-full`) while more than this is not durable. @defaultValue 64 MiB */
  readonly backlogBytesMax?: number;
  /** Newest records kept in memory beside what is not durable. @defaultValue 4 MiB */
  readonly cacheBytes?: number;
}

/** What a journal works with. */
export interface JournalDependencies {
  readonly disk: Disk;
  readonly nowMs: () => number;
  readonly randomBytes: (n: number) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Result<Entry>;
  readonly log: Log;
  readonly counters: Counters;
}

/** Defaults of {@link JournalOptions}. */
export const JOURNAL_DEFAULTS = Object.freeze({
  commitIntervalMs: 0,
  segmentBytes: 8 * 1024 * 1024,
  backlogBytesMax: 64 * 1024 * 1024,
  cacheBytes: 4 * 1024 * 1024,
});
