import { type Entry, type LogId, lastSeqOf, logIdOf, type Message, splitLogId } from '../entry/index.ts';
import { assert } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, SeqRange, StoredEntry, StoredRecord } from '../journal/index.ts';
import { subtractRanges } from '../sync/index.ts';
import type { TopicFilter } from '../topic/index.ts';
import { ArrivalReader } from './arrival-reader.ts';
import type { DeliveredGap, DeliveredMessage, Delivery } from './delivery.ts';
import { DeliveryQueue, type QueuedDelivery } from './delivery-queue.ts';
import type { DurableProgress } from './durable-progress.ts';
import { LogReader } from './log-reader.ts';
import { messageOffsetText } from './message-offset.ts';
import {
  type HadSoFar,
  isRepublished,
  lacksOriginal,
  NEW_MESSAGE,
  type Originals,
  readOriginals,
  recognize,
} from './republished-check.ts';
import { planStart, type StartPlan } from './start-plan.ts';
import type { SubscribeFrom } from './subscribe-options.ts';
import type { AcceptTopic, SelectiveSubscription, Subscription } from './subscription.ts';

/** A subscription's resolved options. */
export interface SubscriptionSpec {
  readonly filters: readonly TopicFilter[];
  /** What of that is wanted; absent for all. */
  readonly accept?: AcceptTopic;
  readonly from: SubscribeFrom;
  readonly order: 'author' | 'arrival';
  readonly gapPatienceMs: number;
  readonly bufferMessages: number;
}

/** What a subscription works with. */
export interface SubscriptionDependencies {
  readonly self: NodeId;
  /** The channels that the filters can match in. */
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  /** `null` where nothing is kept. */
  readonly durable: DurableProgress | null;
  readonly decode: (record: StoredRecord) => Entry | null;
  readonly nameOf: (node: NodeId) => string;
  readonly isSupplied: (channel: string, log: LogId, range: SeqRange) => boolean;
  /** True for an entry past its lifetime: it is not delivered. */
  readonly isExpired: (entry: Entry, facts: StoredEntry['facts']) => boolean;
  /** Age of a held entry, milliseconds. */
  readonly ageMs: (facts: StoredEntry['facts']) => number;
  readonly nowMs: () => number;
  readonly onDelivered: (batch: readonly Delivery[]) => void;
  readonly onClosed: () => void;
}

/** Numbers that are not held, and why. */
interface GoneRange extends SeqRange {
  readonly reason: DeliveredGap['reason'];
}

/** Read from a log in one go. */
const READ_BYTES = 262_144;
const READ_RECORDS_MAX = 256;
const NO_ORIGINALS: Originals = new Map();
/** Topics whose match is remembered. */
const TOPICS_MAX = 4_096;

/**
 * A subscription that reads the journals. Live entries are queued straight from memory while the reader keeps
 * up and the log has no hole; whatever does not fit that path is read from the journal later, so memory stays
 * bounded and the author's order is kept.
 */
export class JournalSubscription implements Subscription, SelectiveSubscription {
  readonly #spec: SubscriptionSpec;
  readonly #deps: SubscriptionDependencies;
  readonly #queue = new DeliveryQueue();
  readonly #readers = new Map<string, LogReader>();
  readonly #arrival = new Map<string, ArrivalReader>();
  readonly #matches = new Map<string, boolean>();
  /** By log: what had been let go before this subscription began. It is not told of that. */
  readonly #letGoBefore = new Map<string, readonly SeqRange[]>();
  readonly #ready: Promise<void>;
  #minPositions: ReadonlyMap<string, number> = new Map();
  #taken: ReadonlyMap<string, number> = new Map();
  #handedOut: QueuedDelivery[] = [];
  #wakes: (() => void)[] = [];
  #pumping: Promise<void> | null = null;
  #pumpAgain = false;
  #turn = 0;
  readonly #waitsForDisk = new Set<ChannelJournal>();
  #started = false;
  #closing: Promise<void> | null = null;
  #failure: unknown = null;
  #patienceTimer: NodeJS.Timeout | null = null;

