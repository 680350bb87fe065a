import { cborUint, toHex } from '../bytes/index.ts';
import { isSedgeError, type Log } from '../errors/index.ts';
import { type ChannelJournal, CursorFile, type Disk, formatOffset, type Offset } from '../journal/index.ts';
import {
  type CursorKey,
  type CursorRow,
  decodeRow,
  encodeRow,
  keyOf,
  type Mark,
  readOffsetText,
  textOf,
} from './cursor-row.ts';

import type { PeerStand } from './sync-events.ts';

export type { CursorKey } from './cursor-row.ts';

/** What {@link CursorBook} works with. */
export interface CursorBookDependencies {
  /** Carried channels with their journals. */
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** A comparison that left nothing to fetch. */
export interface Comparison {
  /** The peer's offset: all its heads up to there were compared. */
  readonly offset: Offset | null;
  /** Roots of both sides, between which nothing is left to fetch. */
  readonly ownRoot: string;
  readonly peerRoot: string;
  /** Something was not taken because of what the realm says of its author: that may change. */
  readonly byRealm: boolean;
  /** All heads were compared, not only those that changed since a cursor. */
  readonly full: boolean;
}

/** How far the signatures of a channel's entries were checked, and which were bad. */
export interface AuditProgress {
  readonly through: number;
  readonly bad: readonly number[];
}

interface AuditRow {
  readonly offset: string;
  readonly bad: readonly number[];
  saved: boolean;
}

/** Cursors kept; the one used longest ago goes. */
const ROWS_MAX = 1_024;
/** Roots that still differ are compared in full so often, in case a store came back from a backup. */
const FULL_AFTER_MS = 24 * 3_600_000;
/** A later full comparison alone is written this often. */
const SAVE_FULL_MS = 3_600_000;
/** The file is written anew above this. */
const FILE_BYTES_MAX = 1_048_576;
/** First item of a row about signatures; rows about peers begin with a key. */
const AUDIT = 'audit';
const FILE_NAME = 'sync-cursors';

/**
 * What this node remembers of its peers over reconnects and restarts: up to which offset of a peer's channel it
 * compared all heads, and the pair of roots between which nothing was left. A row counts only while this node's
 * journal still holds what it covers; it is written only once that is durable. Losing the book costs bytes.
 */
export class CursorBook {
  readonly #deps: CursorBookDependencies;
  readonly #file: CursorFile;
  readonly #rows = new Map<string, CursorRow>();
  readonly #audits = new Map<string, AuditRow>();
  #loaded = false;

  constructor(place: { readonly disk: Disk; readonly directory: string }, deps: CursorBookDependencies) {
    this.#deps = deps;
    this.#file = new CursorFile(place.disk, { directory: place.directory, name: FILE_NAME });
  }

