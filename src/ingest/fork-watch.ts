import { type Entry, lastSeqOf, logIdOf, verifyEntry } from '../entry/index.ts';
import { type Counters, isSedgeError, type Log, type Result, refuse } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, StoredRecord } from '../journal/index.ts';
import type { Realm } from '../realm/index.ts';
import { numberBefore } from './contradiction.ts';
import { type Fork, ForkBook } from './fork-book.ts';
import { ForkParts } from './fork-parts.ts';
import { decodeForkProof, type ForkProof, proofOf, proofOfVouching, verifyForkProof } from './fork-proof.ts';

/** What {@link ForkWatch} works with. */
export interface ForkWatchDependencies {
  readonly self: NodeId;
  readonly realm: Realm;
  readonly journalOf: (channel: string) => ChannelJournal | null;
  readonly decode: (record: StoredRecord) => Entry | null;
  readonly nowMs: () => number;
  readonly counters: Counters;
  readonly log: Log;
}

/** An epoch ended, or ends earlier than was known. */
export interface ForkEvent {
  readonly fork: Fork;
  readonly proof: ForkProof;
  /** `found`: two entries met here. `told`: another node's proof came, or this node's own of an earlier start. */
  readonly origin: 'found' | 'told';
  /** Resolves when what is held follows. */
  readonly cut: Promise<void>;
}

/** Who brought a proof, and when it came. */
export interface ProofOrigin {
  readonly reporter: NodeId;
  readonly receivedAtMs: number;
}

/** Proofs that wait for the grant of their author. */
const WAITING_MAX = 64;
/** An entry is compared with so many held ones that overlap it: the first proves the lowest end. */
const OVERLAPS_READ = 4;

/**
 * Finds the entries that no honest author signs both, believes the proofs of others, and ends the epoch: on all
 * nodes at the same number, the lowest of any pair.
 */
export class ForkWatch {
  readonly #deps: ForkWatchDependencies;
  readonly #book = new ForkBook();
  readonly #parts = new ForkParts();
  readonly #listeners = new Set<(event: ForkEvent) => void>();
  readonly #busy = new Set<Promise<void>>();
  #waiting: { readonly proof: ForkProof; readonly from: ProofOrigin }[] = [];

  constructor(deps: ForkWatchDependencies) {
    this.#deps = deps;
  }

  /** The first number of a log that no longer counts; `null` while its epoch goes on. */
  endOf(channel: string, log: ReturnType<typeof logIdOf>): number | null {
    return this.#book.endOf(channel, log);
  }

  /** All forks that are known. */
  forks(): Fork[] {
    return this.#book.forks();
  }

  /** Tells of ends as they become known, before anything follows from them; returns how to end that. */
  onFork(listener: (event: ForkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends what is known to have ended in a journal that was just opened. A disk that fails keeps nothing from opening. */
  async apply(journal: ChannelJournal): Promise<void> {
    for (const { channel, log, end } of this.#book.forks()) {
      if (channel !== journal.channel) continue;
      try {
        await journal.endLog(log, end);
      } catch (error) {
        if (!isSedgeError(error)) throw error;
        this.#deps.log.warn({ channel, log, code: error.code }, 'the end of an epoch could not be looked up');
      }
    }
  }

  /** Resolves when nothing is looked into any more. */
  async settle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  /** Takes a message of {@link FORK_TOPIC}. Refusals are counted. */
  offer(payload: Uint8Array, from: ProofOrigin): void {
    const taken = this.#offer(payload, from);
    if (!taken.ok) this.#deps.counters.count(taken.code);
  }

  /** Takes proofs again whose authors are no longer unknown. */
  releaseWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { proof, from } of waiting) this.#admit(proof, from);
  }

  /** Two entries that exclude each other and whose signatures were checked. */
  found(proof: ForkProof): void {
    this.#take(proof, 'found', { reporter: this.#deps.self, receivedAtMs: this.#deps.nowMs() });
  }

