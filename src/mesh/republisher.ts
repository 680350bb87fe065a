import { type Entry, type LogId, type Message, splitLogId } from '../entry/index.ts';
import { isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ForkWatch } from '../ingest/index.ts';
import {
  type ChannelJournal,
  CursorFile,
  type Disk,
  type LocalFacts,
  type StoredRecord,
} from '../journal/index.ts';
import { contentOf } from './message-content.ts';
import { remainingTtlSeconds } from './remaining-ttl.ts';

/** What {@link Republisher} works with. */
export interface RepublisherDependencies {
  readonly self: NodeId;
  readonly forks: ForkWatch;
  readonly disk: Disk;
  /** The node's directory. */
  readonly directory: string;
  readonly journalOf: (channel: string) => Promise<ChannelJournal>;
  readonly decode: (record: StoredRecord) => Entry | null;
  /** Publishes in the present epoch of the channel; resolves when it is durable. */
  readonly publishAgain: (channel: string, message: Message, ttlSeconds: number) => Promise<unknown>;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Entries of a log that are published again at once, before the disk has its turn. */
const RECORDS_AT_ONCE = 64;
const BYTES_AT_ONCE = 1_048_576;
/** First and longest time before what the disk did not take is tried again. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;

/**
 * Publishes again, in the new epoch, what this store itself wrote at or behind the end of a forked epoch of its
 * own: marked `was`, in order, under the same publish ids, and nothing that expired meanwhile. What a clone wrote
 * is the clone's to publish again. A crash in the middle repeats nothing: what was published again is told by its
 * `was`.
 */
export class Republisher {
  readonly #settleMs: number;
  readonly #deps: RepublisherDependencies;
  readonly #file: CursorFile;
  /** Ends from which on all was published again, by channel and log. */
  readonly #done = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #loaded: Promise<void> | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `settleMs`: how long an end must not have sunk before anything is published again, milliseconds. */
  constructor(options: { readonly settleMs: number }, deps: RepublisherDependencies) {
    this.#settleMs = options.settleMs;
    this.#deps = deps;
    this.#file = new CursorFile(deps.disk, { directory: `${deps.directory}/forks`, name: 'published-again' });
  }

  /** Goes on where the last start left off. */
  start(): void {
    for (const fork of this.#deps.forks.forks()) this.handle(fork);
  }

  /** An epoch ended, or ends earlier than was known. */
  handle({
    channel,
    log,
    author,
  }: {
    readonly channel: string;
    readonly log: LogId;
    readonly author: NodeId;
  }): void {
    if (author === this.#deps.self) this.#later(channel, log, this.#settleMs);
  }

  /** Ends at once; the next start goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await this.#running;
    if (this.#loaded !== null) await this.#file.close();
  }

  #later(channel: string, log: LogId, ms: number, failures = 0): void {
    const key = `${channel} ${log}`;
    clearTimeout(this.#timers.get(key));
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#running = this.#running.then(() => this.#run(channel, log, failures));
    }, ms);
    this.#timers.set(key, timer);
  }

  /** One log at a time: what one epoch published again may be lost in the next. */
  async #run(channel: string, log: LogId, failures: number): Promise<void> {
    try {
      await this.#load();
      if (!this.#stopped) await this.#publishLost(channel, log);
    } catch (error) {
      if (this.#stopped) return;
      if (!isSedgeError(error)) throw error;
      this.#deps.log.warn(
        { channel, code: error.code },
        'what lost in a fork could not be published again yet',
      );
      this.#later(channel, log, Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX), failures + 1);
    }
  }

  async #publishLost(channel: string, log: LogId): Promise<void> {
    const end = this.#deps.forks.endOf(channel, log);
    const done = this.#done.get(`${channel} ${log}`);
    if (end === null || (done !== undefined && done <= end)) return;
    const journal = await this.#deps.journalOf(channel);
    const known = await this.#publishedAgain(journal, log, end);
    let messages = 0;
    for (let next = end; ; ) {
      const records = await journal.readLog(log, next, {
        ended: true,
        recordsMax: RECORDS_AT_ONCE,
        bytesMax: BYTES_AT_ONCE,
      });
      const lost = records.flatMap((record) => this.#lostOf(record, known));
      await Promise.all(
        lost.map(({ message, ttlSeconds }) => this.#deps.publishAgain(channel, message, ttlSeconds)),
      );
      messages += lost.length;
      const last = records.at(-1);
      if (last === undefined) break;
      if (this.#stopped) return;
      next = last.seq + last.count;
    }
    this.#done.set(`${channel} ${log}`, end);
    await this.#file.append([channel, log, String(end)]);
    const { epoch } = splitLogId(log);
    this.#deps.log.warn({ channel, epoch, end, messages }, 'what lost in a fork was published again');
  }

  /** Messages of an own entry that are to be published again, with what is left of their lifetime. */
  #lostOf(record: StoredRecord, known: ReadonlySet<string>): { message: Message; ttlSeconds: number }[] {
    const entry = record.facts.source === 'own' ? this.#deps.decode(record) : null;
    const ttlSeconds = entry === null ? null : this.#lifetimeOf(entry, record.facts);
    if (entry === null || entry.messages === null || ttlSeconds === null) return [];
    return entry.messages.flatMap((message, index) => {
      const was = message.was ?? { epoch: entry.epoch, seq: entry.seq + index };
      return known.has(keyOf(was, message)) ? [] : [{ message: { ...message, was }, ttlSeconds }];
    });
  }

  #lifetimeOf(entry: Entry, facts: LocalFacts): number | null {
    return remainingTtlSeconds(entry, facts, this.#deps.nowMs());
  }

  /**
   * What was published again since, in whatever epoch still counts: by its first place and what it holds, as a clone
   * publishes something else again under the same number.
   */
  async #publishedAgain(journal: ChannelJournal, lost: LogId, end: number): Promise<Set<string>> {
    const known = new Set<string>();
    const [first] = await journal.readLog(lost, end, { ended: true, recordsMax: 1 });
    if (first === undefined) return known;
    for (const { log, author } of [...journal.headsSince(first.position)]) {
      if (author !== this.#deps.self || log === lost) continue;
      for (let next = 1; ; ) {
        const records = await journal.readLog(log, next);
        for (const record of records) {
          if (record.position < first.position) continue;
          for (const message of this.#deps.decode(record)?.messages ?? []) {
            if (message.was !== undefined) known.add(keyOf(message.was, message));
          }
        }
        const last = records.at(-1);
        if (last === undefined) break;
        next = last.seq + last.count;
      }
    }
    return known;
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#readDone().catch((error: unknown) => {
      this.#loaded = null;
      throw error;
    });
    return this.#loaded;
  }

  async #readDone(): Promise<void> {
    for (const row of await this.#file.load()) {
      const [channel, log, end] = row as [string, LogId, string];
      this.#done.set(`${channel} ${log}`, Number(end));
    }
  }
}

function keyOf({ epoch, seq }: NonNullable<Message['was']>, message: Message): string {
  return `${epoch} ${seq} ${contentOf(message)}`;
}
