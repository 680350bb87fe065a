import { fromHex, toHex } from '../bytes/index.ts';
import { type NodeId, nodeIdOf, publicKeyOf } from '../identity/index.ts';
import { formatOffset, type Offset } from '../journal/index.ts';

/** A peer's store and a channel: what a cursor is for. */
export interface CursorKey {
  readonly peer: NodeId;
  /** Another one tells that the peer lost what it had. */
  readonly storeId: string;
  readonly channel: string;
}

/** Where a peer stands, and under which conditions that counts. */
export interface Mark {
  readonly offset: Offset | null;
  /** Root of `$realm` here, where the mark holds only while the realm stays as it is. */
  readonly realmRoot: string | null;
}

/** What is remembered of a channel of a peer's store. */
export interface CursorRow {
  /** What was taken whole; and what was looked through, which may be further. */
  whole: Mark | null;
  latest: Mark;
  pair: string;
  /** Where this node's journal stood, and the bytes in it that were damaged: what the row covers is held there. */
  ownOffset: Offset | null;
  damagedBytes: number;
  /** The journal's count of losses in this process; `null` until it was looked at once. */
  shrinks: number | null;
  fullAtMs: number;
  savedFullAtMs: number;
  saved: boolean;
}

/** A key as a text. */
export function textOf({ peer, storeId, channel }: CursorKey): string {
  return `${peer} ${storeId} ${channel}`;
}

/** The key of a text. */
export function keyOf(text: string): CursorKey {
  const [peer, storeId, channel] = text.split(' ');
  return { peer: peer as NodeId, storeId: storeId!, channel: channel! };
}

/** A row as it goes to disk (README of this folder: format). */
export function encodeRow(text: string, row: CursorRow): unknown[] {
  const { peer, storeId, channel } = keyOf(text);
  return [
    publicKeyOf(peer),
    fromHex(storeId),
    channel,
    markText(row.whole),
    markText(row.latest),
    row.pair,
    row.ownOffset === null ? null : formatOffset(row.ownOffset),
    row.damagedBytes,
    String(row.fullAtMs),
  ];
}

/** Reads a row; `null` for anything else. */
export function decodeRow(value: unknown): { text: string; row: CursorRow } | null {
  if (!Array.isArray(value)) return null;
  const [peer, storeId, channel, whole, latest, pair, own, damagedBytes, fullAtMs] = value as unknown[];
  if (!(peer instanceof Uint8Array) || peer.length !== 32 || !(storeId instanceof Uint8Array)) return null;
  if (typeof channel !== 'string' || typeof pair !== 'string' || typeof damagedBytes !== 'number')
    return null;
  const latestMark = readMark(latest);
  if (latestMark === null || typeof fullAtMs !== 'string') return null;
  const row: CursorRow = {
    whole: readMark(whole),
    latest: latestMark,
    pair,
    ownOffset: readOffsetText(own),
    damagedBytes,
    shrinks: null,
    fullAtMs: Number(fullAtMs),
    savedFullAtMs: 0,
    saved: false,
  };
  return { text: textOf({ peer: nodeIdOf(peer), storeId: toHex(storeId), channel }), row };
}

/** `<offset>` or `-`, then the root of the realm or nothing. */
function markText(mark: Mark | null): string | null {
  if (mark === null) return null;
  return `${mark.offset === null ? '-' : formatOffset(mark.offset)} ${mark.realmRoot ?? ''}`;
}

function readMark(value: unknown): Mark | null {
  if (typeof value !== 'string') return null;
  const [offset, realmRoot] = value.split(' ');
  return { offset: readOffsetText(offset), realmRoot: realmRoot === '' ? null : (realmRoot ?? null) };
}

/** Reads `<incarnation>:<position>`; `null` for anything else. */
export function readOffsetText(value: unknown): Offset | null {
  const match = typeof value === 'string' ? /^([0-9a-f]{16}):(\d{1,15})$/.exec(value) : null;
  return match === null ? null : { incarnation: match[1]!, position: Number(match[2]) };
}
