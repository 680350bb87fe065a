import { Buffer } from 'node:buffer';
import { RunningSha256 } from '../bytes/index.ts';
import type { SigningKey } from '../cose/index.ts';
import { type LogId, splitLogId, ttlSecondsOf } from '../entry/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, SeqRange, StoredRecord } from '../journal/index.ts';
import { REALM_CHANNEL, type Realm } from '../realm/index.ts';
import type { EntryLifetimes, SignatureAudit } from '../sync/index.ts';
import {
  BUNDLE_CHANNELS_MAX,
  BUNDLE_VERSION,
  type BundleHeader,
  type BundleItem,
  encodeItem,
  HEADS_PER_RECORD_MAX,
} from './bundle-items.ts';
import { type BundleTotals, sealTotals } from './bundle-seal.ts';
import { type ChannelPlan, type ExportOptions, planChannel } from './export-plan.ts';

/** What an export works with. */
export interface ExportDependencies {
  readonly realm: Realm;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  /** Signs the end of the bundle. */
  readonly key: SigningKey;
  readonly node: NodeId;
  readonly nodeName: string;
  /** Id of this node's store, 16 hexadecimal digits. */
  readonly storeId: string;
  readonly nowMs: () => number;
  readonly lifetimes: EntryLifetimes;
  /** Which entries may end a run, and which must not leave this node. */
  readonly audit: Pick<SignatureAudit, 'maySeal' | 'isBad'>;
}

/** What went into a bundle. */
export interface ExportSummary {
  readonly bytes: number;
  readonly entries: number;
  readonly messages: number;
  /** Entries left out because their lifetime is over. */
  readonly expired: number;
  readonly channels: readonly {
    readonly channel: string;
    readonly entries: number;
    readonly messages: number;
    /** `<incarnation>:<position>`: an export since it brings what came later; `null` for an empty journal. */
    readonly through: string | null;
  }[];
}

/** Bytes handed on at once. */
const CHUNK_BYTES = 131_072;
const READ_BYTES = 262_144;

/**
 * A bundle as it is written, part by part, in bounded memory: whoever takes the next chunk lets it go on. The
 * summary is there when the last chunk was taken. What was received after the start is not in it.
 */
export class BundleExport implements AsyncIterable<Uint8Array> {
  readonly #options: ExportOptions;
  readonly #deps: ExportDependencies;
  readonly #sha = new RunningSha256();
  readonly #counts = { bytes: 0, records: 0, entries: 0, messages: 0, expired: 0 };
  readonly #channels: { channel: string; entries: number; messages: number; through: string | null }[] = [];
  #chunk: Uint8Array[] = [];
  #chunkBytes = 0;
  #header: BundleHeader | null = null;
  #summary: ExportSummary | null = null;

  /** Throws `bundle.unknown-channel` for a channel that is not carried here. */
  constructor(options: ExportOptions, deps: ExportDependencies) {
    const unknown = options.channels?.find((channel) => !deps.journals.has(channel));
    if (unknown !== undefined) throw new SedgeError('bundle.unknown-channel', { channel: unknown });
    this.#options = options;
    this.#deps = deps;
  }

  /** What the bundle says of itself; `null` before its first chunk. */
  get header(): BundleHeader | null {
    return this.#header;
  }

  /** What went into it; `null` until the last chunk was taken. */
  get summary(): ExportSummary | null {
    return this.#summary;
  }

  /** The chunks. Throws `journal.offset-unknown` with the first one, and what reading the journal throws. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const plans: ChannelPlan[] = [];
    for (const journal of this.#journals()) plans.push(await planChannel(journal, this.#sinceOf(journal)));
    this.#header = this.#headerOf(plans);
    this.#write(this.#header);
    yield* this.#grantsOf(plans);
    for (const plan of plans) {
      yield* this.#headsOf(plan);
      yield* this.#entriesOf(plan);
    }
    const { bytes, records, entries, messages, expired } = this.#counts;
    const totals: BundleTotals = { bytes, records, entries, messages, digest: this.#sha.digestSoFar() };
    this.#write({ kind: 'trailer', signed: sealTotals(totals, this.#deps.key, this.#deps.realm.id) });
    yield this.#takeChunk();
    this.#summary = { bytes: this.#counts.bytes, entries, messages, expired, channels: this.#channels };
  }

  /** The realm's own first: the other channels' authors are granted there. */
  #journals(): ChannelJournal[] {
    const { journals } = this.#deps;
    const chosen = new Set(this.#options.channels ?? journals.keys());
    const others = [...journals.keys()].filter((name) => name !== REALM_CHANNEL && chosen.has(name)).sort();
    const names = [REALM_CHANNEL, ...others];
    if (names.length > BUNDLE_CHANNELS_MAX) {
      throw new SedgeError('bundle.too-many-channels', { most: BUNDLE_CHANNELS_MAX });
    }
    return names.flatMap((name) => journals.get(name) ?? []);
  }

