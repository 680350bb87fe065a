import type { Entry } from '../entry/index.ts';
import type { ChannelJournal, StoredRecord } from '../journal/index.ts';
import type { JournalCut } from './journal-cuts.ts';

/** A message where it lies. */
export interface WalkedMessage {
  readonly record: StoredRecord;
  readonly entry: Entry;
  readonly index: number;
}

/** How a walk reads. */
export interface WalkContext {
  readonly decode: (record: StoredRecord) => Entry | null;
}

const FORWARD_READ = { bytesMax: 262_144, recordsMax: 256 };
/** Positions that are read at once on the way back, and the most where nothing was found. */
const WINDOW = 64;
const WINDOW_MAX = 65_536;

/** Goes through the messages of one journal from a cut on, to either side, and knows where it is. */
export interface JournalWalk {
  /** Where it is. Behind a message once that was taken. */
  readonly cut: JournalCut;
  /** Bytes of records that were read. */
  readonly bytes: number;
  /** The next message, which stays the next until `take`; `null` at the end as it is now. */
  peek(): Promise<WalkedMessage | null>;
  take(): void;
}

/** The common part: entries as they are read, and the messages within the one that is next. */
abstract class Walk implements JournalWalk {
  protected readonly journal: ChannelJournal;
  readonly #context: WalkContext;
  #records: StoredRecord[] = [];
  #entry: Entry | null = null;
  #index = 0;
  bytes = 0;
  abstract cut: JournalCut;

  constructor(journal: ChannelJournal, context: WalkContext) {
    this.journal = journal;
    this.#context = context;
  }

  async peek(): Promise<WalkedMessage | null> {
    for (;;) {
      if (this.#entry === null && !(await this.#nextEntry())) return null;
      const entry = this.#entry!;
      if (entry.messages![this.#index] !== undefined)
        return { record: this.#records[0]!, entry, index: this.#index };
      this.#pass(this.#records[0]!);
    }
  }

  take(): void {
    const record = this.#records[0]!;
    this.cut = this.behind(record, this.#index);
    this.#index = this.step(this.#index);
    if (this.#entry!.messages![this.#index] === undefined) this.#pass(record);
  }

  /** The next records in the direction of the walk; empty at the end. */
  protected abstract read(): Promise<StoredRecord[]>;
  /** The first message of an entry to be taken. */
  protected abstract first(record: StoredRecord, count: number): number;
  protected abstract step(index: number): number;
  protected abstract behind(record: StoredRecord, index: number): JournalCut;
  protected abstract past(record: StoredRecord): JournalCut;

  async #nextEntry(): Promise<boolean> {
    for (;;) {
      if (this.#records.length === 0) {
        this.#records = await this.read();
        for (const { bytes } of this.#records) this.bytes += bytes.length;
        if (this.#records.length === 0) return false;
      }
      const record = this.#records[0]!;
      const entry = this.#context.decode(record);
      if (entry?.messages == null) {
        this.#pass(record);
        continue;
      }
      this.#entry = entry;
      this.#index = this.first(record, entry.messages.length);
      return true;
    }
  }

  #pass(record: StoredRecord): void {
    this.cut = this.past(record);
    this.#entry = null;
    this.#records.shift();
  }
}

/** In order of arrival. */
export class ForwardWalk extends Walk {
  cut: JournalCut;

  constructor(journal: ChannelJournal, cut: JournalCut, context: WalkContext) {
    super(journal, context);
    this.cut = cut;
  }

  protected read(): Promise<StoredRecord[]> {
    return this.journal.readArrival(this.cut.position, FORWARD_READ);
  }

  protected first({ position }: StoredRecord): number {
    return position === this.cut.position ? this.cut.taken : 0;
  }

  protected step(index: number): number {
    return index + 1;
  }

  protected behind({ position }: StoredRecord, index: number): JournalCut {
    return { position, taken: index + 1 };
  }

  protected past({ position }: StoredRecord): JournalCut {
    return { position: position + 1, taken: 0 };
  }
}

/** The newest first. */
export class BackwardWalk extends Walk {
  cut: JournalCut;
  #window = WINDOW;

  constructor(journal: ChannelJournal, cut: JournalCut, context: WalkContext) {
    super(journal, context);
    this.cut = cut;
  }

  protected async read(): Promise<StoredRecord[]> {
    for (;;) {
      const { position, taken } = this.cut;
      const through = taken > 0 ? position : position - 1;
      if (through < 1) return [];
      const from = Math.max(1, through - this.#window + 1);
      const records = await this.#readWindow(from, through);
      if (records.length > 0) {
        this.#window = WINDOW;
        return records.reverse();
      }
      this.cut = { position: from, taken: 0 };
      this.#window = Math.min(WINDOW_MAX, this.#window * 2);
    }
  }

  protected first({ position }: StoredRecord, count: number): number {
    const { position: cutAt, taken } = this.cut;
    return (position === cutAt && taken > 0 ? Math.min(taken, count) : count) - 1;
  }

  protected step(index: number): number {
    return index - 1;
  }

  protected behind({ position }: StoredRecord, index: number): JournalCut {
    return { position, taken: index };
  }

  protected past({ position }: StoredRecord): JournalCut {
    return { position, taken: 0 };
  }

  /** A read may stop early, where records are large. */
  async #readWindow(from: number, throughPosition: number): Promise<StoredRecord[]> {
    const records: StoredRecord[] = [];
    for (let next = from; next <= throughPosition; ) {
      const some = await this.journal.readArrival(next, { throughPosition });
      if (some.length === 0) break;
      records.push(...some);
      next = some.at(-1)!.position + 1;
    }
    return records;
  }
}
