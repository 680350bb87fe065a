import { type Entry, lastSeqOf, logIdOf } from '../entry/index.ts';
import type { ErrorCode } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from '../journal/index.ts';

/** What others may make this node keep and remember. */
export interface QuotaOptions {
  /** Logs of a channel, all authors together; each costs about 2 KB of memory. @defaultValue 65,536 */
  readonly logsMax?: number;
  /**
   * Logs (epochs) of one author in a channel. @defaultValue 16,384: a quarter of all, so that four authors have to go
   * wrong before others suffer; an honest one begins a new one with each accident, not each day
   */
  readonly logsPerAuthorMax?: number;
  /** Stretches of held numbers in a log; each costs about 200 bytes of memory. @defaultValue 4,096 */
  readonly rangesPerLogMax?: number;
  /**
   * Bytes of one author in a channel within a day, other than this node's own; `null` for no limit.
   * @defaultValue `null`: one busy author is what most channels have, and the limits of the channel bound the disk
   */
  readonly authorBytesPerDayMax?: number | null;
}

/** Defaults of {@link QuotaOptions}. */
export const QUOTA_DEFAULTS: Required<QuotaOptions> = Object.freeze({
  logsMax: 65_536,
  logsPerAuthorMax: 16_384,
  rangesPerLogMax: 4_096,
  authorBytesPerDayMax: null,
});

const DAY_MS = 86_400_000;

/**
 * Refuses at admission what would let one author, or many, take more than their part. What is refused stays
 * missing, so it is taken when there is room again.
 */
export class Quotas {
  readonly #options: Required<QuotaOptions>;
  /** Bytes of this day, by channel and author. */
  #bytes = new Map<string, number>();
  #dayBeganMs = performance.now();

  constructor(options: QuotaOptions = {}) {
    this.#options = { ...QUOTA_DEFAULTS, ...options };
  }

  /** Why an entry is over a quota; `null` if it is not. */
  refusalOf(journal: ChannelJournal, entry: Entry): ErrorCode | null {
    const log = logIdOf(entry);
    if (!journal.knows(log)) {
      if (journal.logsKnown() >= this.#options.logsMax) return 'entry.quota-logs';
      if (journal.logsKnownOf(entry.author) >= this.#options.logsPerAuthorMax) return 'entry.quota-epochs';
    } else if (this.#isScattered(journal, entry)) {
      return 'entry.quota-holes';
    }
    const { authorBytesPerDayMax } = this.#options;
    if (authorBytesPerDayMax === null) return null;
    const used = this.#today().get(keyOf(journal.channel, entry.author)) ?? 0;
    return used + entry.bytes.length > authorBytesPerDayMax ? 'entry.quota-bytes' : null;
  }

  /** An entry of another author was stored. */
  noteStored(channel: string, author: NodeId, bytes: number): void {
    if (this.#options.authorBytesPerDayMax === null) return;
    const key = keyOf(channel, author);
    this.#today().set(key, (this.#bytes.get(key) ?? 0) + bytes);
  }

  /** True if the log has as many stretches as it may and the entry would begin another. */
  #isScattered(journal: ChannelJournal, entry: Entry): boolean {
    const log = logIdOf(entry);
    const stretches = journal.heldRanges(log).length + journal.skipped(log).length;
    if (stretches < this.#options.rangesPerLogMax) return false;
    const before = Math.max(1, entry.seq - entry.skip - 1);
    return journal.holds(log, before, lastSeqOf(entry) + 1) === 'none';
  }

  #today(): Map<string, number> {
    if (performance.now() - this.#dayBeganMs >= DAY_MS) {
      this.#dayBeganMs = performance.now();
      this.#bytes = new Map();
    }
    return this.#bytes;
  }
}

function keyOf(channel: string, author: NodeId): string {
  return `${channel} ${author}`;
}
