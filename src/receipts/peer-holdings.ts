import type { LogId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { SeqRange } from '../journal/index.ts';
import { coversRange } from '../sync/index.ts';
import type { ChannelLog } from './receipt-frames.ts';

/**
 * How this node came to know what a peer holds: from a receipt (after fsync there), its heads, equal roots, or a bundle
 * that it signed.
 */
export type HoldingSource = 'receipt' | 'heads' | 'in-sync' | 'bundle';

/** What a peer was last known to hold of a log. */
export interface Holding {
  readonly ranges: readonly SeqRange[];
  readonly asOfMs: number;
  readonly source: HoldingSource;
}

/** A moment at which a peer held all that this node held of a channel. */
export interface InSyncAt {
  /** Root of both. */
  readonly root: string;
  /** Position in this node's journal of the channel up to which it holds all. */
  readonly position: number;
  readonly asOfMs: number;
}

/** Limits of {@link PeerHoldings}. */
export interface HoldingLimits {
  /** Peers that are remembered; the one heard of least lately goes first. @defaultValue 256 */
  readonly peersMax: number;
  /** Logs of one peer, likewise. @defaultValue 4,096: some hundred kilobytes a peer */
  readonly logsPerPeerMax: number;
}

/** Defaults of {@link HoldingLimits}. */
export const HOLDING_DEFAULTS: HoldingLimits = Object.freeze({ peersMax: 256, logsPerPeerMax: 4_096 });

interface PeerRecord {
  storeId: string | null;
  heardAtMs: number | null;
  readonly logs: Map<string, Holding>;
  readonly inSync: Map<string, InSyncAt>;
}

/** What peers are known to hold, absent ones too, with when it was known. Bounded; the oldest is forgotten first. */
export class PeerHoldings {
  readonly #limits: HoldingLimits;
  readonly #peers = new Map<NodeId, PeerRecord>();

  constructor(limits: Partial<HoldingLimits> = {}) {
    this.#limits = { ...HOLDING_DEFAULTS, ...limits };
  }

  /** Peers of which anything is known. */
  peers(): IterableIterator<NodeId> {
    return this.#peers.keys();
  }

  /** A peer holds these numbers of a log, and no others that this node was told of before. */
  note(peer: NodeId, of: ChannelLog, holding: Holding): void {
    const { logs } = this.#touch(peer);
    const key = keyOf(of);
    logs.delete(key);
    logs.set(key, holding);
    const [oldest] = logs.keys();
    if (logs.size > this.#limits.logsPerPeerMax && oldest !== undefined) logs.delete(oldest);
  }

  /** A peer holds all that this node holds of a channel. */
  noteInSync(peer: NodeId, channel: string, at: InSyncAt): void {
    this.#touch(peer).inSync.set(channel, at);
  }

  /** A peer's store has this id. Under another one the peer lost what it had: what was known is worth nothing. */
  noteStore(peer: NodeId, storeId: string): void {
    const known = this.#peers.get(peer)?.storeId ?? null;
    if (known !== null && known !== storeId) this.#peers.delete(peer);
    this.#touch(peer).storeId = storeId;
  }

  /** A frame of a peer's session came. */
  noteHeard(peer: NodeId, atMs: number): void {
    this.#touch(peer).heardAtMs = atMs;
  }

  /** When a frame of a peer's session last came, milliseconds since 1970; `null` for never. */
  heardAtMs(peer: NodeId): number | null {
    return this.#peers.get(peer)?.heardAtMs ?? null;
  }

  /** What a peer was last known to hold of a log; `null` for unknown. */
  of(peer: NodeId, log: ChannelLog): Holding | null {
    return this.#peers.get(peer)?.logs.get(keyOf(log)) ?? null;
  }

  /** Id of a peer's store; `null` where it was not met. */
  storeOf(peer: NodeId): string | null {
    return this.#peers.get(peer)?.storeId ?? null;
  }

  /** When a peer last held all of each channel. */
  inSyncOf(peer: NodeId): Iterable<[channel: string, at: InSyncAt]> {
    return this.#peers.get(peer)?.inSync ?? [];
  }

  /** All logs of which a peer said what it holds, the latest last. */
  *allLogsOf(peer: NodeId): IterableIterator<[ChannelLog, Holding]> {
    for (const [key, holding] of this.#peers.get(peer)?.logs ?? []) {
      const space = key.indexOf(' ');
      yield [{ channel: key.slice(0, space), log: key.slice(space + 1) as LogId }, holding];
    }
  }

  /** All logs of a channel of which a peer said what it holds. */
  *logsOf(peer: NodeId, channel: string): IterableIterator<[LogId, Holding]> {
    for (const [key, holding] of this.#peers.get(peer)?.logs ?? []) {
      if (key.startsWith(`${channel} `)) yield [key.slice(channel.length + 1) as LogId, holding];
    }
  }

  /** When a peer last held all of a channel; `null` for never. */
  inSync(peer: NodeId, channel: string): InSyncAt | null {
    return this.#peers.get(peer)?.inSync.get(channel) ?? null;
  }

  /** True if some node that `counts` is known to hold the whole range. */
  isHeldElsewhere(log: ChannelLog, range: SeqRange, counts: (peer: NodeId) => boolean): boolean {
    for (const [peer, { logs }] of this.#peers) {
      const ranges = logs.get(keyOf(log))?.ranges ?? [];
      if (coversRange(ranges, range.first, range.last) && counts(peer)) return true;
    }
    return false;
  }

  #touch(peer: NodeId): PeerRecord {
    const record = this.#peers.get(peer) ?? {
      storeId: null,
      heardAtMs: null,
      logs: new Map(),
      inSync: new Map(),
    };
    this.#peers.delete(peer);
    this.#peers.set(peer, record);
    const [oldest] = this.#peers.keys();
    if (this.#peers.size > this.#limits.peersMax && oldest !== undefined) this.#peers.delete(oldest);
    return record;
  }
}

function keyOf({ channel, log }: ChannelLog): string {
  return `${channel} ${log}`;
}
