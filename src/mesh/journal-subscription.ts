import { type Entry, type LogId, lastSeqOf, logIdOf, type Message, splitLogId } from '../entry/index.ts';
import { assert } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, SeqRange, StoredEntry, StoredRecord } from '../journal/index.ts';
import type { TopicFilter } from '../topic/index.ts';
import type { DeliveredMessage, Delivery } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import type { DurableProgress } from './durable-progress.ts';
import { LogReader } from './log-reader.ts';
import { planStart, type StartPlan } from './start-plan.ts';
import type { SubscribeFrom } from './subscribe-options.ts';
import type { Subscription } from './subscription.ts';

/** A subscription's resolved options. */
export interface SubscriptionSpec {
  readonly filters: readonly TopicFilter[];
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
  readonly nowMs: () => number;
  readonly onDelivered: (messages: number) => void;
  readonly onClosed: () => void;
}

/** Read from a log in one go. */
const READ_BYTES = 262_144;
const READ_RECORDS_MAX = 256;
/** Topics whose match is remembered. */
const TOPICS_MAX = 4_096;

/**
 * A subscription that reads the journals. Live entries are queued straight from memory while the reader keeps
 * up and the log has no hole; whatever does not fit that path is read from the journal later, so memory stays
 * bounded and the author's order is kept.
 */
