import type { Entry, EntryId, EpochId, LogId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';

/** Inclusive range of message numbers. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/** How an entry reached this node. */
export type EntrySource = 'own' | 'gossip' | 'sync' | 'import';

/** Facts of this node about an entry, stored beside it and never handed on as truth. */
export interface LocalFacts {
  /** This node's clock at receipt, milliseconds since 1970. */
  readonly receivedAtMs: number;
  /** Age carried with the entry at receipt, milliseconds; serves `ttl` alone. */
  readonly ageMs: number;
  readonly source: EntrySource;
  readonly verifiedBy: 'signature' | 'chain';
}

/** Where in a journal, in order of arrival: never used twice, as an unclean start opens a new incarnation. */
export interface Offset {
  /** 16 hexadecimal digits, random. */
  readonly incarnation: string;
  /** Counts the entries of the channel's journal from 1 over all incarnations. */
  readonly position: number;
}

/** An entry as the journal holds it. */
export interface StoredEntry {
  readonly entry: Entry;
  readonly position: number;
  readonly facts: LocalFacts;
}

/** What a node holds of one log. */
export interface Head {
  readonly log: LogId;
  readonly author: NodeId;
  readonly epoch: EpochId;
  /** Highest number held. */
  readonly last: number;
  /** Id of the entry that holds `last`. */
  readonly lastId: EntryId;
  /** Numbers below `last` that are not held, ascending, with the id of the entry after each. */
  readonly holes: readonly (SeqRange & { readonly nextId: EntryId })[];
}
