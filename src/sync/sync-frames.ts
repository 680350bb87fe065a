import { cborUint, decodeCbor, encodeCbor, fromHex, toHex } from '../bytes/index.ts';
import type { LogId } from '../entry/index.ts';
import { accept, type Result } from '../errors/index.ts';
import type { Offset, SeqRange } from '../journal/index.ts';
import { type ReconcileFrame, readReconcile, reconcileItems } from './reconcile-frame.ts';
import {
  HOLES_PER_HEAD_MAX,
  headItems,
  isBytes,
  isChannel,
  isCredit,
  isNumber,
  logItems,
  MALFORMED,
  offsetItems,
  readHead,
  readLog,
  readOffset,
  readRanges,
  type WireHead,
} from './wire-fields.ts';

/** Frames of the control stream `/sedge/sync/1` (README of this folder: format). */
export type ControlFrame =
  | { readonly kind: 'grant'; readonly version: number; readonly chain: readonly Uint8Array[] }
  | { readonly kind: 'hello'; readonly storeId: string; readonly channels: readonly HelloChannel[] }
  | { readonly kind: 'heads-wanted'; readonly channel: string; readonly since: Offset | null }
  | HeadsFrame
  | ReconcileFrame
  /** Of a type that is not sync's own: for who reads that type (`SyncService.handleFrame`), else passed over. */
  | { readonly kind: 'unknown'; readonly type: number; readonly items: readonly unknown[] };

/** What a hello says of one channel. */
export interface HelloChannel {
  readonly channel: string;
  /** 16 bytes, hexadecimal. */
  readonly root: string;
  /** Sender's offset now. */
  readonly offset: Offset | null;
  /** Offset of the receiver up to which the sender knows its heads. */
  readonly seen: Offset | null;
}

/** Heads of a channel; several frames where they are many. */
export interface HeadsFrame {
  readonly kind: 'heads';
  readonly channel: string;
  readonly root: string;
  /** No further frame follows. */
  readonly final: boolean;
  /** All heads, not only those changed since the offset that was asked with. */
  readonly complete: boolean;
  readonly offset: Offset | null;
  readonly heads: readonly WireHead[];
}

/** Frames of the data stream `/sedge/sync-data/1`. */
export type DataFrame =
  | {
      readonly kind: 'request';
      readonly channel: string;
      readonly credit: number;
      readonly logs: readonly LogRanges[];
    }
  | { readonly kind: 'credit'; readonly credit: number }
  | { readonly kind: 'entries'; readonly entries: readonly AgedEntry[] }
  /** All was sent but for what is held and not handed on: past its lifetime, or without a good signature. */
  | { readonly kind: 'done'; readonly withheld: readonly LogRanges[] }
  | { readonly kind: 'unknown' };

/** Numbers of one log. */
export interface LogRanges {
  readonly log: LogId;
  readonly ranges: readonly SeqRange[];
}

/** An entry with its age when it was sent, milliseconds. */
export interface AgedEntry {
  readonly ageMs: number;
  readonly bytes: Uint8Array;
}

/** Version in the first frame, raised with new types of frames; the protocol id holds the incompatible one. */
export const SYNC_VERSION = 2;
/** Heads in one frame at most. */
export const HEADS_PER_FRAME_MAX = 1_024;
/** Logs in one request at most. */
export const LOGS_PER_REQUEST_MAX = 1_024;
/** Channels in a hello at most. */
export const CHANNELS_MAX = 256;
const CHAIN_MAX = 8;
const ENTRIES_PER_FRAME_MAX = 4_096;

/** Encodes a frame of the control stream. */
export function encodeControlFrame(frame: Exclude<ControlFrame, { kind: 'unknown' }>): Uint8Array {
  switch (frame.kind) {
    case 'grant':
      return encodeCbor([0, frame.version, frame.chain]);
    case 'hello':
      return encodeCbor([1, fromHex(frame.storeId), frame.channels.map(helloItems)]);
    case 'heads-wanted':
      return encodeCbor([2, frame.channel, ...offsetItems(frame.since)]);
    case 'heads':
      return encodeCbor([
        3,
        frame.channel,
        fromHex(frame.root),
        frame.final,
        frame.complete,
        ...offsetItems(frame.offset),
        frame.heads.map(headItems),
      ]);
    case 'reconcile':
      return encodeCbor(reconcileItems(frame));
  }
}

/** Encodes a frame of the data stream. */
export function encodeDataFrame(frame: Exclude<DataFrame, { kind: 'unknown' }>): Uint8Array {
  switch (frame.kind) {
    case 'request':
      return encodeCbor([0, frame.channel, frame.credit, frame.logs.map(logRangeItems)]);
    case 'credit':
      return encodeCbor([1, frame.credit]);
    case 'entries':
      return encodeCbor([2, frame.entries.map(({ ageMs, bytes }) => [cborUint(ageMs), bytes])]);
    case 'done':
      return encodeCbor(frame.withheld.length === 0 ? [3] : [3, frame.withheld.map(logRangeItems)]);
  }
}

/**
 * Reads a frame of the control stream. A type that this version does not know is `unknown` and passed over, so
 * that a newer peer may say more; a known type with a wrong shape is `sync.malformed`, absurd heads are
 * `sync.lying-heads`.
 */
