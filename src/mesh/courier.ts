import {
  BundleExport,
  BundleImport,
  type ExportOptions,
  type ImportOptions,
  type ImportSummary,
} from '../bundle/index.ts';
import type { Counters } from '../errors/index.ts';
import type { Ingest } from '../ingest/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Realm, RealmDirectory } from '../realm/index.ts';
import type { SignatureAudit } from '../sync/index.ts';
import type { CarriedChannels } from './carried-channels.ts';

/** What {@link Courier} works with. */
export interface CourierDependencies {
  readonly realm: Realm;
  readonly place: RealmDirectory;
  readonly channels: CarriedChannels;
  readonly ingest: Ingest;
  readonly counters: Counters;
  readonly nowMs: () => number;
  /** Id of this node's store. */
  readonly storeId: () => string;
  readonly audit: () => SignatureAudit;
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
    const journalOf = (channel: string) => this.#journalOf(channel);
    return new BundleImport(options, { ...this.#deps, journalOf }).run(source);
  }

  async #journalOf(channel: string): Promise<ChannelJournal | null> {
    const { realm, channels } = this.#deps;
    return realm.channelNames().includes(channel) ? channels.open(channel) : null;
  }
}
