import type { ErrorCode } from '../errors/index.ts';
import type { Offset } from '../journal/index.ts';
import type { Comparison } from './cursor-book.ts';
import type { HeadSource } from './head-reconciliation.ts';
import type { ControlFrame, HelloChannel, LogRanges } from './sync-frames.ts';
import type { WireHead } from './wire-fields.ts';

/** What a session reads of this node; it never changes anything. */
export interface SyncView {
  /** Id of this node's store, 16 hexadecimal digits: another one tells that a peer lost what it had. */
  readonly storeId: string;
  /** Root of a carried channel, hexadecimal; `null` if the channel is not carried. */
  root(channel: string): string | null;
  /** Where the channel's journal stands. */
  offset(channel: string): Offset | null;
  /** What this node would say in a hello now, `$realm` first. */
  helloChannels(): readonly HelloChannel[];
  /** Numbers that the heads claim and this node does not hold. */
  missing(channel: string, heads: readonly WireHead[]): readonly LogRanges[];
  /** The channel's heads by key, as they stand. */
  heads(channel: string): HeadSource;
  /** True if the heads that changed since an offset of this node can be told. */
  knowsOffset(channel: string, offset: Offset): boolean;
  /** 0 first: a pull of a channel does not wait for one of a channel behind it. */
  rank(channel: string): number;
}

/** Where a peer's channel stands, by its own last word. */
export interface PeerStand {
  readonly offset: Offset | null;
  readonly root: string | null;
}

/** What this node remembers of the peer of a session from earlier ones. */
export interface PeerMemory {
  /** The offset of the peer since which its heads are to be compared; `null` for all. */
  cursor(storeId: string, channel: string, stands: PeerStand): Offset | null;
  /** True if nothing was left to fetch between these roots. */
  isSettled(storeId: string, channel: string, ownRoot: string, peerRoot: string): boolean;
}

/** What happens to a session. */
export type SyncEvent =
  /** The peer showed its grant; `version` is the protocol's of the peer. */
  | { readonly kind: 'admitted'; readonly version: number }
  | { readonly kind: 'frame'; readonly frame: ControlFrame }
  /** Time for a hello: the interval passed. */
  | { readonly kind: 'hello-due' }
  /**
   * A root may have changed by anything but gossip: a hello, unless the peer was told of it already. What was only
   * `learned` from peers can wait while this one is supplying more.
   */
  | { readonly kind: 'changed'; readonly learned: boolean }
  /** A hole in a log of the channel is still there after a moment, or an effect asked for this event. */
  | { readonly kind: 'hole'; readonly channel: string }
  /** What another peer was to supply is held. */
  | { readonly kind: 'supplied'; readonly channel: string }
  /** Authors were granted or revoked: what was refused before may be taken now. */
  | { readonly kind: 'realm-changed' }
  | PullEnded;

/** A pull came to its end. */
export interface PullEnded {
  readonly kind: 'pull-ended';
  readonly channel: string;
  readonly result: PullResult;
  /** What came and was not taken because of what the realm says of its author. */
  readonly refused: readonly LogRanges[];
  /** What the peer does not hand on, or is not taken here for good. */
  readonly gone: readonly LogRanges[];
  /** What did not come, or was no good. */
  readonly absent: readonly LogRanges[];
  /** Something is left to another peer. */
  readonly left: boolean;
}

/**
 * What came of a pull: `complete` (all that was asked for is held, or another peer supplies it), `partial` (some
 * of it), `nothing` (the peer said that it sent all, and nothing of it was taken), `failed` (cut, or this node
 * cannot store now).
 */
export type PullResult = 'complete' | 'partial' | 'nothing' | 'failed';

/** What a session wants done. */
export type SyncEffect =
  | { readonly kind: 'send'; readonly frame: Exclude<ControlFrame, { kind: 'unknown' }> }
  /** All heads, or those that changed since an offset of this node. */
  | { readonly kind: 'send-heads'; readonly channel: string; readonly since: Offset | null }
  | { readonly kind: 'pull'; readonly channel: string; readonly logs: readonly LogRanges[] }
  /** Comes back as a `hole` after a while, longer from time to time. */
  | { readonly kind: 'retry'; readonly channel: string }
  /** Comes back as a `hole` after so long. */
  | { readonly kind: 'later'; readonly channel: string; readonly ms: number }
  /** Nothing was left to fetch: to be remembered for later sessions with that store. */
  | {
      readonly kind: 'remember';
      readonly storeId: string;
      readonly channel: string;
      readonly comparison: Comparison;
    }
  /** The peer breaks the rules: the session ends. */
  | { readonly kind: 'refuse'; readonly code: ErrorCode };
