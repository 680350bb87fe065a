import { cborUint, fromHex, toHex } from '../bytes/index.ts';
import { type EpochId, type LogId, NUMBER_MAX, splitLogId } from '../entry/index.ts';
import { nodeIdOf, publicKeyOf } from '../identity/index.ts';
import type { SeqRange } from '../journal/index.ts';
import { readRanges } from '../sync/index.ts';

/** Type of the control frame that asks what a peer holds. */
export const HELD_WANTED = 4;
/** Type of the control frame that answers. */
export const HELD = 5;
/** Ranges in one answer at most. */
export const HELD_RANGES_MAX = 64;

/** Which log of which channel. */
export interface ChannelLog {
  readonly channel: string;
  readonly log: LogId;
}

/** Asks what the peer holds of a log: at once, and again whenever that grows until it holds `through`. */
export interface HeldWanted extends ChannelLog {
  readonly through: number;
}

/** What the sender holds of a log after fsync, around the number that was asked for. */
export interface Held extends ChannelLog {
  /** Ascending, disjoint. */
  readonly ranges: readonly SeqRange[];
}

/** Items of a frame, as `SyncService.sendFrame` takes them. */
export type ReceiptItems = readonly [type: number, ...rest: unknown[]];

/** `[4, channel, author, epoch, through]`. */
export function heldWantedItems({ channel, log, through }: HeldWanted): ReceiptItems {
  return [HELD_WANTED, channel, ...logItems(log), cborUint(through)];
}

/** `[5, channel, author, epoch, [* (first, last)]]`. */
export function heldItems({ channel, log, ranges }: Held): ReceiptItems {
  const numbers = ranges.flatMap(({ first, last }) => [cborUint(first), cborUint(last)]);
  return [HELD, channel, ...logItems(log), numbers];
}

/** Reads items of type 4; `null` where their shape is wrong. */
export function readHeldWanted([, channel, author, epoch, through]: readonly unknown[]): HeldWanted | null {
  const of = readLog(channel, author, epoch);
  return of !== null && isNumber(through) && through >= 1 ? { ...of, through } : null;
}

/** Reads items of type 5; `null` where their shape is wrong. */
export function readHeld([, channel, author, epoch, numbers]: readonly unknown[]): Held | null {
  const of = readLog(channel, author, epoch);
  const ranges = readRanges(numbers, HELD_RANGES_MAX);
  if (of === null || ranges === null) return null;
  return { ...of, ranges };
}

function logItems(log: LogId): unknown[] {
  const { author, epoch } = splitLogId(log);
  return [publicKeyOf(author), fromHex(epoch)];
}

function readLog(channel: unknown, author: unknown, epoch: unknown): ChannelLog | null {
  if (typeof channel !== 'string' || channel.length === 0 || channel.length > 65) return null;
  if (!isBytes(author, 32) || !isBytes(epoch, 8)) return null;
  return { channel, log: `${nodeIdOf(author)}/${toHex(epoch) as EpochId}` as LogId };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < NUMBER_MAX;
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