  /**
   * Reads the book, and empties the file until the next {@link CursorBook.save}: what a start finds lost is
   * known to that start alone, so no row may outlive a crash in it. Call before any journal starts. Does not
   * throw: without a book all is compared anew.
   */
  async load(): Promise<void> {
    try {
      for (const value of await this.#file.load()) this.#read(value);
      await this.#file.rewrite([]);
      this.#loaded = true;
    } catch (error) {
      this.#rows.clear();
      this.#noteFailure(error);
    }
  }

  /**
   * The offset of the peer since which its heads are to be compared; `null` for all. A peer that got nothing since
   * and has another root all the same lost something, or is a copy of the store that was met before.
   */
  cursor(key: CursorKey, stands: PeerStand = { offset: null, root: null }): Offset | null {
    const row = this.#rowOf(key);
    if (row === null || isChangedInPlace(row, stands)) return null;
    const ageMs = this.#deps.nowMs() - row.fullAtMs;
    if (ageMs < 0 || ageMs > FULL_AFTER_MS) return null;
    const mark = this.#counts(row.latest) ? row.latest : row.whole;
    return mark?.offset ?? null;
  }

  /** True if nothing was left to fetch between these roots. */
  isSettled(key: CursorKey, ownRoot: string, peerRoot: string): boolean {
    const row = this.#rowOf(key);
    return row !== null && row.pair === pairOf(ownRoot, peerRoot) && this.#counts(row.latest);
  }

  /** Notes a comparison that left nothing to fetch. */
  note(key: CursorKey, comparison: Comparison): void {
    const journal = this.#deps.journals.get(key.channel);
    if (journal === undefined) return;
    const { offset, ownRoot, peerRoot, byRealm, full } = comparison;
    const before = this.#rowOf(key);
    const nowMs = this.#deps.nowMs();
    const mark: Mark = { offset, realmRoot: byRealm ? this.#realmRoot() : null };
    const fullAtMs = full || before === null ? nowMs : before.fullAtMs;
    const text = textOf(key);
    this.#rows.delete(text);
    if (before !== null && isSameMark(before.latest, mark) && before.pair === pairOf(ownRoot, peerRoot)) {
      const saved = before.saved && Math.abs(fullAtMs - before.savedFullAtMs) < SAVE_FULL_MS;
      this.#rows.set(text, { ...before, fullAtMs, saved });
      return;
    }
    const row: CursorRow = {
      whole: byRealm ? (before?.whole ?? null) : mark,
      latest: mark,
      pair: pairOf(ownRoot, peerRoot),
      ownOffset: journal.currentOffset(),
      damagedBytes: journal.damagedBytes,
      shrinks: journal.shrinks,
      fullAtMs,
      savedFullAtMs: 0,
      saved: false,
    };
    this.#rows.set(text, row);
    if (this.#rows.size > ROWS_MAX) this.#rows.delete(this.#rows.keys().next().value!);
  }

  /** How far an earlier process checked a channel's signatures; `null` where the journal does not know of it. */
  audited(channel: string): AuditProgress | null {
    const row = this.#audits.get(channel);
    const resolved = row === undefined ? null : this.#deps.journals.get(channel)?.resolveOffset(row.offset);
    return resolved?.ok === true ? { through: resolved.value.position, bad: row!.bad } : null;
  }

  /** Notes how far signatures were checked, for the next process. */
  noteAudit(channel: string, { through, bad }: AuditProgress): void {
    const journal = this.#deps.journals.get(channel);
    if (journal === undefined || through > journal.durablePosition) return;
    const offset = journal.offsetText(through);
    if (this.#audits.get(channel)?.offset !== offset)
      this.#audits.set(channel, { offset, bad, saved: false });
  }

  /** Who belongs to the realm changed: what was not taken because of that may be taken now. */
  forgetByRealm(): void {
    for (const [text, row] of [...this.#rows]) {
      if (row.latest.realmRoot === null) continue;
      if (row.whole === null) this.#rows.delete(text);
      else this.#rows.set(text, { ...row, latest: row.whole, pair: '', saved: false });
    }
  }

  /** Writes what changed and covers only what is durable here. Does not throw. */
  async save(): Promise<void> {
    if (!this.#loaded) return;
    const changed = this.#savable((row) => !row.saved);
    const audits = [...this.#audits].filter(([, row]) => !row.saved);
    if (changed.length + audits.length === 0) return;
    for (const [, row] of audits) row.saved = true;
    for (const [, row] of changed) {
      row.saved = true;
      row.savedFullAtMs = row.fullAtMs;
    }
    try {
      if (this.#file.sizeBytes > FILE_BYTES_MAX) {
        await this.#file.rewrite([
          ...this.#savable(() => true).map(([text, row]) => encodeRow(text, row)),
          ...[...this.#audits].map(encodeAudit),
        ]);
      } else {
        const values = [...changed.map(([text, row]) => encodeRow(text, row)), ...audits.map(encodeAudit)];
        await Promise.all(values.map((value) => this.#file.append(value)));
      }
    } catch (error) {
      for (const [, row] of [...changed, ...audits]) row.saved = false;
      this.#noteFailure(error);
    }
  }

  /** Makes durable what the rows cover, saves them and closes the file. Call while the journals are open. */
  async close(): Promise<void> {
    const commits = [...this.#deps.journals.values()].map(async (journal) => journal.commit());
    await Promise.allSettled(commits);
    await this.save();
    await this.#file.close().catch(() => {});
  }

  /** The row, if what it covers is still held; else it goes. */
  #rowOf(key: CursorKey): CursorRow | null {
    const row = this.#rows.get(textOf(key));
    const journal = this.#deps.journals.get(key.channel);
    if (row === undefined || journal === undefined) return null;
    const lost =
      row.damagedBytes !== journal.damagedBytes ||
      (row.shrinks === null ? isUnheld(journal, row) : row.shrinks !== journal.shrinks);
    if (lost) {
      this.#rows.delete(textOf(key));
      return null;
    }
    row.shrinks ??= journal.shrinks;
    return row;
  }

  #counts(mark: Mark): boolean {
    return mark.realmRoot === null || mark.realmRoot === this.#realmRoot();
  }

  #realmRoot(): string {
    const realm = this.#deps.journals.get('$realm');
    return realm === undefined ? '' : toHex(realm.root());
  }

  /** Those of the chosen rows of which all that they cover is held and durable. */
  #savable(isChosen: (row: CursorRow) => boolean): [text: string, row: CursorRow][] {
    const texts = [...this.#rows].flatMap(([text, row]) => (isChosen(row) ? [text] : []));
    return texts.flatMap((text): [string, CursorRow][] => {
      const key = keyOf(text);
      const row = this.#rowOf(key);
      const journal = this.#deps.journals.get(key.channel);
      const durable = (journal?.durablePosition ?? 0) >= (row?.ownOffset?.position ?? 0);
      return row !== null && durable ? [[text, row]] : [];
    });
  }

  #read(value: unknown): void {
    const read = decodeRow(value);
    if (read === null) {
      this.#readAudit(value);
      return;
    }
    this.#rows.delete(read.text);
    this.#rows.set(read.text, read.row);
    if (this.#rows.size > ROWS_MAX) this.#rows.delete(this.#rows.keys().next().value!);
  }

  #readAudit(value: unknown): void {
    if (!Array.isArray(value)) return;
    const [kind, channel, offset, bad] = value as unknown[];
    if (kind !== AUDIT || typeof channel !== 'string' || !Array.isArray(bad)) return;
    if (readOffsetText(offset) === null || !bad.every(Number.isSafeInteger)) return;
    this.#audits.set(channel, { offset: offset as string, bad: bad as number[], saved: false });
  }

  #noteFailure(error: unknown): void {
    if (!isSedgeError(error)) throw error;
    this.#deps.log.warn({ code: error.code }, 'sync cursors are not kept');
  }
}

/** A row of an earlier process: what it covers may have been lost by how that process ended. */
function isUnheld(journal: ChannelJournal, row: CursorRow): boolean {
  if (journal.recovery?.heldSetShrank !== false) return true;
  return row.ownOffset !== null && !journal.resolveOffset(formatOffset(row.ownOffset)).ok;
}

function encodeAudit([channel, { offset, bad }]: [string, AuditRow]): unknown[] {
  return [AUDIT, channel, offset, bad.map(cborUint)];
}

function isSameMark(a: Mark, b: Mark): boolean {
  return (
    a.offset?.incarnation === b.offset?.incarnation &&
    a.offset?.position === b.offset?.position &&
    a.realmRoot === b.realmRoot
  );
}

function isChangedInPlace({ latest, pair }: CursorRow, { offset, root }: PeerStand): boolean {
  const { incarnation, position } = latest.offset ?? {};
  const isThere = offset !== null && offset.incarnation === incarnation && offset.position === position;
  return isThere && root !== null && pair !== '' && !pair.endsWith(root);
}

function pairOf(ownRoot: string, peerRoot: string): string {
  return ownRoot + peerRoot;
}
