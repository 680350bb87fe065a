import { fromHex, toHex } from '../bytes/index.ts';
import { accept, type Result } from '../errors/index.ts';
import type { Offset } from '../journal/index.ts';
import {
  headItems,
  isBytes,
  isChannel,
  isNumber,
  MALFORMED,
  offsetItems,
  readHead,
  readOffset,
  type WireHead,
} from './wire-fields.ts';

/** A frame of a range-based reconciliation of heads; a step may take several. */
export interface ReconcileFrame {
  readonly kind: 'reconcile';
  readonly channel: string;
  /** Counts from 0 on, both sides in turn: even ones are of who began. */
  readonly step: number;
  /** Further frames of this step follow. */
  readonly more: boolean;
  /** Where the sender stands when its part begins; only in its first frame. */
  readonly base: ReconcileBase | null;
  /** Where the first item begins. */
  readonly from: string;
  readonly items: readonly ReconcileItem[];
}

/** What the sender holds as a reconciliation begins. */
export interface ReconcileBase {
  /** 16 bytes, hexadecimal. */
  readonly root: string;
  readonly offset: Offset | null;
}

/** What is said of the heads from where the item before ended up to `to`, exclusive; `null` is the end. */
export type ReconcileItem = { readonly to: string | null } & ReconcileClaim;

/**
 * `same`: nothing to say. `fingerprint`: compare yours. `heads`: these are all of mine (`answer`: send what of
 * yours differs) or those of mine that differ from yours.
 */
export type ReconcileClaim =
  | { readonly kind: 'same' }
  | { readonly kind: 'fingerprint'; readonly fingerprint: string }
  | { readonly kind: 'heads'; readonly answer: boolean; readonly heads: readonly WireHead[] };

/** Items in one frame at most. */
export const RECONCILE_ITEMS_MAX = 1_024;
/** Heads in one frame at most. */
export const RECONCILE_HEADS_MAX = 1_024;
/** Heads that this side puts into a frame: with all the holes that a head may have, a frame stays below 4 MiB. */
const HEADS_PER_FRAME = 128;
const KEY_BYTES_MAX = 40;
const STEP_MAX = 255;

/** A frame as CBOR items; each bound is front-coded against the one before. */
export function reconcileItems(frame: ReconcileFrame): unknown[] {
  let before = frame.from;
  const flat = frame.items.flatMap((item) => {
    const shared = item.to === null ? 0 : sharedBytes(before, item.to);
    before = item.to ?? before;
    return [shared, item.to === null ? null : fromHex(item.to.slice(shared * 2)), claimItem(item)];
  });
  const { channel, step, more, base, from } = frame;
  const stand = base === null ? [null] : [fromHex(base.root), ...offsetItems(base.offset)];
  return [6, channel, step, more, fromHex(from), flat, ...stand];
}

/** Reads a frame; bounds that do not rise are `sync.malformed`. */
export function readReconcile(items: readonly unknown[]): Result<ReconcileFrame> {
  const [, channel, step, more, from, flat, root] = items;
  if (!isChannel(channel) || !isNumber(step) || step > STEP_MAX || typeof more !== 'boolean')
    return MALFORMED;
  if (!isBound(from) || !Array.isArray(flat) || flat.length % 3 !== 0) return MALFORMED;
  if (flat.length > RECONCILE_ITEMS_MAX * 3) return MALFORMED;
  const offset = readOffset(items[7] ?? null, items[8]);
  if (!(root === null || isBytes(root, 16)) || offset === undefined) return MALFORMED;
  const read: ReconcileItem[] = [];
  let before: string | null = toHex(from);
  let heads = 0;
  for (let at = 0; at < flat.length; at += 3) {
    const to = readBound(before, flat[at], flat[at + 1]);
    if (to === undefined) return MALFORMED;
    const claim = readClaim(flat[at + 2]);
    if (!claim.ok) return claim;
    if (claim.value.kind === 'heads') heads += claim.value.heads.length;
    if (heads > RECONCILE_HEADS_MAX) return MALFORMED;
    read.push({ to, ...claim.value });
    before = to;
  }
  const base = root === null ? null : { root: toHex(root), offset };
  return accept({ kind: 'reconcile', channel, step, more, base, from: toHex(from), items: read });
}

/** Cuts what is said in a step into frames. */
export function* reconcileFrames(
  items: readonly ReconcileItem[],
  head: Pick<ReconcileFrame, 'channel' | 'step' | 'base'>,
): Generator<ReconcileFrame> {
  let from = '';
  for (let at = 0; at < items.length; ) {
    let to = at;
    let heads = 0;
    for (; to < items.length && to - at < RECONCILE_ITEMS_MAX; to++) {
      const item = items[to]!;
      heads += item.kind === 'heads' ? item.heads.length : 0;
      if (heads > HEADS_PER_FRAME && to > at) break;
    }
    const base = at === 0 ? head.base : null;
    yield { kind: 'reconcile', ...head, base, more: to < items.length, from, items: items.slice(at, to) };
    from = items[to - 1]!.to ?? from;
    at = to;
  }
}

function claimItem(claim: ReconcileClaim): unknown {
  if (claim.kind === 'same') return null;
  if (claim.kind === 'fingerprint') return fromHex(claim.fingerprint);
  return [claim.answer, claim.heads.map(headItems)];
}

function readClaim(value: unknown): Result<ReconcileClaim> {
  if (value === null) return accept({ kind: 'same' });
  if (isBytes(value, 16)) return accept({ kind: 'fingerprint', fingerprint: toHex(value) });
  if (!Array.isArray(value) || typeof value[0] !== 'boolean' || !Array.isArray(value[1])) return MALFORMED;
  if (value[1].length > RECONCILE_HEADS_MAX) return MALFORMED;
  const heads: WireHead[] = [];
  for (const row of value[1] as unknown[]) {
    const head = readHead(row);
    if (!head.ok) return head;
    heads.push(head.value);
  }
  return accept({ kind: 'heads', answer: value[0], heads });
}

/** The bound after `before`; `undefined` where it does not rise. Nothing comes after the end. */
function readBound(before: string | null, shared: unknown, suffix: unknown): string | null | undefined {
  if (before === null || !isNumber(shared)) return undefined;
  if (suffix === null) return null;
  if (!isBound(suffix) || shared * 2 > before.length || shared + suffix.length > KEY_BYTES_MAX)
    return undefined;
  const bound = before.slice(0, shared * 2) + toHex(suffix);
  return bound > before ? bound : undefined;
}

function isBound(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= KEY_BYTES_MAX;
}

function sharedBytes(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at >> 1;
}
