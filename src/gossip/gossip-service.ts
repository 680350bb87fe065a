import { sha256 } from '../bytes/index.ts';
import { ENTRY_BATCH_BYTES_MAX, type Entry } from '../entry/index.ts';
import { assertNever, type Counters } from '../errors/index.ts';
import type { Ingest, Verdict } from '../ingest/index.ts';
import type { GossipVerdict, Overlay } from '../overlay/index.ts';
import type { Realm } from '../realm/index.ts';

/** What {@link GossipService} works with. */
export interface GossipDependencies {
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly realm: Realm;
  readonly counters: Counters;
}

/**
 * The fast path: floods entries as they were signed, few topics for all channels. Forgets after seconds and
 * promises nothing; whatever is not flooded or gets lost is sync's business.
 */
export class GossipService {
  readonly #deps: GossipDependencies;

  constructor(deps: GossipDependencies) {
    this.#deps = deps;
  }

  /** Joins the realm's shards, once for the life of the overlay. */
  start(): void {
    for (let shard = 0; shard < this.#deps.realm.shards; shard++) {
      this.#deps.overlay.join(this.#topic(shard), (data) => this.#validate(data));
    }
  }

  /**
   * Floods an entry. `false` if it was left to sync: it is over 64 KiB, or a peer cannot take more now.
   */
  send(entry: Entry): boolean {
    if (entry.bytes.length > ENTRY_BATCH_BYTES_MAX) return false;
    return this.#deps.overlay.publish(
      this.#topic(shardOf(entry.channel, this.#deps.realm.shards)),
      entry.bytes,
    );
  }

  #topic(shard: number): string {
    return `/sedge/1/${this.#deps.realm.id}/${shard}`;
  }

  async #validate(data: Uint8Array): Promise<GossipVerdict> {
    if (data.length > ENTRY_BATCH_BYTES_MAX) {
      this.#deps.counters.count('gossip.malformed');
      return 'reject';
    }
    return gossipVerdict(await this.#deps.ingest.offer(data, { source: 'gossip', ageMs: 0 }));
  }
}

/** Which shard carries a channel: first 4 bytes of SHA-256 of its name, modulo the number of shards. */
export function shardOf(channel: string, shards: number): number {
  if (shards === 1) return 0;
  const digest = sha256(Buffer.from(channel, 'utf8'));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) % shards;
}

/**
 * What a verdict means for the relay. A known entry is not relayed: a replay must not flood again. A parked one
 * is ignored, never rejected: its grant may be on its way. Only what an honest peer cannot relay is rejected.
 */
function gossipVerdict(verdict: Verdict): GossipVerdict {
  switch (verdict.kind) {
    case 'stored':
    case 'relayed':
      return 'accept';
    case 'known':
    case 'parked':
      return 'ignore';
    case 'refused':
      return PROVES_BAD_RELAY.has(verdict.code) ? 'reject' : 'ignore';
    default:
      return assertNever(verdict);
  }
}

const PROVES_BAD_RELAY: ReadonlySet<string> = new Set([
  'entry.malformed',
  'entry.too-large',
  'entry.bad-signature',
]);