  /**
   * Looks for a held entry that excludes a given one, whose signature was checked; the one that proves the lowest
   * end. Throws what reading the journal throws.
   */
  async findAgainst(journal: ChannelJournal, entry: Entry): Promise<ForkProof | null> {
    const log = logIdOf(entry);
    const before = numberBefore(entry);
    const [first, last] = [entry.seq, lastSeqOf(entry)];
    // What an end took out is on disk and says as much as before.
    const read = (from: number, throughSeq: number, recordsMax: number) =>
      journal.readLog(log, from, { throughSeq, recordsMax, ended: true });
    const records = [
      ...(before < 1 ? [] : await read(before, before, 2)),
      ...(await read(first, last, OVERLAPS_READ)),
      ...(await read(last + 1, Number.MAX_SAFE_INTEGER, 1)),
    ];
    let lowest: ForkProof | null = null;
    for (const record of records) {
      const held = this.#deps.decode(record);
      const proof = held === null ? null : proofOf(held, entry);
      if (proof === null || (lowest !== null && lowest.end <= proof.end)) continue;
      if (record.facts.verifiedBy === 'signature' || this.#isSigned(held!)) lowest = proof;
    }
    return lowest;
  }

  /** The first held records that hold a number of an entry. */
  async overlapping(journal: ChannelJournal, entry: Entry): Promise<StoredRecord[]> {
    const [first, throughSeq] = [entry.seq, lastSeqOf(entry)];
    const log = logIdOf(entry);
    if (journal.holds(log, first, throughSeq) === 'none') return [];
    return journal.readLog(log, first, { throughSeq, recordsMax: OVERLAPS_READ });
  }

  /** Looks for what excludes an entry that is held or was shown, without keeping anybody waiting. */
  examine(journal: ChannelJournal, entry: Entry): void {
    this.#track(
      this.findAgainst(journal, entry).then((proof) => {
        if (proof !== null) this.found(proof);
      }),
    );
  }

  /** A held entry that was taken because a later one names it does not bear its author's signature: looks for that one. */
  vouched(channel: string, record: StoredRecord): void {
    const journal = this.#deps.journalOf(channel);
    if (journal !== null) this.#track(this.#proveVouching(journal, record));
  }

  async #proveVouching(journal: ChannelJournal, record: StoredRecord): Promise<void> {
    const bad = this.#deps.decode(record);
    const options = { recordsMax: 1, ended: true };
    const [next] = await journal.readLog(record.log, record.seq + record.count, options);
    const naming = next === undefined ? null : this.#deps.decode(next);
    const proof = bad === null || naming === null ? null : proofOfVouching(bad, naming);
    // Where the next one is bad too, that one's own check finds the pair.
    if (proof !== null && this.#isSigned(naming!)) this.found(proof);
  }

  #offer(payload: Uint8Array, from: ProofOrigin): Result<unknown> {
    const whole = this.#parts.take(payload);
    if (!whole.ok || whole.value === null) return whole;
    const proof = decodeForkProof(whole.value);
    if (!proof.ok) return proof;
    const [low] = proof.value.entries;
    const end = this.endOf(low.channel, logIdOf(low));
    if (end !== null && end <= proof.value.end) return proof;
    const verified = verifyForkProof(proof.value, this.#deps.realm.entryAad());
    if (!verified.ok) return verified;
    return this.#admit(verified.value, from) ? verified : refuse('fork.too-many');
  }

  /** A stranger's fork waits for its grant, as its entries do. */
  #admit(proof: ForkProof, from: ProofOrigin): boolean {
    if (this.#deps.realm.standing(proof.entries[0].author).status !== 'unknown') {
      this.#take(proof, 'told', from);
      return true;
    }
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push({ proof, from });
    return true;
  }

  #take(proof: ForkProof, origin: ForkEvent['origin'], { reporter, receivedAtMs }: ProofOrigin): void {
    const { channel, author, epoch } = proof.entries[0];
    const { kind, end } = proof;
    const log = logIdOf({ author, epoch });
    const fork: Fork = { channel, log, author, epoch, end, kind, reporter, foundAtMs: receivedAtMs };
    const news = this.#book.learn(fork);
    if (news === 'full') this.#deps.counters.count('fork.too-many');
    if (news !== 'lower') return;
    this.#deps.log.error(
      { author, channel, epoch, end, kind, reporter },
      'a log was forked: two entries of its author exclude each other',
    );
    const cut = this.#cut(proof);
    this.#track(cut);
    for (const listener of this.#listeners) listener({ fork, proof, origin, cut });
  }

  async #cut(proof: ForkProof): Promise<void> {
    const [low, high] = proof.entries;
    const journal = this.#deps.journalOf(low.channel);
    if (journal === null) return;
    await journal.endLog(logIdOf(low), proof.end);
    // What lies below may exclude the pair too: then the epoch ends even earlier.
    if (proof.kind !== 'bad-signature') this.examine(journal, low);
    this.examine(journal, high);
  }

  #isSigned(entry: Entry): boolean {
    return verifyEntry(entry.bytes, this.#deps.realm.entryAad()).ok;
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        // What cannot be read now is met again when a peer offers it.
        if (!isSedgeError(error)) throw error;
      })
      .finally(() => this.#busy.delete(tracked));
    this.#busy.add(tracked);
  }
}
