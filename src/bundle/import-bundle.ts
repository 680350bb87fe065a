import { decodeEntry, type Entry } from '../entry/index.ts';
import { assertNever, type Counters, type ErrorCode, SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { type Ingest, type RunItem, runsOf, type Verdict } from '../ingest/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Realm } from '../realm/index.ts';
import {
  BUNDLE_VERSION,
  type BundleEntry,
  type BundleHeader,
  type BundleHeads,
  type BundleItem,
  type BundleTrailer,
} from './bundle-items.ts';
import { type BundlePart, type BytesBefore, readBundle } from './bundle-reader.ts';
import { openSeal } from './bundle-seal.ts';
import { ClaimedHeads } from './claimed-heads.ts';

/** What an import works with. */
export interface ImportDependencies {
  readonly realm: Realm;
  readonly ingest: Ingest;
  /** The journal of a channel, opened if the realm has come to declare it; `null` where it is not carried. */
  readonly journalOf: (channel: string) => Promise<ChannelJournal | null>;
  readonly counters: Counters;
  /** A whole bundle, signed by a granted node, said what that node held. */
  readonly onHoldings?: (held: ExporterHoldings) => void;
}

/** What the exporter of a bundle held when it wrote it. */
export interface ExporterHoldings {
  readonly exporter: NodeId;
  /** The exporter's clock, milliseconds since 1970. */
  readonly exportedAtMs: number;
  readonly heads: readonly BundleHeads[];
}

/** How an import runs. */
export interface ImportOptions {
  readonly signal?: AbortSignal;
  /** Called after each stretch of entries. */
  readonly onProgress?: (progress: ImportCounts) => void;
}

/** What became of the entries of a bundle so far. */
export interface ImportCounts {
  readonly entries: number;
  /** New here, verified and kept. */
  readonly stored: number;
  readonly storedMessages: number;
  /** Held already. */
  readonly known: number;
  /** Their author's grant is not known yet. */
  readonly parked: number;
  /** Of channels that this node does not carry. */
  readonly notCarried: number;
  readonly refused: number;
  /** Stretches of bytes that are no record any more. */
  readonly damaged: number;
}

/**
 * `whole`: every byte is as the exporter signed it. `truncated`: the end is missing. `altered`: something was
 * damaged or changed on the way. What was whole was imported in any case.
 */
export type BundleState = 'whole' | 'truncated' | 'altered';

/** What an import did. */
export interface ImportSummary extends ImportCounts {
  readonly state: BundleState;
  /** Who exported it and when, by its clock; `null` where that part is damaged. */
  readonly from: { readonly node: NodeId; readonly name: string; readonly exportedAtMs: number } | null;
  /** Why entries were refused. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Messages that the exporter held and that neither the bundle brought nor this node holds. */
  readonly stillMissing: number;
}

/** Entries that are proven together, at most: a run of one log costs a signature check or two. */
const RUN_ENTRIES_MAX = 256;
const RUN_BYTES_MAX = 1_048_576;
/** Records taken in a row before sockets and timers get their turn. */
const PARTS_PER_TURN = 64;
/** A file without a record in so many stretches of damage is no bundle. */
const STRANGE_PARTS_MAX = 4;

/**
 * Takes in a bundle as it is read: every entry passes the ingest as if a peer had sent it, is checked by its own
 * signature and kept by itself. An import that was cut goes on when it is made again; what is held is counted as
 * known. Nothing in a bundle is believed but what an author, or for the trailer the exporter, signed.
 */
export class BundleImport {
  readonly #deps: ImportDependencies;
  readonly #options: ImportOptions;
  readonly #counts = {
    entries: 0,
    stored: 0,
    storedMessages: 0,
    known: 0,
    parked: 0,
    notCarried: 0,
    refused: 0,
    damaged: 0,
  };
  readonly #refusals = new Map<string, number>();
  readonly #journals = new Map<string, ChannelJournal | null>();
  readonly #claims = new ClaimedHeads();
  /** Entries in a row that wait to be offered together. */
  #gathered: RunItem[] = [];
  #gatheredBytes = 0;
  #header: BundleHeader | null = null;
  #parts = 0;
  /** Sound records before the one at hand. */
  #items = 0;
  #messages = 0;
  #cut = false;
  #state: BundleState | null = null;

  constructor(options: ImportOptions, deps: ImportDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * Runs to the end of the source. Throws `bundle.not-a-bundle`, `bundle.version`, `bundle.other-realm` before
   * anything is taken, and what keeps the journal from taking more (`journal.disk-full`): what came before stays.
   */
  async run(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<ImportSummary> {
    let sound = false;
    try {
      for await (const part of readBundle(source)) {
        this.#options.signal?.throwIfAborted();
        sound ||= part.kind === 'item';
        if (!sound && this.#parts >= STRANGE_PARTS_MAX) break;
        await this.#take(part);
        if (++this.#parts % PARTS_PER_TURN === 0) await this.#turn();
      }
    } catch (error) {
      // What came before stays, whatever ended it.
      await this.#offerGathered().catch(() => {});
      throw error;
    }
    if (!sound) throw new SedgeError('bundle.not-a-bundle');
    await this.#offerGathered();
    for (const journal of this.#journals.values()) await journal?.commit();
    return this.#summary();
  }

  async #take(part: BundlePart): Promise<void> {
    switch (part.kind) {
      case 'item':
        await this.#takeItem(part.item, part.before);
        this.#items++;
        break;
      case 'damaged':
        this.#damaged();
        break;
      case 'cut':
        if (this.#state === 'whole') this.#state = 'altered';
        this.#cut = true;
        break;
      default:
        assertNever(part);
    }
  }

  async #takeItem(item: BundleItem, before: BytesBefore): Promise<void> {
    // What follows the end was put there by somebody else.
    if (this.#state === 'whole') this.#state = 'altered';
    if (item.kind !== 'entry') await this.#offerGathered();
    switch (item.kind) {
      case 'header':
        this.#takeHeader(item);
        break;
      case 'grants':
        this.#takeGrants(item.chain);
        break;
      case 'heads':
        await this.#journalOf(item.channel);
        this.#claims.add(item);
        break;
      case 'entry':
        await this.#takeEntry(item);
        break;
      case 'trailer':
        this.#takeTrailer(item, before);
        break;
      case 'unknown':
        break;
      default:
        assertNever(item);
    }
  }

  #takeHeader(header: BundleHeader): void {
    if (this.#header !== null) return void this.#damaged();
    if (header.version > BUNDLE_VERSION)
      throw new SedgeError('bundle.version', { version: header.version, known: BUNDLE_VERSION });
    const { realm } = this.#deps;
    if (header.realm !== realm.id) {
      throw new SedgeError('bundle.other-realm', { bundle: header.realmName, here: realm.name });
    }
    this.#header = header;
  }

  #takeGrants(chain: readonly Uint8Array[]): void {
    const offered = this.#deps.realm.offerGrantChain(chain);
    if (offered.ok) this.#deps.ingest.releaseParked();
    else this.#refuse(offered.code);
  }

  async #takeEntry({ ageMs, bytes }: BundleEntry): Promise<void> {
    this.#counts.entries++;
    const entry = decodeEntry(bytes);
    if (!entry.ok) {
      this.#deps.counters.count(entry.code);
      return this.#refuse(entry.code);
    }
    this.#messages += entry.value.count;
    this.#gathered.push({ entry: entry.value, ageMs });
    this.#gatheredBytes += bytes.length;
    if (this.#gathered.length >= RUN_ENTRIES_MAX || this.#gatheredBytes >= RUN_BYTES_MAX)
      await this.#offerGathered();
  }

  async #offerGathered(): Promise<void> {
    const items = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    for (const run of runsOf(items)) await this.#offer(run, await this.#journalOf(run[0]!.entry.channel));
  }

  /** Where the backlog of the journal is full, waits for the disk. Throws what keeps it from taking anything. */
  async #offer(run: readonly RunItem[], journal: ChannelJournal | null): Promise<void> {
    for (let at = 0; at < run.length; ) {
      const verdicts = await this.#deps.ingest.offerRun(run.slice(at), 'import');
      const last = verdicts.at(-1);
      const stuck = last?.kind === 'refused' && last.code.startsWith('journal.') ? last.code : null;
      const settled = stuck === null ? verdicts : verdicts.slice(0, -1);
      for (const verdict of settled) this.#judge(verdict, run[at++]!.entry);
      if (stuck === null) continue;
      if (stuck !== 'journal.backlog-full' || journal === null) throw new SedgeError(stuck);
      await journal.commit();
    }
  }

  #judge(verdict: Verdict, entry: Entry): void {
    switch (verdict.kind) {
      case 'stored':
        this.#counts.stored++;
        this.#counts.storedMessages += entry.count;
        break;
      case 'known':
        this.#counts.known++;
        break;
      case 'parked':
        this.#counts.parked++;
        break;
      case 'relayed':
        this.#counts.notCarried++;
        break;
      case 'refused':
        this.#refuse(verdict.code);
        break;
      default:
        assertNever(verdict);
    }
  }

  async #journalOf(channel: string): Promise<ChannelJournal | null> {
    const known = this.#journals.get(channel);
    // What the realm declares may have come with this very bundle.
    if (known !== undefined && known !== null) return known;
    const journal = await this.#deps.journalOf(channel);
    this.#journals.set(channel, journal);
    return journal;
  }

  /** The end: whether all before it is what the exporter wrote. */
  #takeTrailer({ signed }: BundleTrailer, before: BytesBefore): void {
    const seal = openSeal(signed, this.#deps.realm.id);
    const { damaged, entries } = this.#counts;
    const whole =
      seal !== null &&
      seal.signer === this.#header?.node &&
      seal.totals.bytes === before.bytes &&
      seal.totals.records === this.#items &&
      seal.totals.entries === entries &&
      seal.totals.messages === this.#messages &&
      damaged === 0 &&
      seal.totals.digest === before.digest();
    this.#state = whole ? 'whole' : 'altered';
    if (!whole || this.#deps.realm.standing(seal.signer).status !== 'granted') return;
    const { exportedAtMs } = this.#header!;
    this.#deps.onHoldings?.({ exporter: seal.signer, exportedAtMs, heads: this.#claims.all() });
  }

  #damaged(): void {
    this.#counts.damaged++;
    this.#deps.counters.count('bundle.damaged');
    if (this.#state === 'whole') this.#state = 'altered';
  }

  #refuse(code: ErrorCode): void {
    this.#counts.refused++;
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  async #turn(): Promise<void> {
    this.#options.onProgress?.({ ...this.#counts });
    await new Promise((resolve) => setImmediate(resolve));
  }

  #summary(): ImportSummary {
    const header = this.#header;
    return {
      ...this.#counts,
      state: this.#state ?? (this.#counts.damaged > 0 && !this.#cut ? 'altered' : 'truncated'),
      from:
        header === null
          ? null
          : { node: header.node, name: header.nodeName, exportedAtMs: header.exportedAtMs },
      refusals: Object.fromEntries(this.#refusals),
      stillMissing: this.#claims.missingFrom((channel) => this.#journals.get(channel) ?? null),
    };
  }
}
