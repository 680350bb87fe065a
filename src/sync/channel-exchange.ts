import type { Offset } from '../journal/index.ts';
import { GivenUp } from './given-up.ts';
import type { HeadReconciliation } from './head-reconciliation.ts';
import type { ReconcileBase } from './reconcile-frame.ts';
import { LOGS_PER_REQUEST_MAX, type LogRanges } from './sync-frames.ts';
import { HOLES_PER_HEAD_MAX, type WireHead } from './wire-fields.ts';

/** Heads of a peer that claim what is not held here; bounded, however much it claims. */
export class Claims {
  readonly missing: LogRanges[] = [];
  /** More is claimed than one request asks for. */
  truncated = false;

  /** Takes heads, and what of them is missing. */
  take(heads: readonly WireHead[], missing: readonly LogRanges[]): void {
    for (const one of missing) {
      if (one.ranges.length >= HOLES_PER_HEAD_MAX) this.truncated = true;
      if (this.missing.length < LOGS_PER_REQUEST_MAX) this.missing.push(one);
      else this.truncated = true;
    }
    if (heads.some(({ holes }) => holes.length >= HOLES_PER_HEAD_MAX)) this.truncated = true;
  }
}

/** A reconciliation under way. */
export interface Reconciling {
  readonly machine: HeadReconciliation;
  readonly begunHere: boolean;
  readonly claims: Claims;
  /** Where the peer stood as it said its first step. */
  base: ReconcileBase | null;
  /** When the last frame came or went. */
  atMs: number;
}

/** Claims that are complete, and where the peer stood as it made them. */
export interface Compared {
  readonly claims: Claims;
  readonly base: ReconcileBase;
  /** They were made from all heads, not from those since a cursor. */
  readonly full: boolean;
}

/** What a session knows of one channel. */
export interface ChannelExchange {
  peerRoot: string | null;
  /** Where the peer's journal stood at its last hello: it has no more heads than that. */
  peerOffset: Offset | null | undefined;
  /** Roots of both sides between which nothing is left to fetch. */
  settledPair: string | null;
  inSync: boolean;
  /** Heads were asked for and are coming. */
  asked: { readonly atMs: number; readonly claims: Claims } | null;
  reconciling: Reconciling | null;
  /** Since when the peer's turn to begin a reconciliation is waited for. */
  waitsForPeerAtMs: number | null;
  compared: Compared | null;
  waitsForPull: boolean;
  /** A comparison was wanted while one was under way that may have begun too early to tell. */
  askAgain: boolean;
  readonly givenUp: GivenUp;
}

/** A channel of which nothing is known. */
export function newExchange(): ChannelExchange {
  return {
    peerRoot: null,
    peerOffset: undefined,
    settledPair: null,
    inSync: false,
    asked: null,
    reconciling: null,
    waitsForPeerAtMs: null,
    compared: null,
    waitsForPull: false,
    askAgain: false,
    givenUp: new GivenUp(),
  };
}
