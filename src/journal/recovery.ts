import { Buffer } from 'node:buffer';
import { isSedgeError } from '../errors/index.ts';
import { DAMAGED_ENDING } from './damaged-copy.ts';
import type { Disk } from './disk.ts';
import { type Incarnation, type JournalState, openIncarnation, readJournalState } from './journal-state.ts';
import { Segment } from './segment.ts';
import { decodeSegmentHeader, parseSegmentFileName, type SegmentHeader } from './segment-header.ts';
import type { SegmentName } from './segment-rows.ts';
import type { SegmentStore } from './segment-store.ts';
import { NEW_FILE_ENDING } from './whole-file.ts';

/** Enough for any header. */
const HEADER_READ_BYTES = 512;

/** What a start found. */
export interface RecoveryReport {
  /** Records held. */
  readonly records: number;
  /** Bytes cut from the end of files: writes that a crash interrupted. */
  readonly cutBytes: number;
  /** Segments in which damage was found. */
  readonly quarantinedSegments: number;
  /** Segments that were read through, as their index was missing or they were still written to. */
  readonly scannedSegments: number;
  /** The journal was stopped in order; offsets go on in the same incarnation. */
  readonly clean: boolean;
  /** Something that was held may be gone: sync cursors of the channel are to be dropped. */
  readonly heldSetShrank: boolean;
  readonly incarnation: string;
  readonly durationMs: number;
}

/** What is counted up during recovery. */
interface Findings {
  cutBytes: number;
  quarantinedSegments: number;
  scannedSegments: number;
  lost: boolean;
}

/**
 * Brings the segments of a directory in order and opens an incarnation. The state that it returns must be on
 * disk before a position is given.
 */
export async function recoverJournal(
  store: SegmentStore,
  randomBytes: (n: number) => Uint8Array,
): Promise<{ report: RecoveryReport; state: JournalState }> {
  const startedAt = performance.now();
  const { disk, directory } = store.context;
  await disk.makeDirectory(directory);
  const names = await disk.list(directory);
  for (const name of names) if (name.endsWith(NEW_FILE_ENDING)) await disk.remove(`${directory}/${name}`);
  const known = await readJournalState(disk, directory).catch(unlessNewer);
  const findings: Findings = { cutBytes: 0, quarantinedSegments: 0, scannedSegments: 0, lost: false };
  await new SegmentRecovery(store, known, randomBytes).run(names, findings);
  const found = Math.max(0, ...[...store.all()].map(({ lastPosition }) => lastPosition));
  const { state, clean } = nextState(store, { known, found, randomBytes });
  const records = [...store.all()].reduce((sum, segment) => sum + segment.records, 0);
  const { cutBytes, quarantinedSegments, scannedSegments, lost } = findings;
  const report: RecoveryReport = {
    records,
    cutBytes,
    quarantinedSegments,
    scannedSegments,
    clean,
    heldSetShrank: lost || cutBytes > 0 || (known?.clean === true && !clean),
    incarnation: store.incarnation,
    durationMs: performance.now() - startedAt,
  };
  return { report, state };
}

/** A state that cannot be read is as good as none, but a newer version's must not be overwritten. */
function unlessNewer(error: unknown): null {
  if (isSedgeError(error, 'journal.version')) throw error;
  return null;
}

function nextState(
  store: SegmentStore,
  facts: { known: JournalState | null; found: number; randomBytes: (n: number) => Uint8Array },
): { state: JournalState; clean: boolean } {
  const { known, found } = facts;
  const incarnations: readonly Incarnation[] = known?.incarnations ?? [];
  const given = Math.max(0, (known?.nextPosition ?? 1) - 1, ...incarnations.map(({ last }) => last));
  const nextPosition = Math.max(found, given) + 1;
  const before: JournalState = { salt: store.salt, clean: false, nextPosition, incarnations };
  const clean = known?.clean === true && known.nextPosition === nextPosition;
  const state = clean ? before : { ...openIncarnation(before, facts.randomBytes), clean: false };
  store.incarnation = state.incarnations.at(-1)!.id;
  return { state, clean };
}

/** Goes through the segment files of a directory. */
class SegmentRecovery {
  readonly #store: SegmentStore;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #known: JournalState | null;
  readonly #randomBytes: (n: number) => Uint8Array;

  constructor(store: SegmentStore, known: JournalState | null, randomBytes: (n: number) => Uint8Array) {
    this.#store = store;
    this.#disk = store.context.disk;
    this.#directory = store.context.directory;
    this.#known = known;
    this.#randomBytes = randomBytes;
  }

  async run(names: readonly string[], findings: Findings): Promise<void> {
    const segments = new Map<string, SegmentName>();
    for (const name of [...names].sort()) {
      const parsed = parseSegmentFileName(name);
      if (parsed?.what === 'segment') segments.set(name, parsed);
    }
    await this.#findSalt([...segments.keys()]);
    const all = [...segments.values()];
    for (const [at, name] of all.entries()) {
      const last = all[at + 1]?.kind !== name.kind;
      if (await this.#isJoined(name)) continue;
      await this.#take(name, { last, findings });
    }
    for (const name of names) {
      if (!name.endsWith('.index') || segments.has(name.replace(/index$/, 'segment'))) continue;
      findings.lost = true;
      await this.#disk.remove(`${this.#directory}/${name}`);
    }
  }

  /**
   * Positions rise from file to file, except where retention joined what survives of a segment to the one before
   * and a crash came before its file was removed.
   */
  async #isJoined(name: SegmentName): Promise<boolean> {
    const before = this.#store.segments[name.kind].at(-1);
    if (before === undefined || name.firstPosition > before.lastPosition) return false;
    await this.#discard(new Segment(this.#directory, name, this.#store.salt));
    return true;
  }

