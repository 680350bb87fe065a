import { equalBytes } from '../bytes/index.ts';
import { decodeEntry, type Entry, lastSeqOf, logIdOf, verifyEntry } from '../entry/index.ts';
import { type Counters, type ErrorCode, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, EntrySource, LocalFacts, StoredEntry, StoredRecord } from '../journal/index.ts';
import { REALM_CHANNEL, REALM_TOPICS, type Realm } from '../realm/index.ts';
import { breaksChain, mayJoin } from './chain-place.ts';
import { proveRun, type RunItem } from './entry-run.ts';
import { FORK_TOPIC } from './fork-proof.ts';
import { ForkWatch } from './fork-watch.ts';
import { type ParkingLimits, ParkingLot } from './parking-lot.ts';
import type { Verdict } from './verdict.ts';

/** What {@link Ingest} works with. */
export interface IngestDependencies {
  /** This node. */
  readonly self: NodeId;
  readonly realm: Realm;
  /** The journal of a channel; `null` where the channel is not carried. */
  readonly journalOf: (channel: string) => ChannelJournal | null;
  readonly nowMs: () => number;
  /** Why an entry of that age is not taken though it may be valid; `null` if it is. @defaultValue all are taken */
  readonly refusalOf?: (entry: Entry, ageMs: number) => ErrorCode | null;
  readonly counters: Counters;
  readonly log: Log;
}

/** Where an offered entry came from. */
export interface Origin {
  readonly source: EntrySource;
  /** Age that came with the entry, milliseconds. */
  readonly ageMs: number;
}

/** Hears of every entry that was stored, in order of arrival, before the offer resolves. */
export type StoredListener = (stored: StoredEntry) => void;

/** Entries of a run stored in one go before others have their turn. */
const STORED_AT_ONCE = 64;

const KNOWN: Verdict = Object.freeze({ kind: 'known' });
const PARKED: Verdict = Object.freeze({ kind: 'parked' });
const RELAYED: Verdict = Object.freeze({ kind: 'relayed' });

/**
 * The one way in: whatever brings an entry (gossip, sync, import, the own author), it passes decode, limits,
 * known?, grant, signature, fork check, append, deliver. Answers at once where no disk is needed, so that the
 * order of arrival is kept.
 */
export class Ingest {
  /** Entries that exclude each other, and the epochs that ended by them. */
  readonly forks: ForkWatch;
  readonly #deps: IngestDependencies;
  readonly #parking: ParkingLot;
  readonly #listeners = new Set<StoredListener>();

  constructor(options: { readonly parking?: ParkingLimits }, deps: IngestDependencies) {
    this.#deps = deps;
    this.forks = new ForkWatch({ ...deps, decode: entryOf });
    this.#parking = new ParkingLot(options.parking);
  }

  /** Entries that wait for the grant of their author. */
  get parked(): number {
    return this.#parking.size;
  }