export function decodeControlFrame(bytes: Uint8Array): Result<ControlFrame> {
  const items = readItems(bytes);
  if (items === null) return MALFORMED;
  switch (items[0]) {
    case 0:
      return readGrant(items);
    case 1:
      return readHello(items);
    case 2: {
      const since = readOffset(items[2], items[3]);
      if (!isChannel(items[1]) || since === undefined) return MALFORMED;
      return accept({ kind: 'heads-wanted', channel: items[1], since });
    }
    case 3:
      return readHeads(items);
    case 6:
      return readReconcile(items);
    default:
      return accept({ kind: 'unknown', type: items[0] as number, items });
  }
}

/** Reads a frame of the data stream; see {@link decodeControlFrame}. */
export function decodeDataFrame(bytes: Uint8Array): Result<DataFrame> {
  const items = readItems(bytes);
  if (items === null) return MALFORMED;
  switch (items[0]) {
    case 0:
      return readRequest(items);
    case 1:
      return isCredit(items[1]) ? accept({ kind: 'credit', credit: items[1] }) : MALFORMED;
    case 2:
      return readEntries(items[1]);
    case 3: {
      const withheld = readLogRanges(items[1] ?? []);
      return withheld === null ? MALFORMED : accept({ kind: 'done', withheld });
    }
    default:
      return accept({ kind: 'unknown' });
  }
}

function readItems(bytes: Uint8Array): readonly unknown[] | null {
  const decoded = decodeCbor(bytes);
  if (!decoded.ok || !Array.isArray(decoded.value)) return null;
  return isNumber(decoded.value[0]) ? decoded.value : null;
}

function readGrant(items: readonly unknown[]): Result<ControlFrame> {
  const [, version, chain] = items;
  if (!isNumber(version) || version < 1 || !Array.isArray(chain) || chain.length > CHAIN_MAX)
    return MALFORMED;
  if (!chain.every((link) => link instanceof Uint8Array)) return MALFORMED;
  return accept({ kind: 'grant', version, chain: chain as Uint8Array[] });
}

function readHello(items: readonly unknown[]): Result<ControlFrame> {
  const [, storeId, rows] = items;
  if (!isBytes(storeId, 8) || !Array.isArray(rows) || rows.length > CHANNELS_MAX) return MALFORMED;
  const channels: HelloChannel[] = [];
  for (const row of rows) {
    if (!Array.isArray(row)) return MALFORMED;
    const [channel, root] = row as unknown[];
    const offset = readOffset(row[2], row[3]);
    const seen = readOffset(row[4], row[5]);
    if (!isChannel(channel) || !isBytes(root, 16) || offset === undefined || seen === undefined)
      return MALFORMED;
    channels.push({ channel, root: toHex(root), offset, seen });
  }
  return accept({ kind: 'hello', storeId: toHex(storeId), channels });
}

function readHeads(items: readonly unknown[]): Result<ControlFrame> {
  const [, channel, root, final, complete, , , rows] = items;
  const offset = readOffset(items[5], items[6]);
  if (!isChannel(channel) || !isBytes(root, 16) || offset === undefined) return MALFORMED;
  if (typeof final !== 'boolean' || typeof complete !== 'boolean') return MALFORMED;
  if (!Array.isArray(rows) || rows.length > HEADS_PER_FRAME_MAX) return MALFORMED;
  const heads: WireHead[] = [];
  for (const row of rows) {
    const head = readHead(row);
    if (!head.ok) return head;
    heads.push(head.value);
  }
  return accept({ kind: 'heads', channel, root: toHex(root), final, complete, offset, heads });
}

function readRequest(items: readonly unknown[]): Result<DataFrame> {
  const [, channel, credit, rows] = items;
  if (!isChannel(channel) || !isCredit(credit)) return MALFORMED;
  const logs = readLogRanges(rows);
  return logs === null ? MALFORMED : accept({ kind: 'request', channel, credit, logs });
}

function readLogRanges(rows: unknown): LogRanges[] | null {
  if (!Array.isArray(rows) || rows.length > LOGS_PER_REQUEST_MAX) return null;
  const logs: LogRanges[] = [];
  for (const row of rows) {
    if (!Array.isArray(row)) return null;
    const log = readLog(row[0], row[1]);
    const ranges = readRanges(row[2], HOLES_PER_HEAD_MAX + 1);
    if (log === null || ranges === null) return null;
    logs.push({ log, ranges });
  }
  return logs;
}

function readEntries(rows: unknown): Result<DataFrame> {
  if (!Array.isArray(rows) || rows.length > ENTRIES_PER_FRAME_MAX) return MALFORMED;
  const entries: AgedEntry[] = [];
  for (const row of rows) {
    if (!Array.isArray(row) || !isNumber(row[0]) || !(row[1] instanceof Uint8Array)) return MALFORMED;
    entries.push({ ageMs: row[0], bytes: row[1] });
  }
  return accept({ kind: 'entries', entries });
}

function logRangeItems({ log, ranges }: LogRanges): unknown[] {
  return [...logItems(log), ranges.flatMap(({ first, last }) => [cborUint(first), cborUint(last)])];
}

function helloItems({ channel, root, offset, seen }: HelloChannel): unknown[] {
  return [channel, fromHex(root), ...offsetItems(offset), ...offsetItems(seen)];
}