  /** The store's secret from the state, else from a segment, else a new one. */
  async #findSalt(files: readonly string[]): Promise<void> {
    let salt = this.#known?.salt;
    for (const file of files) {
      if (salt !== undefined) break;
      salt = (await this.#headerOf(`${this.#directory}/${file}`))?.salt;
    }
    this.#store.salt = salt ?? Buffer.from(this.#randomBytes(4)).readUInt32BE(0);
  }

  async #take(name: SegmentName, how: { last: boolean; findings: Findings }): Promise<void> {
    const segment = new Segment(this.#directory, name, this.#store.salt);
    const header = await this.#headerOf(segment.path);
    if (header !== null && header.channel !== this.#store.context.channel) {
      await this.#setAside(segment, how.findings);
      return;
    }
    segment.adopt(await this.#sizeOf(segment.path));
    if (header !== null) segment.salt = header.salt;
    const index = await this.#store.readIndex(segment);
    const fits =
      index !== null && index.header.salt === segment.salt && index.header.coveredBytes === segment.size;
    if (fits && (await this.#store.loadIndex(segment, index))) {
      for (const { key, numbers, lastPosition } of index.summary.logs) {
        const { index: ranges } = this.#store.context;
        ranges.merge(ranges.logOfKey(key), numbers, lastPosition);
      }
      this.#store.context.publishFilter.addRuns(index.summary.publishes);
      this.#store.context.retained.addSegment(index.summary.retained?.all() ?? []);
      this.#store.segments[segment.kind].push(segment);
      return;
    }
    await this.#scan(segment, { ...how, headerWhole: header !== null });
  }

  async #scan(
    segment: Segment,
    how: { last: boolean; findings: Findings; headerWhole: boolean },
  ): Promise<void> {
    const { findings } = how;
    findings.scannedSegments++;
    const { rows, tail, unreadable } = await this.#store.rebuild(segment);
    // After a stop in order no write was under way: what is damaged then was whole once.
    const mayBeTorn = how.last && !unreadable && this.#known?.clean !== true;
    if (rows.count === 0) {
      if (mayBeTorn) findings.cutBytes += segment.size;
      await (mayBeTorn ? this.#discard(segment) : this.#setAside(segment, findings));
      return;
    }
    if (tail !== null && mayBeTorn) {
      findings.cutBytes += tail.to - tail.from;
      await this.#cut(segment, tail.from);
    } else if (tail !== null) {
      rows.damage.push(tail);
    }
    segment.rows = rows;
    segment.unreadable = unreadable;
    if (rows.damage.length > 0 || unreadable) {
      findings.quarantinedSegments++;
      findings.lost = true;
      await this.#store.quarantine(segment, rows.damage);
    }
    this.#takeRows(segment);
    const whole = rows.damage.length === 0 && !unreadable && how.headerWhole;
    if (how.last && whole && segment.size < this.#store.segmentBytes) {
      segment.file = await this.#disk.open(segment.path, { create: false });
      this.#store.resume(segment);
    } else {
      await this.#sealIfPossible(segment);
    }
  }

  #takeRows(segment: Segment): void {
    const { index, publishFilter, retained } = this.#store.context;
    retained.addSegment(segment.rows!.retained.all());
    for (const [log, of] of segment.rows!.byLog) {
      index.merge(index.byNumber(log), of.numbers, of.lastPosition);
    }
    publishFilter.addRuns(segment.rows!.publishes);
    this.#store.segments[segment.kind].push(segment);
  }

  async #sealIfPossible(segment: Segment): Promise<void> {
    try {
      await this.#store.seal(segment);
    } catch (error) {
      // A full disk: the rows stay in memory, and the commit loop tries again.
      this.#store.context.log.warn({ file: segment.indexPath, error: String(error) }, 'index not written');
    }
  }

  async #cut(segment: Segment, size: number): Promise<void> {
    const file = await this.#disk.open(segment.path, { create: false });
    try {
      await file.truncate(size);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#store.files.forget(segment.path);
    segment.adopt(size);
  }

  async #discard(segment: Segment): Promise<void> {
    await this.#store.files.forget(segment.path);
    await this.#disk.remove(segment.indexPath);
    await this.#disk.remove(segment.path);
  }

  async #setAside(segment: Segment, findings: Findings): Promise<void> {
    findings.quarantinedSegments++;
    findings.lost = true;
    this.#store.context.counters.count('journal.segment-corrupt');
    await this.#store.files.forget(segment.path);
    try {
      await this.#disk.rename(segment.path, segment.path + DAMAGED_ENDING);
      await this.#disk.remove(segment.indexPath);
    } catch (error) {
      // It stays where it is and is met again at the next start.
      this.#store.context.log.warn({ file: segment.path, error: String(error) }, 'segment not set aside');
    }
  }

  async #headerOf(path: string): Promise<SegmentHeader | null> {
    const bytes = Buffer.alloc(HEADER_READ_BYTES);
    let filled = 0;
    try {
      filled = await this.#store.files.read(path, bytes, 0);
    } catch {
      return null;
    }
    return decodeSegmentHeader(bytes.subarray(0, filled), path);
  }

  async #sizeOf(path: string): Promise<number> {
    const file = await this.#disk.open(path, { create: false });
    try {
      return await file.size();
    } finally {
      await file.close();
    }
  }
}
