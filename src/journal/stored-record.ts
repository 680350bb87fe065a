import type { Entry, LogId } from '../entry/index.ts';
import type { LocalFacts } from './journal-face.ts';

/** A record as it is read back. */
export interface StoredRecord {
  /** The entry as it came. May be a view into a larger buffer. */
  readonly bytes: Uint8Array;
  readonly log: LogId;
  /** Number of its first message. */
  readonly seq: number;
  readonly count: number;
  readonly position: number;
  readonly facts: LocalFacts;
  /** Decoded, where that was done already. */
  readonly entry?: Entry;
}

/** How much a read returns. */
export interface ReadOptions {
  /** Stops before the records exceed this many bytes, but always returns one. @defaultValue 1 MiB */
  readonly bytesMax?: number;
  /** @defaultValue 4,096 */
  readonly recordsMax?: number;
  /** Leaves out what a power cut could still take. @defaultValue `false` */
  readonly durableOnly?: boolean;
  /** Also what lies at or behind the end of a forked epoch. @defaultValue `false` */
  readonly ended?: boolean;
}

/** Defaults of {@link ReadOptions}. */
export const READ_DEFAULTS = Object.freeze({
  bytesMax: 1_048_576,
  recordsMax: 4_096,
  durableOnly: false,
});
