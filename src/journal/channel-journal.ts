import { type Entry, type EntryId, type EpochId, type LogId, lastSeqOf, splitLogId } from '../entry/index.ts';
import { assert, isSedgeError, type Result, SedgeError } from '../errors/index.ts';
import { CommitLoop } from './commit-loop.ts';
import { findLastKept } from './epoch-end.ts';
import { HeldLogs } from './held-logs.ts';
import type { LocalFacts, Offset, StoredEntry } from './journal-face.ts';
import { journalFailure } from './journal-failure.ts';
import { JOURNAL_DEFAULTS, type JournalDependencies, type JournalOptions } from './journal-options.ts';
import { JournalReader } from './journal-reader.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from './journal-record.ts';
import { JournalRetention, type RetentionContext, type RetentionOutcome } from './journal-retention.ts';
import { formatOffset, type JournalState, resolveOffset, writeJournalState } from './journal-state.ts';
import { LetGo, loadLetGo } from './let-go.ts';
import { PublishFilter } from './publish-filter.ts';
import { findPublish, findPublishesOf, type PublishPlace } from './publish-lookup.ts';
import type { HeldLog } from './range-index.ts';
import { RecordCache } from './record-cache.ts';
import { type RecoveryReport, recoverJournal } from './recovery.ts';
import { RetainedTopics } from './retained-topics.ts';
import { type RetainedValue, retainedValuesOf } from './retained-values.ts';
import { DROP_REASONS, type DropReason, type RetentionLimits } from './retention-plan.ts';
import type { Segment } from './segment.ts';
import { SegmentRepair } from './segment-repair.ts';
import { SegmentStore } from './segment-store.ts';
import type { ReadOptions, StoredRecord } from './stored-record.ts';
import { firstPositionSince } from './time-lookup.ts';

/** Smaller segments would be mostly index. */
const SEGMENT_BYTES_MIN = 16 * 1024;
/** At a stop a segment that is at least this full is sealed, so that the next start need not read it. */
const SEAL_AT_STOP_FRACTION = 0.25;

/**
 * What this node holds of one channel, on disk, in order of arrival. Appends are synchronous, readable at once
 * and durable when {@link ChannelJournal.whenDurable} resolves. Formats and invariants: README.md.
 */
