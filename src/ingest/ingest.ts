import { equalBytes } from '../bytes/index.ts';
import { decodeEntry, type Entry, lastSeqOf, logIdOf, verifyEntry } from '../entry/index.ts';
import { type Counters, type ErrorCode, isSedgeError, type Log } from '../errors/index.ts';
import type { ChannelJournal, EntrySource, StoredEntry, StoredRecord } from '../journal/index.ts';
import { REALM_CHANNEL, REALM_TOPICS, type Realm } from '../realm/index.ts';
import { type ParkingLimits, ParkingLot } from './parking-lot.ts';
import type { Verdict } from './verdict.ts';

/** What {@link Ingest} works with. */
export interface IngestDependencies {
  readonly realm: Realm;
  /** The journal of a channel; `null` where the channel is not carried. */
  readonly journalOf: (channel: string) => ChannelJournal | null;
  readonly nowMs: () => number;
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

const KNOWN: Verdict = Object.freeze({ kind: 'known' });
const PARKED: Verdict = Object.freeze({ kind: 'parked' });
const RELAYED: Verdict = Object.freeze({ kind: 'relayed' });

/**
 * The one way in: whatever brings an entry (gossip, sync, import, the own author), it passes decode, limits,
 * known?, grant, signature, fork check, append, deliver. Answers at once where no disk is needed, so that the
 * order of arrival is kept.
 */
export class Ingest {
  readonly #deps: IngestDependencies;
  readonly #parking: ParkingLot;
  readonly #listeners = new Set<StoredListener>();

  constructor(options: { readonly parking?: ParkingLimits }, deps: IngestDependencies) {
    this.#deps = deps;
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
    return this.#append(journal, entry, { source: 'own', ageMs: 0 });
  }

  /** {@link offer} for an entry that was decoded already. */
  offerEntry(entry: Entry, origin: Origin): Verdict | Promise<Verdict> {
    const journal = this.#deps.journalOf(entry.channel);
    const held = journal?.holds(logIdOf(entry), entry.seq, lastSeqOf(entry)) ?? 'none';
    if (journal !== null && held !== 'none') return this.#judgeOverlap(journal, entry, held);
    const refusal = this.#authorize(entry, origin);
    if (refusal !== null) return refusal;
    if (journal === null) return RELAYED;
    try {
      return { kind: 'stored', stored: this.#append(journal, entry, origin) };
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      return this.#refuse(error.code);
    }
  }

  /** Grant, then signature; `null` if both are good. */
  #authorize(entry: Entry, origin: Origin): Verdict | null {
    const { realm } = this.#deps;
    let standing = realm.allows(entry.author, entry.channel, entry.epoch, lastSeqOf(entry));
    if (standing === 'unknown' && !carriesGrants(entry)) return this.#park(entry, origin);
    if (standing === 'revoked') return this.#refuse('entry.revoked-author');
    if (!verifyEntry(entry.bytes, realm.entryAad()).ok) return this.#refuse('entry.bad-signature');
    if (standing === 'granted') return null;
    // The first entry of a newcomer's $realm log brings its own grant. Nothing else of a stranger counts.
    this.#readRealmMessages(entry, [REALM_TOPICS.grant]);
    standing = realm.allows(entry.author, entry.channel, entry.epoch, lastSeqOf(entry));
    return standing === 'granted' ? null : this.#park(entry, origin);
  }

  /**
   * The numbers are held, in part or whole: the same bytes again, or two entries of one author for one number,
   * which proves a fork. The one that came first stays.
   */
  async #judgeOverlap(journal: ChannelJournal, entry: Entry, held: 'some' | 'all'): Promise<Verdict> {
    let records: readonly StoredRecord[];
    try {
      records = await journal.overlap(logIdOf(entry), entry.seq, lastSeqOf(entry));
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      return this.#refuse(error.code);
    }
    if (records.some((record) => equalBytes(record.bytes, entry.bytes))) return KNOWN;
    if (records.length === 0 && held === 'all') return KNOWN;
    if (!verifyEntry(entry.bytes, this.#deps.realm.entryAad()).ok) return this.#refuse('entry.bad-signature');
    this.#deps.log.error(
      { author: entry.author, channel: entry.channel, epoch: entry.epoch, seq: entry.seq },
      'an author signed two different entries for one number',
    );
    return this.#refuse('entry.forked');
  }

  #append(journal: ChannelJournal, entry: Entry, origin: Origin): StoredEntry {
    const stored = journal.append(entry, {
      receivedAtMs: this.#deps.nowMs(),
      ageMs: origin.ageMs,
      source: origin.source,
      verifiedBy: 'signature',
    });
    const realmEntry = entry.channel === REALM_CHANNEL;
    if (realmEntry) this.#readRealmMessages(entry);
    for (const listener of this.#listeners) listener(stored);
    // What waited for it comes after it.
    if (realmEntry) this.releaseParked();
    return stored;
  }

  #park(entry: Entry, origin: Origin): Verdict {
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

  /** Offers parked entries again whose authors are no longer unknown. */
  releaseParked(): void {
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