export class JournalSubscription implements Subscription {
  readonly #spec: SubscriptionSpec;
  readonly #deps: SubscriptionDependencies;
  readonly #queue = new DeliveryQueue();
  readonly #readers = new Map<string, LogReader>();
  readonly #arrival = new Map<string, { next: number; behind: boolean }>();
  readonly #matches = new Map<string, boolean>();
  readonly #ready: Promise<void>;
  #minPositions: ReadonlyMap<string, number> = new Map();
  #handedOut: { reader: LogReader; last: number; gapFirst: number | null }[] = [];
  #wake: (() => void) | null = null;
  #pumping = false;
  #started = false;
  #closed = false;
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
    assert(max >= 1, 'a batch holds at least one delivery');
    await this.#ready;
    await this.#acknowledge();
    while (this.#queue.size === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        void this.#pump();
      });
      this.#wake = null;
    }
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed) return [];
    const batch: Delivery[] = [];
    while (batch.length < max) {
      const queued = this.#queue.shift();
      if (queued === undefined) break;
      batch.push(queued.delivery);
      this.#noteHandedOut(queued.delivery, queued.reader);
    }
    this.#deps.onDelivered(batch.length);
    if (this.#queue.size < this.#spec.bufferMessages / 2) void this.#pump();
    return batch;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#patienceTimer !== null) clearTimeout(this.#patienceTimer);
    this.#wake?.();
    await this.#ready;
    await this.#deps.durable?.close();
    this.#deps.onClosed();
  }

  /** Hears of an entry that was stored in one of the journals. */
  onStored(stored: StoredEntry): void {
    if (this.#closed || !this.#deps.journals.has(stored.entry.channel)) return;
    if (this.#spec.order === 'arrival') this.#onArrival(stored);
    else this.#onStoredInLog(stored);
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
      if (this.#spec.order === 'arrival') {
        for (const [channel, next] of start.arrivalNext) this.#arrival.set(channel, { next, behind: true });
      } else {
        for (const progress of start.logs)
          if (!this.#readers.has(keyOf(progress))) this.#addReader(new LogReader(progress));
      }
      for (const stored of start.lastValues) this.#queueLastValue(stored.record, stored.entry, stored.index);
      await this.#deps.durable?.create([...this.#readers.values()].map((reader) => reader.progress()));
    }
    this.#started = true;
    // Either the logs are read or the order of arrival: both would deliver everything twice.
    if (this.#spec.order === 'author') this.#markAllBehind();
    void this.#pump();
  }

  /** Every log of the journals may hold something; logs that are new to this subscription start at 1. */
  #markAllBehind(): void {
    for (const [channel, journal] of this.#deps.journals) {
      for (const log of journal.logs()) this.#reader(channel, log).behind = true;
    }
  }

  #queueLastValue(record: StoredRecord, entry: Entry, index: number): void {
    const journal = this.#deps.journals.get(entry.channel);
    assert(journal !== undefined, 'last values come from the journals that were scanned');
    this.#queue.push({
      delivery: this.#deliveryOf(entry, index, journal.offsetText(record.position), false),
      reader: null,
    });
  }

  // ---- live --------------------------------------------------------------------------------------------------

  #onStoredInLog(stored: StoredEntry): void {
    const { entry } = stored;
    const reader = this.#reader(entry.channel, logIdOf(entry));
    const last = lastSeqOf(entry);
    const inStep = this.#started && !reader.behind && entry.seq <= reader.next && last >= reader.next;
    if (inStep && this.#queue.size < this.#spec.bufferMessages) {
      this.#queueEntry(reader, entry, stored.position, stored.facts);
      this.#wake?.();
    } else if (last < reader.next) {
      this.#queueLate(reader, stored);
    } else {
      reader.behind = true;
      void this.#pump();
    }
  }

  #onArrival(stored: StoredEntry): void {
    const arrival = this.#arrival.get(stored.entry.channel) ?? { next: stored.position, behind: false };
    this.#arrival.set(stored.entry.channel, arrival);
    const inStep = this.#started && !arrival.behind && stored.position === arrival.next;
    if (inStep && this.#queue.size < this.#spec.bufferMessages) {
      this.#queueMessages(stored.entry, stored.position, stored.facts, 0, null, false);
      arrival.next = stored.position + 1;
      this.#wake?.();
    } else {
      arrival.behind = true;
      void this.#pump();
    }
  }

  /** Numbers that were passed over: wanted only where they were reported as a gap. */
  #queueLate(reader: LogReader, { entry, position, facts }: StoredEntry): void {
    if (!reader.fill(entry.seq, lastSeqOf(entry))) return;
    this.#queueMessages(entry, position, facts, 0, reader, true);
    this.#wake?.();
  }

  #queueEntry(reader: LogReader, entry: Entry, position: number, facts: StoredEntry['facts']): void {
    this.#queueMessages(entry, position, facts, reader.next - entry.seq, reader, false);
    reader.next = lastSeqOf(entry) + 1;
    reader.blockedSinceMs = null;
  }

  #queueMessages(
    entry: Entry,
    position: number,
    facts: StoredEntry['facts'],
    fromIndex: number,
    reader: LogReader | null,
    late: boolean,
  ): void {
    if (entry.messages === null || position < (this.#minPositions.get(entry.channel) ?? 0)) return;
    if (isExpired(entry, facts, this.#deps.nowMs())) return;
    const journal = this.#deps.journals.get(entry.channel);
    assert(journal !== undefined, 'entries come from the journals of this subscription');
    let offset: string | null = null;
    for (let index = fromIndex; index < entry.messages.length; index++) {
      if (!this.#matchesTopic(entry.messages[index]!.topic)) continue;
      offset ??= journal.offsetText(position);
      if (reader !== null) reader.outstanding++;
      this.#queue.push({ delivery: this.#deliveryOf(entry, index, offset, late), reader });
    }
  }

  #deliveryOf(entry: Entry, index: number, offset: string, late: boolean): DeliveredMessage {
    const message: Message = entry.messages![index]!;
    return {
      ...message,
      kind: 'message',
      author: entry.author,
      name: this.#deps.nameOf(entry.author),
      channel: entry.channel,
      epoch: entry.epoch,
      seq: entry.seq + index,
      offset,
      late,
    };
  }

  // ---- from the journal --------------------------------------------------------------------------------------

  /** Reads what is behind until the queue is full enough or nothing is left. One at a time. */
  async #pump(): Promise<void> {
    if (this.#pumping || !this.#started || this.#closed) return;
    this.#pumping = true;
    try {
      let progress = true;
      while (progress && !this.#closed && this.#queue.size < this.#spec.bufferMessages) {
        progress = false;
        for (const reader of this.#readers.values()) {
          if (reader.behind && (await this.#readLog(reader))) progress = true;
        }
        for (const [channel, arrival] of this.#arrival) {
          if (arrival.behind && (await this.#readArrival(channel, arrival))) progress = true;
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pumping = false;
    }
    this.#armPatience();
  }

  /** Queues a log's next records; `true` if it came further. */
  async #readLog(reader: LogReader): Promise<boolean> {
    const journal = this.#deps.journals.get(reader.channel)!;
    const records = await journal.readLog(reader.log, reader.next, {
      bytesMax: READ_BYTES,
      recordsMax: READ_RECORDS_MAX,
      // An own message with a publish id may still be taken back by a power cut and published again.
      durableOnly: splitLogId(reader.log).author === this.#deps.self,
    });
    const before = reader.next;
    for (const record of records) {
      if (record.seq > reader.next) {
        const held = journal.holds(reader.log, reader.next, record.seq - 1);
        if (held !== 'none') return this.#readAgain(reader) || reader.next > before;
        if (!this.#passHoles(reader, journal, record.seq)) return reader.next > before;
      }
      const entry = this.#deps.decode(record);
      if (entry === null) reader.next = record.seq + record.count;
      else if (lastSeqOf(entry) >= reader.next)
        this.#queueEntry(reader, entry, record.position, record.facts);
      if (this.#queue.size > 0) this.#wake?.();
    }
    const head = journal.head(reader.log);
    if (head === null || reader.next > head.last) reader.behind = false;
    return reader.next > before;
  }

  /**
   * The journal holds what the disk did not give: it came while the disk was read, or is not durable yet. `true`
   * to read at once, which is only once at a number; after that the timer does.
   */
  #readAgain(reader: LogReader): boolean {
    const isFirst = reader.readAgainAt !== reader.next;
    reader.readAgainAt = reader.next;
    return isFirst;
  }

  /** Passes numbers that need not be waited for; `false` while a hole is in the way. */
  #passHoles(reader: LogReader, journal: ChannelJournal, heldSeq: number): boolean {
    const missing = journal
      .missing(reader.log)
      .filter(({ first, last }) => last >= reader.next && first < heldSeq);
    if (missing.length > 0 && !this.#patienceRanOut(reader, missing[0]!)) return false;
    for (const { first, last } of missing) this.#queueGap(reader, Math.max(first, reader.next), last);
    reader.blockedSinceMs = null;
    reader.next = heldSeq;
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

  #queueGap(reader: LogReader, first: number, last: number): void {
    const { author, epoch } = splitLogId(reader.log);
    reader.reported.push({ first, last });
    reader.outstanding++;
    const name = this.#deps.nameOf(author);
    this.#queue.push({
      delivery: { kind: 'gap', author, name, channel: reader.channel, epoch, first, last },
      reader,
    });
    this.#wake?.();
  }

  async #readArrival(channel: string, arrival: { next: number; behind: boolean }): Promise<boolean> {
    const journal = this.#deps.journals.get(channel)!;
    const records = await journal.readArrival(arrival.next, {
      bytesMax: READ_BYTES,
      recordsMax: READ_RECORDS_MAX,
    });
    const before = arrival.next;
    for (const record of records) {
      const entry = this.#deps.decode(record);
      if (entry !== null) this.#queueMessages(entry, record.position, record.facts, 0, null, false);
      arrival.next = record.position + 1;
    }
    if (this.#queue.size > 0) this.#wake?.();
    if (arrival.next > (journal.currentOffset()?.position ?? 0)) arrival.behind = false;
    return arrival.next > before;
  }

  /** Looks again at logs that wait for a hole to be filled. */
  #armPatience(): void {
    if (this.#closed || this.#patienceTimer !== null) return;
    const blocked = [...this.#readers.values()].some((reader) => reader.blockedSinceMs !== null);
    const waiting = [...this.#readers.values()].some((reader) => reader.behind);
    if (!blocked && !waiting) return;
    const ms = Math.min(1_000, Math.max(10, this.#spec.gapPatienceMs / 4));
    this.#patienceTimer = setTimeout(() => {
      this.#patienceTimer = null;
      void this.#pump();
    }, ms);
  }

  // ---- acknowledgement ---------------------------------------------------------------------------------------

  #noteHandedOut(delivery: Delivery, reader: LogReader | null): void {
    if (reader === null) return;
    const gap = delivery.kind === 'gap';
    this.#handedOut.push({
      reader,
      last: gap ? delivery.last : delivery.seq,
      gapFirst: gap ? delivery.first : null,
    });
  }

  async #acknowledge(): Promise<void> {
    if (this.#handedOut.length === 0) return;
    const readers = new Set<LogReader>();
    for (const { reader, last } of this.#handedOut) {
      reader.acknowledge(last);
      readers.add(reader);
    }
    this.#handedOut = [];
    await this.#deps.durable?.save(readers);
  }

  // ---- small parts -------------------------------------------------------------------------------------------

  #reader(channel: string, log: LogId): LogReader {
    return (
      this.#readers.get(keyOf({ channel, log })) ??
      this.#addReader(new LogReader({ channel, log, next: 1, reported: [] }))
    );
  }

  #addReader(reader: LogReader): LogReader {
    this.#readers.set(keyOf(reader), reader);
    return reader;
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
    this.#wake?.();
    void this.close();
  }
}

/** `ttl` filters delivery: by the age that came with the entry and the time it lies here. Late, never early. */
function isExpired(entry: Entry, facts: StoredEntry['facts'], nowMs: number): boolean {
  if (entry.ttlSeconds === 0) return false;
  return facts.ageMs + Math.max(0, nowMs - facts.receivedAtMs) > entry.ttlSeconds * 1_000;
}

function keyOf({ channel, log }: { readonly channel: string; readonly log: LogId }): string {
  return `${channel} ${log}`;
}
