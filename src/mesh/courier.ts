import {
  BundleExport,
  BundleImport,
  type ExporterHoldings,
  type ExportOptions,
  type ImportOptions,
  type ImportSummary,
} from '../bundle/index.ts';
import type { Counters } from '../errors/index.ts';
import type { Ingest } from '../ingest/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Realm, RealmDirectory } from '../realm/index.ts';
import type { PeerHoldings } from '../receipts/index.ts';
import { type EntryLifetimes, rangesBelow, type SignatureAudit } from '../sync/index.ts';
import type { CarriedChannels } from './carried-channels.ts';

/** What {@link Courier} works with. */
export interface CourierDependencies {
  readonly realm: Realm;
  readonly place: RealmDirectory;
  readonly channels: CarriedChannels;
  readonly ingest: Ingest;
  readonly counters: Counters;
  readonly nowMs: () => number;
  /** Channels that this node carries. */
  readonly channelNames: () => readonly string[];
  /** Id of this node's store. */
  readonly storeId: () => string;
  readonly audit: () => SignatureAudit;
  readonly lifetimes: EntryLifetimes;
  readonly holdings: PeerHoldings;
}

/** Writes and reads bundles: a file on a stick is a peer like any other. */
export class Courier {
  readonly #deps: CourierDependencies;

  constructor(deps: CourierDependencies) {
    this.#deps = deps;
  }

  /** See `Mesh.exportBundle`. */
  export(options: ExportOptions): BundleExport {
    const { place, channels, storeId, audit } = this.#deps;
    const { identity, nodeName } = place;
    return new BundleExport(options, {
      ...this.#deps,
      journals: channels.journals,
      key: identity,
      node: identity.nodeId,
      nodeName,
      storeId: storeId(),
      audit: audit(),
    });
  }

  /** See `Mesh.importBundle`. */
  import(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: ImportOptions,
  ): Promise<ImportSummary> {
    return new BundleImport(options, {
      ...this.#deps,
      journalOf: (channel) => this.#journalOf(channel),
      onHoldings: (held) => this.#noteHoldings(held),
    }).run(source);
  }

  /**
   * What the exporter held when it wrote the bundle: so a stick that comes back brings word of what arrived. Its clock
   * is believed only for the past, and never over what was known later.
   */
  #noteHoldings({ exporter, exportedAtMs, heads }: ExporterHoldings): void {
    const { holdings, nowMs, place } = this.#deps;
    if (exporter === place.identity.nodeId) return;
    const asOfMs = Math.min(exportedAtMs, nowMs());
    for (const { channel, heads: logs } of heads) {
      for (const { log, last, holes } of logs) {
        if ((holdings.of(exporter, { channel, log })?.asOfMs ?? -1) >= asOfMs) continue;
        holdings.note(
          exporter,
          { channel, log },
          { ranges: rangesBelow(last, holes), asOfMs, source: 'bundle' },
        );
      }
    }
  }

  async #journalOf(channel: string): Promise<ChannelJournal | null> {
    const { channelNames, channels } = this.#deps;
    return channelNames().includes(channel) ? channels.open(channel) : null;
  }
}