  #sinceOf({ channel }: ChannelJournal) {
    return channel === REALM_CHANNEL ? 'all' : (this.#options.since ?? 'all');
  }

  #headerOf(plans: readonly ChannelPlan[]): BundleHeader {
    const { realm, node, nodeName, storeId, nowMs } = this.#deps;
    return {
      kind: 'header',
      version: BUNDLE_VERSION,
      realm: realm.id,
      realmName: realm.name,
      storeId,
      node,
      nodeName,
      exportedAtMs: nowMs(),
      messages: plans.reduce((sum, { messages }) => sum + messages, 0),
      channels: plans.map(({ journal: { channel }, since, through }) => ({ channel, since, through })),
    };
  }

  /** Every author's own, and the exporter's: a node that met none of them can check all that follows. */
  *#grantsOf(plans: readonly ChannelPlan[]): Generator<Uint8Array> {
    const { realm, node } = this.#deps;
    const authors = new Set<NodeId>([node]);
    for (const { logs } of plans) for (const { log } of logs) authors.add(splitLogId(log).author);
    for (const author of authors) {
      const chain = realm.chainOf(author);
      if (chain !== null) this.#write({ kind: 'grants', chain });
      if (this.#chunkBytes >= CHUNK_BYTES) yield this.#takeChunk();
    }
  }

  *#headsOf({ journal: { channel }, heads }: ChannelPlan): Generator<Uint8Array> {
    for (let at = 0; at < heads.length; at += HEADS_PER_RECORD_MAX) {
      this.#write({ kind: 'heads', channel, heads: heads.slice(at, at + HEADS_PER_RECORD_MAX) });
      if (this.#chunkBytes >= CHUNK_BYTES) yield this.#takeChunk();
    }
  }

  async *#entriesOf({ journal, logs, through }: ChannelPlan): AsyncGenerator<Uint8Array> {
    const { channel } = journal;
    const before = { ...this.#counts };
    for (const { log, ranges } of logs) {
      for (const range of ranges) {
        for await (const records of readRange(journal, log, range)) {
          for (const record of this.#provable(journal, records)) {
            this.#writeEntry(channel, record);
            if (this.#chunkBytes >= CHUNK_BYTES) yield this.#takeChunk();
          }
        }
      }
    }
    this.#channels.push({
      channel,
      entries: this.#counts.entries - before.entries,
      messages: this.#counts.messages - before.messages,
      through: through === null ? null : `${through.incarnation}:${through.position}`,
    });
  }

  /** What came here by chain goes on only in a run that ends in a signature that was checked. */
  #provable({ channel }: ChannelJournal, records: readonly StoredRecord[]): StoredRecord[] {
    const { audit } = this.#deps;
    const run = records.filter(({ position }) => !audit.isBad(channel, position));
    while (run.length > 0 && !audit.maySeal(channel, run.at(-1)!)) run.pop();
    return run;
  }

  #writeEntry(channel: string, { bytes, facts, count }: StoredRecord): void {
    const { lifetimes } = this.#deps;
    if (lifetimes.isExpired({ channel, ttlSeconds: ttlSecondsOf(bytes) }, facts)) {
      this.#counts.expired++;
      return;
    }
    this.#write({ kind: 'entry', ageMs: Math.max(0, Math.floor(lifetimes.ageMs(facts))), bytes });
    this.#counts.entries++;
    this.#counts.messages += count;
  }

  #write(item: Exclude<BundleItem, { readonly kind: 'unknown' }>): void {
    const record = encodeItem(item);
    if (item.kind !== 'trailer') this.#sha.update(record);
    this.#chunk.push(record);
    this.#chunkBytes += record.length;
    this.#counts.bytes += record.length;
    this.#counts.records++;
  }

  #takeChunk(): Uint8Array {
    const chunk = Buffer.concat(this.#chunk);
    this.#chunk = [];
    this.#chunkBytes = 0;
    return chunk;
  }
}

/** The durable records of a log's numbers, ascending, piece by piece. */
async function* readRange(
  journal: ChannelJournal,
  log: LogId,
  { first, last }: SeqRange,
): AsyncGenerator<readonly StoredRecord[]> {
  for (let next = first; next <= last; ) {
    const options = { throughSeq: last, bytesMax: READ_BYTES, durableOnly: true };
    const records = await journal.readLog(log, next, options);
    const end = records.at(-1);
    if (end === undefined) return;
    yield records;
    next = end.seq + end.count;
    // Reads from the cache never leave the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