  constructor(spec: SubscriptionSpec, deps: SubscriptionDependencies) {
    this.#spec = spec;
    this.#deps = deps;
    // What is there now must be fixed at once: the next entry may arrive before the first await returns.
    const plan = planStart(spec.from, deps.journals);
    this.#ready = this.#start(plan).catch((error: unknown) => this.#fail(error));
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery, undefined> {
    return {
      next: () => this.next(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  async next(): Promise<IteratorResult<Delivery, undefined>> {
    const [delivery] = await this.nextBatch(1);
    return delivery === undefined ? { done: true, value: undefined } : { done: false, value: delivery };
  }

  async nextBatch(max: number): Promise<readonly Delivery[]> {
    await this.#ready;
    await this.acknowledge();
    return this.take(max);
  }

  async ready(): Promise<void> {
    await this.#ready;
    if (this.#failure !== null) throw this.#failure;
  }

  async take(max: number): Promise<readonly Delivery[]> {
    assert(max >= 1, 'a batch holds at least one delivery');
    await this.#ready;
    const batch: Delivery[] = [];
    while (batch.length === 0) {
      while (this.#queue.size === 0 && !this.#closed) {
        await new Promise<void>((resolve) => {
          this.#wakes.push(resolve);
          this.#pump();
        });
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#closed) return [];
      this.#takeQueued(batch, max);
    }
    this.#deps.onDelivered(batch);
    if (this.#queue.size < this.#spec.bufferMessages / 2) this.#pump();
    return batch;
  }

  async acknowledge(
    deliveries = Number.POSITIVE_INFINITY,
    options: { readonly sync?: boolean } = {},
  ): Promise<void> {
    if (this.#closed) return;
    const readers = new Set<LogReader>();
    for (const { reader, last, late, mark } of this.#takeHandedOut(deliveries)) {
      if (reader === null) continue;
      reader.acknowledge(last, late);
      readers.add(reader);
      if (mark === null) continue;
      mark.reader.marks.acknowledge(mark.mark);
      readers.add(mark.reader);
    }
    // Also with nothing new: what an earlier call is writing, or could not write, must be durable before the next.
    await this.#deps.durable?.save(readers, options);
  }

  /** So many of the oldest, and what was passed over behind them. */
  #takeHandedOut(deliveries: number): QueuedDelivery[] {
    let left = deliveries;
    const end = this.#handedOut.findIndex(({ delivery }) => delivery !== null && --left < 0);
    return this.#handedOut.splice(0, end === -1 ? this.#handedOut.length : end);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#patienceTimer !== null) clearTimeout(this.#patienceTimer);
    this.#wake();
    await this.#ready;
    // The journals may be closed as soon as this is done.
    await this.#pumping;
    await this.#deps.durable?.close();
    this.#deps.onClosed();
  }

  get #closed(): boolean {
    return this.#closing !== null;
  }

  /** Hears of an entry that was stored in one of the journals. */
  onStored(stored: StoredEntry): void {
    // What arrives before the start is found in the journals by it.
    if (this.#closed || !this.#started || !this.#deps.journals.has(stored.entry.channel)) return;
    if (this.#spec.order === 'arrival') this.#onArrival(stored);
    else this.#onStoredInLog(stored);
  }

  /** Retention dropped something in the journals. */
  onLetGo(): void {
    if (this.#closed || !this.#started || this.#spec.order !== 'author') return;
    for (const reader of this.#readers.values()) {
      const journal = this.#deps.journals.get(reader.channel);
      if (journal !== undefined && this.#letGoFrom(reader, journal).length > 0) reader.behind = true;
    }
    this.#pump();
  }

  /** The epoch of a log ended in a fork. */
  onEnd(channel: string, log: LogId, end: number): void {
    this.#arrival.get(channel)?.noteEnd(log, end);
  }

  // ---- start -------------------------------------------------------------------------------------------------

  async #start(plan: StartPlan): Promise<void> {
    const kept = (await this.#deps.durable?.load()) ?? null;
    if (kept !== null) {
      for (const progress of kept.logs) this.#addReader(new LogReader(progress));
    } else {
      const start = await plan.resolve({
        matches: (topic) => this.#matchesTopic(topic),
        decode: this.#deps.decode,
      });
      this.#minPositions = start.minPositions;
      this.#taken = start.taken;
      if (this.#spec.order === 'arrival') {
        for (const [channel, next] of start.arrivalNext)
          this.#arrival.set(channel, new ArrivalReader(next, true));
      } else {
        for (const progress of start.logs) this.#addReader(new LogReader(progress));
      }
      for (const stored of start.lastValues) this.#queueLastValue(stored.record, stored.entry, stored.index);
      await this.#deps.durable?.create([...this.#readers.values()].map((reader) => reader.progress()));
    }
    this.#started = true;
    // Either the logs are read or the order of arrival: both would deliver everything twice.
    if (this.#spec.order === 'author') {
      // Who begins now gets what is held; who goes on is told of what went meanwhile.
      if (kept === null) this.#noteLetGoBefore();
      this.#markAllBehind();
    }
    this.#pump();
  }

  /** Every log of the journals may hold something; logs that are new to this subscription start at 1. */
  #markAllBehind(): void {
    for (const [channel, journal] of this.#deps.journals) {
      for (const log of journal.logs()) this.#reader(channel, log).behind = true;
      for (const log of journal.logsLetGo()) this.#reader(channel, log).behind = true;
    }
  }

  #noteLetGoBefore(): void {
    for (const [channel, journal] of this.#deps.journals) {
      for (const log of journal.logsLetGo()) {
        this.#letGoBefore.set(keyOf({ channel, log }), journal.letGo(log));
      }
    }
  }

  #queueLastValue(record: StoredRecord, entry: Entry, index: number): void {
    if (this.#deps.isExpired(entry, record.facts)) return;
    const journal = this.#deps.journals.get(entry.channel);
    assert(journal !== undefined, 'last values come from the journals that were scanned');
    this.#queue.push({
      delivery: this.#deliveryOf({ entry, facts: record.facts }, index, journal.offsetText(record.position)),
      reader: null,
      last: entry.seq + index,
      late: false,
      mark: null,
    });
  }

  // ---- live --------------------------------------------------------------------------------------------------

  #onStoredInLog(stored: StoredEntry): void {
    const { entry } = stored;
    const reader = this.#reader(entry.channel, logIdOf(entry));
    const last = lastSeqOf(entry);
    // What was published again is compared with what lies on disk.
    const again = isRepublished(entry);
    const inStep = !again && !reader.behind && entry.seq <= reader.next && last >= reader.next;
    if (inStep && this.#queue.size < this.#spec.bufferMessages) {
      this.#queueEntry(reader, stored);
      this.#wake();
    } else if (last >= reader.next) {
      reader.behind = true;
      this.#pump();
    } else if (reader.passedOf([{ first: entry.seq, last }]).length > 0) {
      reader.lateBehind = true;
      this.#pump();
    }
  }

  #onArrival(stored: StoredEntry): void {
    const { channel } = stored.entry;
    const arrival = this.#arrival.get(channel) ?? new ArrivalReader(stored.position, false);
    this.#arrival.set(channel, arrival);
    const inStep = !isRepublished(stored.entry) && !arrival.behind && stored.position === arrival.next;
    if (inStep && this.#queue.size < this.#spec.bufferMessages) {
      this.#queueMessages(stored, null);
      arrival.next = stored.position + 1;
      this.#wake();
    } else {
      arrival.behind = true;
      this.#pump();
    }
  }

  #queueEntry(reader: LogReader, stored: StoredEntry, originals?: Originals): void {
    const last = lastSeqOf(stored.entry);
    this.#queueMessages(stored, reader, {
      of: [{ first: reader.next, last }],
      ...(originals && { originals }),
    });
    reader.next = last + 1;
    reader.blockedSinceMs = null;
  }

  /** Queues what the filters want of an entry's messages, or of some of its numbers. */
  #queueMessages(
    { entry, position, facts }: StoredEntry,
    reader: LogReader | null,
    options: {
      readonly of?: readonly SeqRange[];
      readonly late?: boolean;
      readonly originals?: Originals;
    } = {},
  ): void {
    const {
      of = [{ first: entry.seq, last: lastSeqOf(entry) }],
      late = false,
      originals = NO_ORIGINALS,
    } = options;
    const minPosition = this.#minPositions.get(entry.channel) ?? 0;
    if (entry.messages === null || position < minPosition) return;
    const taken = position === minPosition ? (this.#taken.get(entry.channel) ?? 0) : 0;
    if (this.#deps.isExpired(entry, facts)) return;
    const journal = this.#deps.journals.get(entry.channel);
    assert(journal !== undefined, 'entries come from the journals of this subscription');
    const had = this.#hadSoFar(entry.channel);
    const plain = !isRepublished(entry) && (had.marksOf(logIdOf(entry))?.size ?? 0) === 0;
    let offset: string | null = null;
    for (const { first, last } of of) {
      for (let seq = first; seq <= last; seq++) {
        const index = seq - entry.seq;
        if (index < taken || !this.#wants(entry.messages[index]!.topic, entry.channel, position)) continue;
        offset ??= journal.offsetText(position);
        const { repeated, mark } = plain ? NEW_MESSAGE : recognize(entry, index, originals, had);
        const noted =
          mark === null || reader === null
            ? null
            : { ...mark, reader: this.#reader(entry.channel, mark.log) };
        reader?.queued(seq, late);
        const delivery = repeated ? null : this.#deliveryOf({ entry, facts }, index, offset, late);
        this.#queue.push({ delivery, reader, last: seq, late, mark: noted });
      }
    }
  }

  #deliveryOf(
    { entry, facts }: Pick<StoredEntry, 'entry' | 'facts'>,
    index: number,
    offset: string,
    late = false,
  ): DeliveredMessage {
    const message: Message = entry.messages![index]!;
    return {
      ...message,
      kind: 'message',
      author: entry.author,
      name: this.#deps.nameOf(entry.author),
      channel: entry.channel,
      epoch: entry.epoch,
      seq: entry.seq + index,
      offset: messageOffsetText(offset, index, entry.count),
      late,
      ...lifetimeLeft(entry, this.#deps.ageMs(facts)),
    };
  }

  // ---- from the journal --------------------------------------------------------------------------------------

  /** Reads what is behind until the queue is full enough or nothing is left. One at a time. */
  #pump(): void {
    if (!this.#started || this.#closed) return;
    this.#pumpAgain = true;
    this.#pumping ??= this.#pumpAll()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#pumping = null;
        this.#armPatience();
      });
  }

  async #pumpAll(): Promise<void> {
    while (this.#pumpAgain && this.#hasRoom()) {
      this.#pumpAgain = false;
      const behind = [...this.#readers.values()].filter((reader) => reader.behind || reader.lateBehind);
      // Each time another log comes first, so that a busy one does not keep the rest back for ever.
      const from = behind.length === 0 ? 0 : this.#turn++ % behind.length;
      for (const reader of [...behind.slice(from), ...behind.slice(0, from)]) {
        if (!this.#hasRoom()) return;
        if (reader.lateBehind && (await this.#readLate(reader))) this.#pumpAgain = true;
        if (reader.behind && (await this.#readLog(reader))) this.#pumpAgain = true;
      }
      for (const [channel, arrival] of this.#arrival) {
        if (!this.#hasRoom()) return;
        if (arrival.behind && (await this.#readArrival(channel, arrival))) this.#pumpAgain = true;
      }
    }
  }

  #hasRoom(): boolean {
    return !this.#closed && this.#queue.size < this.#spec.bufferMessages;
  }

  /** Queues a log's next records; `true` if there may be more to read at once. */
  async #readLog(reader: LogReader): Promise<boolean> {
    const journal = this.#deps.journals.get(reader.channel)!;
    if (this.#isBlocked(reader, journal)) return false;
    this.#passLetGoTail(reader, journal);
    const records = await this.#readRecords(reader, journal, { first: reader.next });
    const before = reader.next;
    for (const record of records) {
      if (record.seq > reader.next && !this.#passHoles(reader, journal, record.seq)) break;
      const entry = this.#deps.decode(record);
      if (entry === null) reader.next = record.seq + record.count;
      else {
        const originals = await this.#originalsOf(journal, entry);
        if (lastSeqOf(entry) >= reader.next) this.#queueEntry(reader, { ...record, entry }, originals);
      }
    }
    if (this.#queue.size > 0) this.#wake();
    this.#passLetGoTail(reader, journal);
    if (this.#queue.size > 0) this.#wake();
    const head = journal.head(reader.log);
    if (head === null || reader.next > head.last) reader.behind = false;
    return reader.next > before;
  }

  /** Queues what filled numbers that were passed over; `true` if there may be more to read at once. */
  async #readLate(reader: LogReader): Promise<boolean> {
    const journal = this.#deps.journals.get(reader.channel)!;
    const [range] = reader.passedOf(journal.heldRanges(reader.log));
    reader.lateBehind = range !== undefined;
    if (range === undefined) return false;
    const records = await this.#readRecords(reader, journal, range);
    for (const record of records) {
      const entry = this.#deps.decode(record);
      const last = record.seq + record.count - 1;
      const originals = entry === null ? NO_ORIGINALS : await this.#originalsOf(journal, entry);
      const of = reader.passedOf([{ first: record.seq, last }]);
      reader.takeLate(record.seq, last);
      if (entry !== null) this.#queueMessages({ ...record, entry }, reader, { of, late: true, originals });
    }
    if (this.#queue.size > 0) this.#wake();
    return records.length > 0;
  }

  async #readRecords(
    reader: LogReader,
    journal: ChannelJournal,
    { first, last }: { readonly first: number; readonly last?: number },
  ): Promise<StoredRecord[]> {
    // An own message with a publish id may still be taken back by a power cut and published again.
    const durableOnly = splitLogId(reader.log).author === this.#deps.self;
    if (durableOnly && journal.durablePosition < journal.lastPosition) this.#pumpWhenDurable(journal);
    return journal.readLog(reader.log, first, {
      bytesMax: READ_BYTES,
      recordsMax: READ_RECORDS_MAX,
      durableOnly,
      ...(last === undefined ? {} : { throughSeq: last }),
    });
  }

  #pumpWhenDurable(journal: ChannelJournal): void {
    if (this.#waitsForDisk.has(journal)) return;
    this.#waitsForDisk.add(journal);
    const again = () => {
      this.#waitsForDisk.delete(journal);
      this.#pump();
    };
    // Where the disk refuses, the patience timer looks again.
    journal.whenDurable(journal.lastPosition).then(again, () => this.#waitsForDisk.delete(journal));
  }

  /** True while the next number is in a hole that is still waited for: no need to read what lies behind it. */
  #isBlocked(reader: LogReader, journal: ChannelJournal): boolean {
    if (reader.blockedSinceMs === null) return false;
    const hole = journal.missing(reader.log).find(({ last }) => last >= reader.next);
    return hole !== undefined && hole.first <= reader.next && !this.#patienceRanOut(reader, hole);
  }

  /** Passes numbers that need not be waited for; `false` while something is in the way. */
  #passHoles(reader: LogReader, journal: ChannelJournal, heldSeq: number): boolean {
    // It came in after the read had begun, or is not durable yet: a later read finds it.
    if (journal.holds(reader.log, reader.next, heldSeq - 1) !== 'none') {
      if (splitLogId(reader.log).author !== this.#deps.self) this.#pumpAgain = true;
      return false;
    }
    const missing = journal
      .missing(reader.log)
      .filter(({ first, last }) => last >= reader.next && first < heldSeq);
    if (missing.length > 0 && !this.#patienceRanOut(reader, missing[0]!)) return false;
    const holes = missing.map((range) => ({ ...range, reason: 'missing' as const }));
    this.#passGone(reader, [...holes, ...this.#letGoFrom(reader, journal)], heldSeq);
    return true;
  }

  #patienceRanOut(reader: LogReader, hole: SeqRange): boolean {
    const nowMs = this.#deps.nowMs();
    // Time counts only while nobody is on the way with it; a clock that stepped back starts anew.
    const supplied = this.#deps.isSupplied(reader.channel, reader.log, hole);
    if (reader.blockedSinceMs === null || supplied || nowMs < reader.blockedSinceMs)
      reader.blockedSinceMs = nowMs;
    return nowMs - reader.blockedSinceMs >= this.#spec.gapPatienceMs;
  }

  /** Tells of numbers that retention dropped before they were read, where nothing is held behind them. */
  #passLetGoTail(reader: LogReader, journal: ChannelJournal): void {
    const letGo = this.#letGoFrom(reader, journal);
    if (letGo.length === 0 || (journal.head(reader.log)?.last ?? 0) >= reader.next) return;
    this.#passGone(reader, letGo, letGo.at(-1)!.last + 1);
  }

  /** Reports numbers that are not held, up to the one that is next, and goes on there. */
  #passGone(reader: LogReader, gone: readonly GoneRange[], nextSeq: number): void {
    const before = this.#letGoBefore.get(keyOf(reader)) ?? [];
    for (const range of [...gone].sort((a, b) => a.first - b.first)) {
      const asked = { first: Math.max(range.first, reader.next), last: Math.min(range.last, nextSeq - 1) };
      if (asked.first > asked.last) continue;
      for (const told of subtractRanges([asked], before)) this.#queueGap(reader, told, range.reason);
      reader.passTo(asked.last + 1);
    }
    reader.blockedSinceMs = null;
    if (reader.next < nextSeq) reader.passTo(nextSeq);
  }

  #letGoFrom(reader: LogReader, journal: ChannelJournal): GoneRange[] {
    const gone: GoneRange[] = [];
    // Nobody is told of what a fork took: its author publishes it again.
    const end = journal.endOf(reader.log) ?? Number.POSITIVE_INFINITY;
    for (const { first, last: through } of journal.letGo(reader.log)) {
      const last = Math.min(through, end - 1);
      if (last >= Math.max(first, reader.next)) gone.push({ first, last, reason: 'let-go' });
    }
    return gone;
  }

  #queueGap(reader: LogReader, { first, last }: SeqRange, reason: DeliveredGap['reason']): void {
    const { author, epoch } = splitLogId(reader.log);
    reader.queued(last, false);
    const name = this.#deps.nameOf(author);
    this.#queue.push({
      delivery: { kind: 'gap', author, name, channel: reader.channel, epoch, first, last, reason },
      reader,
      last,
      late: false,
      mark: null,
    });
  }

  async #readArrival(channel: string, arrival: ArrivalReader): Promise<boolean> {
    const journal = this.#deps.journals.get(channel)!;
    const records = await journal.readArrival(arrival.next, {
      bytesMax: READ_BYTES,
      recordsMax: READ_RECORDS_MAX,
    });
    const before = arrival.next;
    for (const record of records) {
      const entry = this.#deps.decode(record);
      const originals = entry === null ? NO_ORIGINALS : await this.#originalsOf(journal, entry);
      if (entry !== null) this.#queueMessages({ ...record, entry }, null, { originals });
      arrival.next = record.position + 1;
    }
    if (this.#queue.size > 0) this.#wake();
    if (arrival.next > (journal.currentOffset()?.position ?? 0)) arrival.behind = false;
    return arrival.next > before;
  }

  /** Looks again at logs that wait for a hole to be filled. */
  #armPatience(): void {
    if (this.#closed || this.#patienceTimer !== null) return;
    const blocked = [...this.#readers.values()].some((reader) => reader.blockedSinceMs !== null);
    const waiting = [...this.#readers.values()].some((reader) => reader.behind || reader.lateBehind);
    if (!blocked && !waiting) return;
    const ms = Math.min(1_000, Math.max(10, this.#spec.gapPatienceMs / 4));
    this.#patienceTimer = setTimeout(() => {
      this.#patienceTimer = null;
      this.#pump();
    }, ms);
  }

  // ---- small parts -------------------------------------------------------------------------------------------

  #reader(channel: string, log: LogId): LogReader {
    return (
      this.#readers.get(keyOf({ channel, log })) ??
      this.#addReader(new LogReader({ channel, log, next: 1, reported: [], marks: [] }))
    );
  }

  #addReader(reader: LogReader): LogReader {
    this.#readers.set(keyOf(reader), reader);
    return reader;
  }

  /** Takes deliveries out of the queue until there are so many. What was had before is acknowledged along. */
  #takeQueued(batch: Delivery[], max: number): void {
    while (batch.length < max) {
      const queued = this.#queue.shift();
      if (queued === undefined) return;
      if (queued.delivery !== null) batch.push(queued.delivery);
      if (queued.reader !== null) this.#handedOut.push(queued);
    }
  }

  /** What lies on disk under the first numbers of what was published again. */
  async #originalsOf(journal: ChannelJournal, entry: Entry): Promise<Originals> {
    if (!isRepublished(entry)) return NO_ORIGINALS;
    const originals = await readOriginals(journal, entry, this.#deps.decode);
    if (!lacksOriginal(journal, entry, originals)) return originals;
    // One of them came in meanwhile, and may have been queued.
    return readOriginals(journal, entry, this.#deps.decode);
  }

  #hadSoFar(channel: string): HadSoFar {
    const arrival = this.#arrival.get(channel);
    if (arrival !== undefined) return arrival;
    const readerOf = (log: LogId) => this.#readers.get(keyOf({ channel, log }));
    return {
      isPast: (log, seq) => readerOf(log)?.isPast(seq) ?? false,
      marksOf: (log) => readerOf(log)?.marks ?? null,
      marksFor: (log) => this.#reader(channel, log).marks,
    };
  }

  #wants(topic: string, channel: string, position: number): boolean {
    const { accept } = this.#spec;
    // Whose reader says what it wants has all topics for filter: thousands of them need not be remembered by each.
    return accept === undefined ? this.#matchesTopic(topic) : accept(topic, { channel, position });
  }

  #matchesTopic(topic: string): boolean {
    const known = this.#matches.get(topic);
    if (known !== undefined) return known;
    const matches = this.#spec.filters.some((filter) => filter.matches(topic));
    if (this.#matches.size >= TOPICS_MAX) this.#matches.clear();
    this.#matches.set(topic, matches);
    return matches;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    void this.close();
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}

/** What its author set a lifetime for says how much of it is left. */
function lifetimeLeft(entry: Entry, ageMs: number): { lifetimeLeftMs: number } | undefined {
  if (entry.ttlSeconds === 0) return undefined;
  return { lifetimeLeftMs: Math.max(0, entry.ttlSeconds * 1_000 - ageMs) };
}

function keyOf({ channel, log }: { readonly channel: string; readonly log: LogId }): string {
  return `${channel} ${log}`;
}