export class ChannelJournal extends HeldLogs {
  readonly channel: string;
  readonly directory: string;
  /** Messages that retention dropped since the start, by reason. */
  readonly dropped: Record<DropReason, number> = {
    age: 0,
    bytes: 0,
    messages: 0,
    storage: 0,
    unreplicated: 0,
  };
  readonly #options: Required<JournalOptions>;
  readonly #deps: JournalDependencies;
  readonly #publishFilter = new PublishFilter();
  readonly #retained = new RetainedTopics();
  readonly #cache: RecordCache;
  readonly #store: SegmentStore;
  readonly #reader: JournalReader;
  readonly #repair: SegmentRepair;
  readonly #retention: JournalRetention;
  #loop: CommitLoop | null = null;
  #state: JournalState | null = null;
  #stateWritten = false;
  #nextPosition = 1;
  #recovery: RecoveryReport | null = null;
  #starting: Promise<RecoveryReport> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: JournalOptions, deps: JournalDependencies) {
    super();
    this.#options = { ...JOURNAL_DEFAULTS, ...options };
    const { segmentBytes, commitIntervalMs } = this.#options;
    assert(segmentBytes > 0 && segmentBytes <= 2 ** 30, 'offsets in a segment take 4 bytes');
    assert(commitIntervalMs >= 0 && commitIntervalMs <= 60_000, 'the commit interval is at most a minute');
    this.#deps = deps;
    this.channel = options.channel;
    this.directory = options.directory;
    this.#cache = new RecordCache(this.#options.cacheBytes);
    this.#store = new SegmentStore({
      ...this.#options,
      ...deps,
      index: this.index,
      publishFilter: this.#publishFilter,
      retained: this.#retained,
    });
    this.#reader = new JournalReader(this.#store, this.#cache, {
      durable: () => this.durablePosition,
      last: () => this.lastPosition,
    });
    this.#repair = new SegmentRepair(
      this.#store,
      () => this.commit(),
      () => this.#cutAllEnded(),
    );
    this.#retention = new JournalRetention(this.#store, {
      cache: this.#cache,
      repair: this.#repair,
      letGo: () => this.letGoBook,
      round: () => this.#running().round(),
      recounted: () => this.#cutAllEnded(),
      durablePosition: () => this.durablePosition,
    });
  }

  /**
   * Recovers what is on disk. Damage and a full disk do not keep it from starting. Throws `journal.version`
   * for a newer format and `journal.io-failed` where the directory cannot be used at all. Idempotent.
   */
  start(): Promise<RecoveryReport> {
    assert(this.#stopping === null, 'a journal is started once');
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Commits, marks the end as clean, and closes all files. Does not throw: where the disk refuses, the next
   * start is an unclean one. Idempotent.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /**
   * Takes an entry up: it has a position, is in the index and readable at once, and is on its way to the disk.
   * The caller has checked that it is valid and not held. Throws `journal.disk-full` or `journal.io-failed`
   * while the disk takes nothing, `journal.backlog-full` and `journal.stopped`.
   */
  append(entry: Entry, facts: LocalFacts): StoredEntry {
    const loop = this.#writableLoop();
    assert(entry.channel === this.channel, 'entries go to the journal of their channel');
    const own = entry.author === this.#options.self;
    const position = this.#nextPosition++;
    const bytes = RECORD_HEADER_BYTES + entry.bytes.length;
    const segment = this.#store.writable(own ? 'own' : 'carried', bytes, position);
    const held = this.index.logOf(entry);
    for (const value of retainedValuesOf(entry, position)) {
      this.#retained.add(value, !segment.rows!.retained.has(value.topic));
    }
    segment.rows!.add(entry, { log: held.number, position, offset: segment.size }, facts);
    this.#store.enqueue(segment, encodeRecordHeader(entry.bytes, position, facts, segment.salt), entry.bytes);
    this.index.add(held, entry, position);
    if (own) this.#addPublishes(segment.rows!, entry);
    const record = {
      bytes: entry.bytes,
      log: held.log,
      seq: entry.seq,
      count: entry.count,
      position,
      facts,
      entry,
    };
    this.#cache.add(record);
    loop.appended(position);
    return record;
  }

  /**
   * Resolves when all up to `position` survives a power cut; one promise a commit. Rejects when an attempt to
   * store it failed (`journal.disk-full`, `journal.io-failed`): it is kept and tried again, so asking again
   * waits for the next attempt.
   */
  whenDurable(position: number): Promise<void> {
    return this.#running().whenDurable(position);
  }

  /** Makes all that was appended durable now. Throws as {@link ChannelJournal.whenDurable}. */
  commit(): Promise<void> {
    return this.#running().commit();
  }

  /**
   * Drops what the limits no longer keep, whole segments, oldest first; see README.md. Does not throw for what the
   * disk refuses. Throws `journal.stopped`.
   */
  async retain(limits: RetentionLimits, context: RetentionContext): Promise<RetentionOutcome> {
    this.#running();
    const outcome = await this.#retention.run(limits, context);
    const { counters, log } = this.#deps;
    for (const reason of DROP_REASONS) {
      const { messages, bytes } = outcome[reason];
      if (messages === 0) continue;
      this.dropped[reason] += messages;
      counters.count(`journal.dropped-${reason}`, messages);
      log[reason === 'unreplicated' ? 'error' : 'info'](
        { channel: this.channel, reason, messages, bytes },
        'messages were dropped',
      );
    }
    return outcome;
  }

  /** Segments that retention could drop now, oldest first. */
  droppable(context: RetentionContext): { readonly ageMs: number; readonly bytes: number }[] {
    return this.#retention.droppable(context);
  }

  /** From now on segments are sealed at this size: 16 KiB to what the options said. */
  set segmentBytes(bytes: number) {
    this.#store.segmentBytes = Math.min(Math.max(bytes, SEGMENT_BYTES_MIN), this.#options.segmentBytes);
  }

  /** Highest position given; 0 if none was ever. */
  get lastPosition(): number {
    return this.#nextPosition - 1;
  }

  /** All up to here survives a power cut. */
  get durablePosition(): number {
    return this.#loop?.durablePosition ?? 0;
  }

  /** Why appends are refused now; `null` while the disk takes them. */
  get fault(): SedgeError | null {
    return this.#loop?.fault ?? null;
  }

  /**
   * How often since the start something held was found damaged and lost. Where it rises, sync cursors of the
   * channel are to be dropped, as after {@link RecoveryReport.heldSetShrank}.
   */
  get shrinks(): number {
    return this.#repair.shrinks;
  }

  /** What the start found; `null` before. */
  get recovery(): RecoveryReport | null {
    return this.#recovery;
  }

  /** Bytes of the files that are damaged: where it differs from an earlier time, something held was lost. */
  get damagedBytes(): number {
    let bytes = 0;
    for (const { sealed, rows } of this.#store.all())
      for (const { from, to } of sealed?.damage ?? rows?.damage ?? []) bytes += to - from;
    return bytes;
  }

  /** The present life of the journal, 16 hexadecimal digits; only after the start. */
  get incarnation(): string {
    return this.#store.incarnation;
  }

  /** Where the journal stands; `null` while it never held anything. */
  currentOffset(): Offset | null {
    if (this.lastPosition === 0) return null;
    return { incarnation: this.#store.incarnation, position: this.lastPosition };
  }

  /** `<incarnation>:<position>` of a position, with the incarnation that gave it. */
  offsetText(position: number): string {
    const incarnations = this.#state?.incarnations ?? [];
    const of = incarnations.findLast(({ first }) => first <= position) ?? incarnations.at(-1);
    return formatOffset({ incarnation: of?.id ?? this.#store.incarnation, position });
  }

  /** Reads `<incarnation>:<position>`; refuses `journal.offset-unknown`. */
  resolveOffset(text: string): Result<{ position: number }> {
    return resolveOffset({ incarnations: this.#state?.incarnations ?? [] }, text, this.lastPosition);
  }

  /** Id of the entry whose last message has the number `lastSeq`; `null` if none is held. */
  async idAt(log: LogId, lastSeq: number): Promise<EntryId | null> {
    const ranges = this.index.get(log)?.numbers.ranges ?? [];
    const edge = ranges.findLast(({ last }) => last === lastSeq);
    if (edge !== undefined) return edge.lastId;
    const record = await this.entryCovering(log, lastSeq);
    return record !== null && lastSeqOf(record) === lastSeq ? this.#entryOf(record).id : null;
  }

  /** The record that holds a number; `null` if none does. */
  async entryCovering(log: LogId, seq: number): Promise<StoredRecord | null> {
    if (this.holds(log, seq, seq) === 'none') return null;
    const records = await this.readLog(log, seq, { throughSeq: seq, recordsMax: 1 });
    return records[0] ?? null;
  }

  /** All records that hold a number from `first` to `last`: what a new entry there is checked against. */
  async overlap(log: LogId, first: number, last: number): Promise<StoredRecord[]> {
    if (this.holds(log, first, last) === 'none') return [];
    return this.readLog(log, first, { throughSeq: last, bytesMax: Number.MAX_SAFE_INTEGER });
  }

  /**
   * Ends a forked epoch at a number: what reaches or passes it counts no more. It stays on disk, is read only with
   * the option `ended`, and is neither held, claimed nor wanted. An end only ever sinks, and is not kept: it is to
   * be set again after a start. In force at once for what is read; resolves when heads and root follow.
   */
  async endLog(log: LogId, seq: number): Promise<void> {
    assert(seq >= 1, 'numbers start at 1');
    const held = this.index.logOf(splitLogId(log));
    if (held.end !== null && held.end <= seq) return;
    held.end = seq;
    await this.#cutAtEnd(held);
  }

  /** Records of a log that reach `fromSeq`, ascending, over holes, until one begins after `throughSeq`. */
  readLog(
    log: LogId,
    fromSeq: number,
    options: ReadOptions & { readonly throughSeq?: number } = {},
  ): Promise<StoredRecord[]> {
    return this.#repair.reading(() => this.#reader.readLog(log, fromSeq, options));
  }

  /** Records at or after a position, in order of arrival. */
  readArrival(
    fromPosition: number,
    options: ReadOptions & { readonly throughPosition?: number } = {},
  ): Promise<StoredRecord[]> {
    return this.#repair.reading(() => this.#reader.readArrival(fromPosition, options));
  }

  /**
   * Lowest position whose entry was received at a time (milliseconds since 1970) or later by this node's clock
   * as it was then; the next position if there is none. Reading on from it leaves out nothing received since.
   */
  positionAtTime(receivedAtMs: number): Promise<number> {
    return this.#repair.reading(async () => {
      const found = await firstPositionSince(this.#store, this.#reader, receivedAtMs);
      return found ?? this.#nextPosition;
    });
  }

  /** False where {@link ChannelJournal.publishedAs} is certain to find nothing; needs no disk. */
  mayHavePublished(producer: string, n: number): boolean {
    return this.#publishFilter.mayHave(producer, n);
  }

  /** Where an own message of a publish id went; `null` if the id was never used. Exact over restarts. */
  async publishedAs(producer: string, n: number): Promise<{ epoch: EpochId; seq: number } | null> {
    if (!this.#publishFilter.mayHave(producer, n)) return null;
    return this.#repair.reading(() => findPublish(this.#store, producer, n));
  }

  /** Highest Lamport time of any entry held. */
  get lamportMax(): number {
    let highest = 0;
    for (const { lamportMax } of this.#store.all()) highest = Math.max(highest, lamportMax);
    return highest;
  }

  /** When the oldest of what is held was received, by this node's clock then; `null` if nothing is held. */
  oldestReceivedAtMs(): number | null {
    let oldest: Segment | null = null;
    for (const segment of this.#store.all()) {
      const before = oldest === null || segment.firstPosition < oldest.firstPosition;
      if (segment.records > 0 && before) oldest = segment;
    }
    return oldest?.receivedMinMs ?? null;
  }

  /** Bytes on disk. Cheap, however many logs there are. */
  get diskBytes(): number {
    let bytes = 0;
    for (const segment of this.#store.all()) bytes += segment.diskBytes;
    return bytes;
  }

  /** Retained values of topics over the limit: they do not survive the drop of their segments. */
  get retainedTopicsTurnedAway(): number {
    return this.#retained.turnedAway;
  }

  /** The last retained value of each topic but those that were cleared, as they are now, by position. */
  retainedValues(): RetainedValue[] {
    return this.#retained.values().sort((a, b) => a.position - b.position || a.seq - b.seq);
  }

  /** Where own messages of a producer went, from a publish number on: at most `max`, the highest, ascending. */
  publishesOf(
    producer: string,
    options: { readonly from: number; readonly max: number },
  ): Promise<PublishPlace[]> {
    if (!this.#publishFilter.mayHaveFrom(producer, options.from)) return Promise.resolve([]);
    return this.#repair.reading(() => findPublishesOf(this.#store, producer, options));
  }

  /** Messages on the disk that came after a position, within a segment. Cheap, however many logs there are. */
  messagesAfter(position: number): number {
    let messages = 0;
    for (const segment of this.#store.all()) messages += segment.messagesAfter(position);
    return messages;
  }

  /** What is held, in numbers. */
  totals(): { logs: number; entries: number; messages: number; bytes: number; segments: number } {
    const totals = { logs: [...this.index.held()].length, entries: 0, messages: 0, bytes: 0, segments: 0 };
    for (const segment of this.#store.all()) {
      totals.entries += segment.records;
      totals.messages += segment.messages;
      totals.bytes += segment.diskBytes;
      totals.segments++;
    }
    return totals;
  }

  async #start(): Promise<RecoveryReport> {
    const { report, state } = await this.#recover();
    this.#recovery = report;
    await this.#loadLetGo();
    this.#state = state;
    this.#nextPosition = state.nextPosition;
    this.#loop = new CommitLoop(
      {
        intervalMs: this.#options.commitIntervalMs,
        backlogMark: this.#options.backlogBytesMax / 2,
        position: this.lastPosition,
      },
      {
        flush: (sync) => this.#flush(sync),
        durable: (position) => this.#cache.evict(position),
        fault: (error) => this.#noteFault(error),
        backlogBytes: () => this.#store.backlogBytes,
      },
    );
    try {
      await this.#writeState();
    } catch (error) {
      // No position may be given before the state is on disk; the loop tries until it is.
      this.#loop.beginWithFault(journalFailure(error, this.directory));
    }
    this.#deps.log.info({ channel: this.channel, ...report }, 'journal started');
    return report;
  }

  async #recover() {
    try {
      return await recoverJournal(this.#store, this.#deps.randomBytes);
    } catch (error) {
      await this.#store.close();
      throw journalFailure(error, this.directory);
    }
  }

  /** What retention let go. A lost or damaged file counts as none; see README.md. */
  async #loadLetGo(): Promise<void> {
    const { disk, counters, log } = this.#deps;
    const loaded = await loadLetGo(disk, this.directory).catch((error: unknown) => {
      if (isSedgeError(error, 'journal.version')) throw error;
      return { letGo: new LetGo(), damaged: true };
    });
    if (loaded.damaged) {
      counters.count('journal.let-go-damaged');
      log.warn({ channel: this.channel }, 'what was let go is not known any more; it may be fetched again');
    }
    this.letGoBook = loaded.letGo;
    for (const { log: id, numbers } of this.index.held()) this.letGoBook.remove(id, numbers.ranges);
  }

  async #stop(): Promise<void> {
    try {
      await this.#starting;
    } catch {
      return;
    }
    const loop = this.#loop;
    if (loop === null) return;
    this.#store.retireFull(SEAL_AT_STOP_FRACTION);
    await loop.stop();
    await this.#repair.close();
    try {
      await this.#store.flush(true);
      if (loop.fault === null) await this.#writeState(true);
    } catch (error) {
      this.#deps.log.error({ channel: this.channel, error: String(error) }, 'journal not stopped cleanly');
    }
    await this.#store.close();
  }

  async #flush(sync: boolean): Promise<void> {
    try {
      if (!this.#stateWritten) await this.#writeState();
    } catch (error) {
      throw journalFailure(error, this.directory);
    }
    await this.#store.flush(sync);
  }

  async #writeState(clean = false): Promise<void> {
    assert(this.#state !== null, 'the state is known after recovery');
    const state = { ...this.#state, clean, nextPosition: this.#nextPosition };
    await writeJournalState(this.#deps.disk, this.directory, state);
    this.#stateWritten = true;
  }

  #noteFault(error: SedgeError | null): void {
    const { log, counters } = this.#deps;
    if (error === null) {
      log.info({ channel: this.channel }, 'the disk takes entries again');
      return;
    }
    counters.count(error.code);
    log.error({ channel: this.channel, code: error.code, ...error.details }, 'the disk takes no entries');
  }

  #writableLoop(): CommitLoop {
    const loop = this.#running();
    const { fault } = loop;
    if (fault !== null) throw new SedgeError(fault.code, fault.details, { cause: fault });
    if (this.#store.backlogBytes >= this.#options.backlogBytesMax) {
      throw new SedgeError('journal.backlog-full', { bytesMax: this.#options.backlogBytesMax });
    }
    return loop;
  }

  /** Takes what reaches the end of a log out of the index. */
  async #cutAtEnd(held: HeldLog): Promise<void> {
    const end = held.end!;
    const { last, lastId } = await this.#repair.reading(() =>
      findLastKept(held, end, {
        readLog: (log, fromSeq, options) => this.#reader.readLog(log, fromSeq, options),
        entryOf: (record) => this.#entryOf(record),
      }),
    );
    // A lower end may have been set meanwhile; its own cut follows.
    if (held.end !== end) return;
    held.numbers.cutAbove(last, lastId);
    this.index.noteChange(held, this.lastPosition);
  }

  /** A repair has counted anew what the segments hold, whether or not it counts. */
  #cutAllEnded(): void {
    for (const held of this.index.all()) {
      // Where reading fails, the next repair or start cuts again; until then more is claimed than served.
      if (held.end !== null) void this.#cutAtEnd(held).catch(() => {});
    }
  }

  #running(): CommitLoop {
    if (this.#loop === null || this.#stopping !== null) {
      throw new SedgeError('journal.stopped', { channel: this.channel });
    }
    return this.#loop;
  }

  #addPublishes(rows: { addPublishes(entry: Entry): void }, entry: Entry): void {
    rows.addPublishes(entry);
    for (const { publishId } of entry.messages ?? []) {
      if (publishId !== undefined) this.#publishFilter.add(publishId.producer, publishId.n);
    }
  }

  #entryOf(record: StoredRecord): Entry {
    if (record.entry !== undefined) return record.entry;
    const decoded = this.#deps.decode(record.bytes);
    assert(decoded.ok, 'an entry that was stored can be decoded');
    return decoded.value;
  }
}
