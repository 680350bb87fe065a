import { sha256Hex16, toUtf8 } from '../bytes/index.ts';
import { decodeEntry, type Entry } from '../entry/index.ts';
import type { Counters, Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { ChannelJournal, type Disk, type StoredRecord } from '../journal/index.ts';

/** What {@link CarriedChannels} works with. */
export interface CarriedChannelsDependencies {
  readonly disk: Disk;
  readonly self: NodeId;
  /** Tells a journal that was just opened what it cannot know by itself, before anybody else has it. */
  readonly prepare: (journal: ChannelJournal) => Promise<void>;
  readonly nowMs: () => number;
  readonly randomBytes: (n: number) => Uint8Array;
  readonly log: Log;
  readonly counters: Counters;
}

/** Options of {@link CarriedChannels}. */
export interface CarriedChannelsOptions {
  /** The node's directory. */
  readonly directory: string;
  readonly commitIntervalMs: number;
}

/** The journals of the channels that this node carries; each is opened once and closed at the end. */
export class CarriedChannels {
  readonly #options: CarriedChannelsOptions;
  readonly #deps: CarriedChannelsDependencies;
  readonly #journals = new Map<string, ChannelJournal>();
  readonly #opening = new Map<string, Promise<ChannelJournal>>();

  constructor(options: CarriedChannelsOptions, deps: CarriedChannelsDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Journals that are open, by channel. Grows as the realm declares channels. */
  get journals(): ReadonlyMap<string, ChannelJournal> {
    return this.#journals;
  }

  /** The journal of a channel; `null` while it is not carried. */
  of(channel: string): ChannelJournal | null {
    return this.#journals.get(channel) ?? null;
  }

  /** The entry of a record; `null` where it cannot be read. */
  decode(record: StoredRecord): Entry | null {
    if (record.entry !== undefined) return record.entry;
    const decoded = decodeEntry(record.bytes);
    return decoded.ok ? decoded.value : null;
  }

  /** Opens a channel's journal and recovers what is there. */
  open(channel: string): Promise<ChannelJournal> {
    const opening = this.#opening.get(channel) ?? this.#open(channel);
    this.#opening.set(channel, opening);
    return opening;
  }

  /** Commits and closes all. */
  async stop(): Promise<void> {
    const journals = await Promise.allSettled(this.#opening.values());
    await Promise.all(
      journals.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)),
    );
    this.#journals.clear();
    this.#opening.clear();
  }

  async #open(channel: string): Promise<ChannelJournal> {
    const journal = new ChannelJournal(
      {
        directory: journalDirectory(this.#options.directory, channel),
        channel,
        self: this.#deps.self,
        commitIntervalMs: this.#options.commitIntervalMs,
      },
      { ...this.#deps, decode: decodeEntry },
    );
    await journal.start();
    await this.#deps.prepare(journal);
    this.#journals.set(channel, journal);
    return journal;
  }
}

/** Where the journal of a channel lies in a node's directory: named by hash, as names may not fit file systems. */
export function journalDirectory(directory: string, channel: string): string {
  return `${directory}/journal/${sha256Hex16(toUtf8(channel))}`;
}
