import { type Entry, type LogId, splitLogId } from '../entry/index.ts';
import { assert, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ForkWatch, RunItem } from '../ingest/index.ts';
import {
  type ChannelJournal,
  CursorFile,
  type Disk,
  type LocalFacts,
  type StoredRecord,
} from '../journal/index.ts';
import { type LostMessage, PublishedAgain } from './lost-messages.ts';

/** What {@link Republisher} works with. */
export interface RepublisherDependencies {
  readonly self: NodeId;
  readonly forks: ForkWatch;
  readonly disk: Disk;
  /** The node's directory. */
  readonly directory: string;
  readonly journalOf: (channel: string) => Promise<ChannelJournal>;
  readonly decode: (record: StoredRecord) => Entry | null;
  /** Age of a held entry, milliseconds. */
  readonly ageMs: (facts: LocalFacts) => number;
  /** Lifetime of an entry, its channel's where it has none of its own; 0 for none. */
  readonly ttlSecondsOf: (entry: Entry) => number;
  /** Publishes in the present epoch of the channel; resolves when it is durable. */
  readonly publishAgain: (channel: string, lost: LostMessage) => Promise<unknown>;
  /** Peers that are connected now. */
  readonly peers: () => readonly NodeId[];
  /** Fetches what a peer has of an own log from a number on; `false` where it did not send all. */
  readonly fetchReturned: (
    request: {
      readonly peer: NodeId;
      readonly journal: ChannelJournal;
      readonly log: LogId;
      readonly end: number;
    },
    take: (items: readonly RunItem[]) => Promise<void>,
  ) => Promise<boolean>;
  readonly log: Log;
}

/** Options of {@link Republisher}. */
export interface RepublisherOptions {
  /** How long an end must not have sunk before anything is published again, milliseconds. */
  readonly settleMs: number;
  /** How much later what this store did not write follows, milliseconds. */
  readonly restMs: number;
}

/** Entries of a log that are published again at once, before the disk has its turn. */
const RECORDS_AT_ONCE = 64;
const BYTES_AT_ONCE = 1_048_576;
/** First and longest time before what failed is tried again. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;

/**
 * What is published again: `own`, what this store wrote; `rest`, what else of the log lies on its disk; else what a
 * peer gives back.
 */
type Part = 'own' | 'rest' | NodeId;

interface Task {
  readonly channel: string;
  readonly log: LogId;
  readonly part: Part;
}

/**
 * Publishes again, in the present epoch, what lies at or behind the end of a forked epoch of this node: marked `was`,
 * in order, under the same publish ids, and nothing that expired meanwhile. What this store wrote comes first. What
 * it did not write follows later, from its own disk and from peers, and only what nobody published again by then: a
 * clone that lives does that itself, but a store whose backup was restored lives no more. A crash in the middle
 * repeats nothing: what was published again is told by its `was`.
 */
export class Republisher {
  readonly #options: RepublisherOptions;
  readonly #deps: RepublisherDependencies;
  readonly #file: CursorFile;
  /** Ends from which on all of a part was published again. */
  readonly #done = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #loaded: Promise<void> | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RepublisherOptions, deps: RepublisherDependencies) {
    this.#options = options;
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
    if (author !== this.#deps.self) return;
    const { settleMs, restMs } = this.#options;
    this.#later({ channel, log, part: 'own' }, settleMs);
    this.#later({ channel, log, part: 'rest' }, settleMs + restMs);
    for (const peer of this.#deps.peers()) this.#later({ channel, log, part: peer }, settleMs + restMs);
  }

  /** A peer was connected: it may have what nobody else has. */
  meet(peer: NodeId): void {
    const { settleMs, restMs } = this.#options;
    for (const { channel, log, author } of this.#deps.forks.forks()) {
      if (author === this.#deps.self) this.#later({ channel, log, part: peer }, settleMs + restMs);
    }
  }

  /** Ends at once; the next start goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await this.#running;
    if (this.#loaded !== null) await this.#file.close();
  }

  #later(task: Task, ms: number, failures = 0): void {
    const key = keyOf(task);
    clearTimeout(this.#timers.get(key));
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#running = this.#running.then(() => this.#run(task, failures));
    }, ms);
    this.#timers.set(key, timer);
  }

  /** One at a time: what one epoch published again may be lost in the next. */
  async #run(task: Task, failures: number): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#load();
      const end = this.#deps.forks.endOf(task.channel, task.log);
      const done = this.#done.get(keyOf(task));
      assert(end !== null, 'only forked logs are asked for');
      if (done === undefined || done > end) await this.#publish(task, end);
    } catch (error) {
      if (this.#stopped) return;
      if (!isSedgeError(error)) throw error;
      const { channel } = task;
      this.#deps.log.warn(
        { channel, code: error.code },
        'what lost in a fork could not be published again yet',
      );
      this.#later(task, Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX), failures + 1);
    }
  }

