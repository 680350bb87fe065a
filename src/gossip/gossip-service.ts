import { sha256 } from '../bytes/index.ts';
import { ENTRY_BATCH_BYTES_MAX, type Entry } from '../entry/index.ts';
import { assertNever, type Counters } from '../errors/index.ts';
import type { Ingest, Verdict } from '../ingest/index.ts';
import type { GossipVerdict, Overlay } from '../overlay/index.ts';
import type { Realm } from '../realm/index.ts';
import { Outbox } from './outbox.ts';

/** What {@link GossipService} works with. */
export interface GossipDependencies {
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly realm: Realm;
  readonly counters: Counters;
  readonly nowMs: () => number;
  /** Entries were not flooded to everyone: the others learn of them by sync. */
  readonly onLeft: () => void;
}

/**
 * The fast path: floods entries as they were signed, few topics for all channels. Forgets after seconds and
 * promises nothing; whatever is not flooded or gets lost is sync's business.
 */
export class GossipService {
  readonly #deps: GossipDependencies;

  readonly #outbox: Outbox<Entry>;
  #unlisten: (() => void) | null = null;

  constructor(deps: GossipDependencies) {
    this.#deps = deps;
    const { overlay, realm, nowMs, onLeft } = deps;
    this.#outbox = new Outbox<Entry>({
      send: ({ channel, bytes }) => overlay.publish(this.#topic(shardOf(channel, realm.shards)), bytes),
      onLeft,
      nowMs,
    });
  }

  /** Joins the realm's shards, once for the life of the overlay. */
  start(): void {
    this.#unlisten = this.#deps.overlay.onSkipped(() => this.#deps.onLeft());
    for (let shard = 0; shard < this.#deps.realm.shards; shard++) {
      this.#deps.overlay.join(this.#topic(shard), (data) => this.#validate(data));
    }
  }

  /** Ends the wait of entries that wait for room. */
  stop(): void {
    this.#unlisten?.();
    this.#unlisten = null;
    this.#outbox.stop();
  }

  /** Floods an entry. One over 64 KiB, or one that the network does not take in time, is left to sync. */
  send(entry: Entry): void {
    if (entry.bytes.length > ENTRY_BATCH_BYTES_MAX) this.#deps.onLeft();
    else this.#outbox.add(entry);
  }

  /** Resolves when the network takes entries again, or is given up as slow; `null` if it takes them now. */
  whenRoom(): Promise<void> | null {
    return this.#outbox.whenRoom();
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
