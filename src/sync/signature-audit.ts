import { verifyEntry } from '../entry/index.ts';
import { type Counters, isSedgeError, type Log } from '../errors/index.ts';
import type { ChannelJournal, StoredRecord } from '../journal/index.ts';
import type { AuditProgress } from './cursor-book.ts';

/** What {@link SignatureAudit} works with. */
export interface SignatureAuditDependencies {
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly entryAad: () => Uint8Array;
  /** How far an earlier process came with a channel; `null` to begin at the start. */
  readonly earlier?: (channel: string) => AuditProgress | null;
  /** A step is done: progress may be kept. */
  readonly onStep?: () => void;
  readonly counters: Counters;
  readonly log: Log;
  /** An entry that its author vouched for in a later one does not bear the author's signature. */
  readonly onBadSignature: (channel: string, record: StoredRecord) => void;
}

/** Pause between two steps: with {@link CHECKS_PER_STEP} at most 200 checks a second, 3% of a desktop's core. */
const STEP_MS = 100;
const CHECKS_PER_STEP = 20;
const RECORDS_PER_READ = 64;
const BYTES_PER_READ = 262_144;
/** Positions checked out of turn that are remembered, and bad ones, in each channel. */
const REMEMBERED_MAX = 4_096;

/** How far a channel's journal was gone through. */
interface ChannelAudit {
  /** Every entry up to here bears its author's signature, but for the bad ones. */
  through: number;
  readonly checked: Set<number>;
  readonly bad: Set<number>;
  /** Read and not gone through yet. */
  ahead: readonly StoredRecord[];
}

/**
 * Checks the own signatures of entries that were accepted by chain: those that end a batch before it is served,
 * all others slowly in the background. What was accepted by chain is served only in a run that ends in a checked
 * signature; what turns out bad is counted, reported and never served.
 */
export class SignatureAudit {
  readonly #deps: SignatureAuditDependencies;
  readonly #channels = new Map<string, ChannelAudit>();
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  constructor(deps: SignatureAuditDependencies) {
    this.#deps = deps;
  }

  /** Begins the background check. Idempotent. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.wake();
  }

  /** Ends it at once. Idempotent. */
  stop(): void {
    this.#running = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** There is something to check. */
  wake(): void {
    if (!this.#running || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      void this.#step().then((more) => {
        this.#timer = null;
        if (more) this.wake();
      });
    }, STEP_MS);
  }

  /** True if an entry bears its author's signature: a batch may end with it. */
  maySeal(channel: string, record: StoredRecord): boolean {
    const audit = this.#of(channel);
    if (audit.bad.has(record.position)) return false;
    if (record.facts.verifiedBy === 'signature' || record.position <= audit.through) return true;
    return audit.checked.has(record.position) || this.#check(channel, audit, record);
  }

  /** True if an entry is known not to bear its author's signature. */
  isBad(channel: string, position: number): boolean {
    return this.#channels.get(channel)?.bad.has(position) ?? false;
  }

  /** How far a channel was gone through, and what was bad there. */
  progress(channel: string): AuditProgress {
    const audit = this.#of(channel);
    return { through: audit.through, bad: [...audit.bad] };
  }

  /** Goes through the next records; `false` when all channels are through. */
  async #step(): Promise<boolean> {
    let checks = 0;
    let more = false;
    for (const [channel, journal] of this.#deps.journals) {
      const audit = this.#of(channel);
      try {
        if (audit.ahead.length === 0) await this.#read(journal, audit);
      } catch (error) {
        if (!isSedgeError(error)) throw error;
        this.#deps.log.debug({ channel, code: error.code }, 'signatures could not be checked');
        continue;
      }
      let at = 0;
      for (; at < audit.ahead.length && checks < CHECKS_PER_STEP; at++) {
        const record = audit.ahead[at]!;
        if (record.facts.verifiedBy === 'chain' && !audit.checked.delete(record.position)) {
          checks++;
          if (!audit.bad.has(record.position)) this.#check(channel, audit, record);
        }
        audit.checked.delete(record.position);
        audit.through = record.position;
      }
      audit.ahead = audit.ahead.slice(at);
      if (audit.ahead.length > 0 || audit.through < journal.lastPosition) more = true;
    }
    this.#deps.onStep?.();
    return more && this.#running;
  }

  async #read(journal: ChannelJournal, audit: ChannelAudit): Promise<void> {
    const last = journal.lastPosition;
    if (audit.through >= last) return;
    audit.ahead = await journal.readArrival(audit.through + 1, {
      recordsMax: RECORDS_PER_READ,
      bytesMax: BYTES_PER_READ,
    });
    // Positions at the end may have been lost to damage.
    if (audit.ahead.length === 0) audit.through = last;
  }

  #check(channel: string, audit: ChannelAudit, record: StoredRecord): boolean {
    const remembered = record.position > audit.through ? audit.checked : null;
    if (verifyEntry(record.bytes, this.#deps.entryAad()).ok) {
      if (remembered !== null && remembered.size < REMEMBERED_MAX) remembered.add(record.position);
      return true;
    }
    if (audit.bad.size < REMEMBERED_MAX) audit.bad.add(record.position);
    this.#deps.counters.count('entry.bad-signature');
    const { log, seq } = record;
    this.#deps.log.error({ channel, log, seq }, 'an author vouched for an entry without a good signature');
    this.#deps.onBadSignature(channel, record);
    return false;
  }

  #of(channel: string): ChannelAudit {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const { through, bad } = this.#deps.earlier?.(channel) ?? { through: 0, bad: [] };
    const remembered = bad.slice(0, REMEMBERED_MAX);
    const made: ChannelAudit = { through, checked: new Set(), bad: new Set(remembered), ahead: [] };
    this.#channels.set(channel, made);
    return made;
  }
}