  async #publish(task: Task, end: number): Promise<void> {
    const { channel, log, part } = task;
    const journal = await this.#deps.journalOf(channel);
    const known = await this.#publishedAgain(journal, log, end);
    const publish = async (lost: readonly LostMessage[]) => {
      await Promise.all(lost.map((one) => this.#deps.publishAgain(channel, one)));
      messages += lost.length;
    };
    let messages = 0;
    const whole =
      part === 'own' || part === 'rest'
        ? await this.#publishFromDisk(journal, { log, end, ownOnly: part === 'own' }, { known, publish })
        : await this.#publishFromPeer(journal, { log, end, peer: part }, { known, publish });
    if (whole) {
      this.#done.set(keyOf(task), end);
      await this.#file.append([channel, log, String(end), part]);
    }
    if (messages === 0) return;
    const { epoch } = splitLogId(log);
    this.#deps.log.warn({ channel, epoch, end, messages }, 'what lost in a fork was published again');
  }

  /** `false` if it was stopped before all was published. */
  async #publishFromDisk(
    journal: ChannelJournal,
    from: { readonly log: LogId; readonly end: number; readonly ownOnly: boolean },
    to: { readonly known: PublishedAgain; readonly publish: (lost: readonly LostMessage[]) => Promise<void> },
  ): Promise<boolean> {
    const limits = { ended: true, recordsMax: RECORDS_AT_ONCE, bytesMax: BYTES_AT_ONCE };
    for (let next = from.end; ; ) {
      const records = await journal.readLog(from.log, next, limits);
      const lost = records.flatMap((record) => {
        const wanted = !from.ownOnly || record.facts.source === 'own';
        const entry = wanted ? this.#deps.decode(record) : null;
        return entry === null ? [] : to.known.take(entry, this.#deps.ageMs(record.facts));
      });
      await to.publish(lost);
      const last = records.at(-1);
      if (last === undefined) return true;
      if (this.#stopped) return false;
      next = last.seq + last.count;
    }
  }

  #publishFromPeer(
    journal: ChannelJournal,
    from: { readonly log: LogId; readonly end: number; readonly peer: NodeId },
    to: { readonly known: PublishedAgain; readonly publish: (lost: readonly LostMessage[]) => Promise<void> },
  ): Promise<boolean> {
    return this.#deps.fetchReturned({ ...from, journal }, async (items) => {
      await to.publish(items.flatMap(({ entry, ageMs }) => to.known.take(entry, ageMs)));
    });
  }

  async #publishedAgain(journal: ChannelJournal, lost: LogId, end: number): Promise<PublishedAgain> {
    // Nothing of it can have been published again before the first of it came here.
    const [first] = await journal.readLog(lost, end, { ended: true, recordsMax: 1 });
    return new PublishedAgain(this.#deps.ttlSecondsOf).read(
      journal,
      { lost, fromPosition: first?.position ?? 1 },
      this.#deps.decode,
    );
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
      const [channel, log, end, part] = row as [string, LogId, string, Part];
      this.#done.set(keyOf({ channel, log, part }), Number(end));
    }
  }
}

function keyOf({ channel, log, part }: Task): string {
  return `${channel} ${log} ${part}`;
}