  /** Tells of stored entries; returns how to end that. */
  onStored(listener: StoredListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes an entry from outside. Never throws for what the bytes hold. */
  offer(bytes: Uint8Array, origin: Origin): Verdict | Promise<Verdict> {
    const decoded = decodeEntry(bytes);
    return decoded.ok ? this.offerEntry(decoded.value, origin) : this.#refuse(decoded.code);
  }

  /** Takes an entry that this node sealed itself. Throws where the journal cannot take it. */
  offerOwn(entry: Entry): StoredEntry {
    const journal = this.#deps.journalOf(entry.channel);
    if (journal === null) throw new Error(`bug: the own channel ${entry.channel} is not carried`);
    return this.#append(journal, entry, { source: 'own', ageMs: 0, verifiedBy: 'signature' });
  }

  /** {@link offer} for an entry that was decoded already. */
  offerEntry(entry: Entry, origin: Origin): Verdict | Promise<Verdict> {
    const journal = this.#deps.journalOf(entry.channel);
    const log = logIdOf(entry);
    const held = journal?.holds(log, entry.seq, lastSeqOf(entry)) ?? 'none';
    if (journal !== null && held !== 'none') return this.#judgeOverlap(journal, entry, held);
    if (this.#wasLetGo(entry)) {
      this.#deps.counters.count('journal.let-go');
      return KNOWN;
    }
    const unwelcome = this.#deps.refusalOf?.(entry, origin.ageMs) ?? null;
    if (unwelcome !== null) return this.#refuse(unwelcome);
    const breaks = journal !== null && breaksChain(journal, log, entry);
    if (!breaks && this.#isAfterEnd(entry)) return this.#refuse('entry.after-end');
    const refusal = this.#authorize(entry, origin);
    if (refusal !== null) return refusal;
    if (journal === null) return RELAYED;
    if (breaks) return this.#judgeContradiction(journal, entry);
    return this.#take(journal, entry, { ...origin, verifiedBy: 'signature' });
  }

  /**
   * Takes a run: ascending entries of one log, as sync and bundles bring them. One signature check proves the
   * whole run where it is chained (`proveRun`); `$realm` is checked entry by entry. Verdicts in the order of
   * the run; the list ends early with the refusal of a journal that takes nothing now (`journal.*`). Others
   * have their turn between slices of the run.
   */
  async offerRun(run: readonly RunItem[], source: EntrySource): Promise<Verdict[]> {
    const proven = await this.#proveNew(run);
    const verdicts: Verdict[] = [];
    for (const { entry, ageMs } of run) {
      const proof = proven.get(entry);
      const verdict =
        proof === undefined
          ? await this.offerEntry(entry, { source, ageMs })
          : await this.#takeProven(entry, { source, ageMs, verifiedBy: proof });
      verdicts.push(verdict);
      if (verdict.kind === 'refused' && verdict.code.startsWith('journal.')) break;
      if (verdicts.length % STORED_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return verdicts;
  }

  /** Proofs of the entries that a run may prove: new ones of granted authors. All others go the single way. */
  async #proveNew(run: readonly RunItem[]): Promise<Map<Entry, LocalFacts['verifiedBy']>> {
    const { realm, journalOf } = this.#deps;
    const proven = new Map<Entry, LocalFacts['verifiedBy']>();
    const fresh = run
      .filter(({ entry, ageMs }) => {
        if (this.#wasLetGo(entry) || (this.#deps.refusalOf?.(entry, ageMs) ?? null) !== null) return false;
        if (entry.channel === REALM_CHANNEL || this.#standing(entry) !== 'granted') return false;
        const journal = journalOf(entry.channel);
        if (journal === null || this.#isAfterEnd(entry)) return false;
        return journal.holds(logIdOf(entry), entry.seq, lastSeqOf(entry)) === 'none';
      })
      .map(({ entry }) => entry);
    const proofs = await proveRun(fresh, ({ bytes }) => verifyEntry(bytes, realm.entryAad()).ok);
    for (const [at, proof] of proofs.entries()) if (proof !== 'none') proven.set(fresh[at]!, proof);
    return proven;
  }

  /** Between the proof and now the numbers may have come another way, and the author may have been revoked. */
  #takeProven(entry: Entry, origin: Origin & Pick<LocalFacts, 'verifiedBy'>): Verdict | Promise<Verdict> {
    const journal = this.#deps.journalOf(entry.channel);
    const log = logIdOf(entry);
    const held = journal?.holds(log, entry.seq, lastSeqOf(entry));
    const other = held !== 'none' || this.#standing(entry) !== 'granted' || this.#wasLetGo(entry);
    if (journal === null || other || (this.#deps.refusalOf?.(entry, origin.ageMs) ?? null) !== null)
      return this.offerEntry(entry, origin);
    // A fork is proven by two signatures, so that the single way has to judge it.
    if (this.#isAfterEnd(entry) || breaksChain(journal, log, entry)) return this.offerEntry(entry, origin);
    return this.#take(journal, entry, origin);
  }

  /** Retention dropped it here: to take it again would be to drop it again. */
  #wasLetGo(entry: Entry): boolean {
    const journal = this.#deps.journalOf(entry.channel);
    return journal?.wasLetGo(logIdOf(entry), entry.seq, lastSeqOf(entry)) ?? false;
  }

  #isAfterEnd(entry: Entry): boolean {
    const end = this.forks.endOf(entry.channel, logIdOf(entry));
    return end !== null && lastSeqOf(entry) >= end;
  }

  #standing(entry: Entry): 'granted' | 'unknown' | 'revoked' {
    return this.#deps.realm.allows(entry.author, entry.channel, entry.epoch, lastSeqOf(entry));
  }

  /** Stores a valid entry whose numbers are new. */
  #take(journal: ChannelJournal, entry: Entry, origin: Origin & Pick<LocalFacts, 'verifiedBy'>): Verdict {
    try {
      const stored = this.#append(journal, entry, origin);
      if (mayJoin(journal, logIdOf(entry), entry)) this.forks.examine(journal, entry);
      return { kind: 'stored', stored };
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      return this.#refuse(error.code);
    }
  }

  /** Grant, then signature; `null` if both are good. */
  #authorize(entry: Entry, origin: Origin): Verdict | null {
    const { realm } = this.#deps;
    let standing = this.#standing(entry);
    if (standing === 'unknown' && !carriesGrants(entry)) return this.#park(entry, origin);
    if (standing === 'revoked') return this.#refuse('entry.revoked-author');
    if (!verifyEntry(entry.bytes, realm.entryAad()).ok) return this.#refuse('entry.bad-signature');
    if (standing === 'granted') return null;
    // The first entry of a newcomer's $realm log brings its own grant. Nothing else of a stranger counts.
    this.#readRealmMessages(entry, [REALM_TOPICS.grant]);
    standing = this.#standing(entry);
    return standing === 'granted' ? null : this.#park(entry, origin);
  }

  /**
   * The numbers are held, in part or whole: the same bytes again, or two entries of one author for one number,
   * which proves a fork.
   */
  async #judgeOverlap(journal: ChannelJournal, entry: Entry, held: 'some' | 'all'): Promise<Verdict> {
    let records: readonly StoredRecord[];
    try {
      records = await this.forks.overlapping(journal, entry);
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      return this.#refuse(error.code);
    }
    if (records.some((record) => equalBytes(record.bytes, entry.bytes))) return KNOWN;
    if (records.length === 0 && held === 'all') return KNOWN;
    if (!verifyEntry(entry.bytes, this.#deps.realm.entryAad()).ok) return this.#refuse('entry.bad-signature');
    return this.#judgeContradiction(journal, entry);
  }

  /** An entry whose signature is good excludes one that is held: the epoch ends at the lower one. */
  async #judgeContradiction(journal: ChannelJournal, entry: Entry): Promise<Verdict> {
    try {
      const proof = await this.forks.findAgainst(journal, entry);
      if (proof !== null) this.forks.found(proof);
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      return this.#refuse(error.code);
    }
    return this.#refuse('entry.forked');
  }

  #append(
    journal: ChannelJournal,
    entry: Entry,
    { source, ageMs, verifiedBy }: Origin & Pick<LocalFacts, 'verifiedBy'>,
  ): StoredEntry {
    const stored = journal.append(entry, { receivedAtMs: this.#deps.nowMs(), ageMs, source, verifiedBy });
    const realmEntry = entry.channel === REALM_CHANNEL;
    if (realmEntry) {
      this.#readRealmMessages(entry);
      this.#readForkMessages(stored);
    }
    for (const listener of this.#listeners) listener(stored);
    // What waited for it comes after it.
    if (realmEntry) this.releaseParked();
    return stored;
  }

  #park(entry: Entry, origin: Origin): Verdict {
    this.expireParked();
    if (!this.#parking.park({ entry, ...origin })) return this.#refuse('entry.parked-full');
    this.#deps.counters.count('entry.unknown-author');
    return PARKED;
  }

  #refuse(code: ErrorCode): Verdict {
    this.#deps.counters.count(code);
    return { kind: 'refused', code };
  }

  /** Applies grants, revocations and records. */
  #readRealmMessages(entry: Entry, topics: readonly string[] = Object.values(REALM_TOPICS)): void {
    for (const { topic, payload } of entry.messages ?? []) {
      if (!topics.includes(topic)) continue;
      const offered = this.#deps.realm.offer(topic, payload);
      if (!offered.ok) this.#deps.counters.count(offered.code);
    }
  }

  #readForkMessages({ entry, facts: { receivedAtMs } }: StoredEntry): void {
    for (const { topic, payload } of entry.messages ?? []) {
      if (topic === FORK_TOPIC) this.forks.offer(payload, { reporter: entry.author, receivedAtMs });
    }
  }

  /** Lets go of parked entries whose authors stayed unknown for too long. */
  expireParked(): void {
    const expired = this.#parking.expire();
    if (expired > 0) this.#deps.counters.count('entry.parked-expired', expired);
  }

  /** Offers parked entries again whose authors are no longer unknown. */
  releaseParked(): void {
    this.forks.releaseWaiting();
    for (const author of this.#parking.authors()) {
      if (this.#deps.realm.standing(author).status === 'unknown') continue;
      for (const { entry, source, ageMs } of this.#parking.take(author))
        void this.offerEntry(entry, { source, ageMs });
    }
  }
}

function carriesGrants(entry: Entry): boolean {
  return (
    entry.channel === REALM_CHANNEL &&
    (entry.messages?.some(({ topic }) => topic === REALM_TOPICS.grant) ?? false)
  );
}

function entryOf(record: StoredRecord): Entry | null {
  if (record.entry !== undefined) return record.entry;
  const decoded = decodeEntry(record.bytes);
  return decoded.ok ? decoded.value : null;
}
