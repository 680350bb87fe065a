import type { EpochId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { DropReason } from '../journal/index.ts';
import type { ChannelPolicy } from '../realm/index.ts';

/** A channel as this node holds it. */
export interface ChannelStatus {
  readonly channel: string;
  /** Topic filter of the channel; `null` for `main`, which takes the rest. */
  readonly filter: string | null;
  readonly logs: number;
  readonly entries: number;
  readonly messages: number;
  readonly bytes: number;
  readonly gaps: number;
  /** Since the oldest entry held was received, milliseconds; `null` while there is none. */
  readonly oldestAgeMs: number | null;
  /** What is kept: this node's settings before the realm's. Absent or 0: no limit. */
  readonly policy: ChannelPolicy;
  /** Messages that retention dropped since the start, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** `<incarnation>:<position>` of the last entry; `null` while there is none. */
  readonly offset: string | null;
  /** Messages that are known to exist and are not to be had here, with why; empty where nothing is lost. */
  readonly losses: readonly ChannelLoss[];
}

/**
 * Messages lost to this node: `let-go` (retention here dropped them), `forked` (they lie behind the end of a forked
 * epoch; their author publishes them again), `held-elsewhere` (missing, and a peer said that it holds them),
 * `nowhere` (missing, and no peer that was heard of holds them).
 */
export interface ChannelLoss {
  readonly why: 'let-go' | 'forked' | 'held-elsewhere' | 'nowhere';
  readonly messages: number;
}

/** How far this node and a peer are apart in a channel, as far as the peer said what it holds. */
export interface PeerChannelStatus {
  readonly channel: string;
  /** `in-sync`: both hold the same, or the last exchange left nothing to fetch here. */
  readonly state: 'in-sync' | 'apart' | 'unknown';
  /** Messages that the peer holds and this node lacks. */
  readonly missingHere: number;
  /**
   * Messages that this node holds and the peer had not said to hold when it was last heard; of one that is away at
   * most so many. `null` for unknown.
   */
  readonly missingThere: number | null;
  /** Messages that it was asked for in vain: refused here, past their lifetime, or not sent. */
  readonly givenUp: number;
  /** When both last held the same, milliseconds since 1970. */
  readonly inSyncAtMs: number | null;
}

/** A log as this node knows it: of which it holds something, or let something go. */
export interface LogStatus {
  readonly channel: string;
  readonly author: NodeId;
  readonly name: string;
  readonly epoch: EpochId;
  /** The highest number held or let go. */
  readonly last: number;
  /** Messages held. */
  readonly held: number;
  /** Messages known to exist and not held. */
  readonly missing: number;
  /** Messages that retention dropped here. */
  readonly letGo: number;
  /** The first number of a forked epoch that no longer counts; `null` while the epoch goes on. */
  readonly end: number | null;
  readonly own: boolean;
}

/** A gap in a log. */
export interface GapStatus {
  readonly channel: string;
  readonly author: NodeId;
  readonly name: string;
  readonly epoch: EpochId;
  readonly first: number;
  readonly last: number;
}

/** An epoch that ended in a fork: two entries of its author were found that exclude each other. */
export interface ForkStatus {
  readonly channel: string;
  readonly author: NodeId;
  readonly name: string;
  readonly epoch: EpochId;
  /** The first number that no longer counts; its author publishes again what it lost. */
  readonly end: number;
  readonly kind: 'overlap' | 'broken-chain' | 'bad-signature';
  /** The node whose proof of this end was heard first. */
  readonly reporter: NodeId;
  readonly reporterName: string;
  /** When this node learned of it, milliseconds since 1970. */
  readonly foundAtMs: number;
  /** The author is this node. */
  readonly own: boolean;
  /** It is for people to look at: found in the last seven days, of an author that is not revoked. */
  readonly alarm: boolean;
}

/** What a person has to look at. */
export interface Problem {
  readonly code: string;
  /** An `alarm` may mean that somebody else has a key of the realm. */
  readonly severity: 'alarm' | 'warning';
  readonly sentence: string;
  readonly next: string;
}

/** A peer and how far this node is in step with it. */
export interface PeerStatus {
  /** `null` while only an address is known. */
  readonly node: NodeId | null;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly source: 'given' | 'invitation' | 'discovered' | 'inbound';
  readonly connected: boolean;
  readonly latencyMs: number | null;
  readonly sinceMs: number | null;
  /** From progress, not from the socket: `in-sync` when the last exchange left nothing to fetch. */
  readonly sync: 'in-sync' | 'syncing' | 'unknown';
  /** When both were last in sync, milliseconds since 1970. */
  readonly inSyncAtMs: number | null;
  /**
   * From what comes, not from the socket: `stalled` is a connected peer of which nothing was heard for 75 seconds, more
   * than two hellos.
   */
  readonly health: 'ok' | 'stalled' | 'down';
  /** When a frame of the peer's session last came, milliseconds since 1970; `null` for never. */
  readonly heardAtMs: number | null;
  readonly channels: readonly PeerChannelStatus[];
  readonly failedDials: number;
  readonly lastError: string | null;
}

/** The node at a glance. */
export interface MeshStatus {
  readonly node: NodeId;
  readonly name: string;
  readonly realm: string;
  readonly realmName: string;
  readonly addresses: readonly string[];
  readonly startedAtMs: number;
  readonly peersConnected: number;
  readonly peersKnown: number;
  readonly channels: readonly ChannelStatus[];
  readonly published: number;
  readonly delivered: number;
  readonly received: number;
  readonly parked: number;
  /** Bytes that all journals together may take; `null` for no limit. */
  readonly storageBytesMax: number | null;
  /** What was refused or dropped, by code. */
  readonly counters: Readonly<Record<string, number>>;
  /** What a person has to look at, by code; empty when all is well. */
  readonly problems: readonly Problem[];
}
