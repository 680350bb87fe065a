import { cborUint, fromHex, toHex } from '../bytes/index.ts';
import { type EntryId, type EpochId, type LogId, NUMBER_MAX } from '../entry/index.ts';
import { accept, assert, type Result, refuse } from '../errors/index.ts';
import { type NodeId, nodeIdOf, publicKeyOf } from '../identity/index.ts';
import type { Offset, SeqRange } from '../journal/index.ts';

/** A head as it travels: a claim that only entries can prove. */
export interface WireHead {
  readonly log: LogId;
  readonly last: number;
  readonly lastId: EntryId;
  readonly holes: readonly SeqRange[];
}

/** Holes of one head at most: more is refused as a lie, and a journal with more asks for its lowest first. */
export const HOLES_PER_HEAD_MAX = 1_024;
const CREDIT_MAX = 64 * 1024 * 1024;

/** What the fields of a frame are refused with. */
export const MALFORMED = refuse('sync.malformed');

/** A head as the items of an array. */
export function headItems({ log, last, lastId, holes }: WireHead): unknown[] {
  return [
    ...logItems(log),
    cborUint(last),
    fromHex(lastId),
    holes.flatMap(({ first, last: end }) => [cborUint(first), cborUint(end)]),
  ];
}

/** Reads a head; absurd ones are `sync.lying-heads`. */
export function readHead(row: unknown): Result<WireHead> {
  if (!Array.isArray(row)) return MALFORMED;
  const [author, epoch, last, lastId, holeNumbers] = row as unknown[];
  const log = readLog(author, epoch);
  if (log === null || !isBytes(lastId, 16) || typeof last !== 'number') return MALFORMED;
  if (!isNumber(last) || last < 1) return refuse('sync.lying-heads');
  const holes = readRanges(holeNumbers, HOLES_PER_HEAD_MAX);
  if (holes === null || holes.some((hole) => hole.last >= last)) return refuse('sync.lying-heads');
  return accept({ log, last, lastId: toHex(lastId) as EntryId, holes });
}

/** Ascending, disjoint ranges from a flat list of numbers; `null` where they are not. */
export function readRanges(numbers: unknown, rangesMax: number): SeqRange[] | null {
  if (!Array.isArray(numbers) || numbers.length % 2 !== 0 || numbers.length > rangesMax * 2) return null;
  const ranges: SeqRange[] = [];
  let before = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const first: unknown = numbers[index];
    const last: unknown = numbers[index + 1];
    if (!isNumber(first) || !isNumber(last) || first <= before || last < first) return null;
    ranges.push({ first, last });
    before = last;
  }
  return ranges;
}

export function offsetItems(offset: Offset | null): unknown[] {
  return offset === null ? [null, 0] : [fromHex(offset.incarnation), cborUint(offset.position)];
}

export function readOffset(incarnation: unknown, position: unknown): Offset | null | undefined {
  if (incarnation === null) return null;
  if (!isBytes(incarnation, 8) || !isNumber(position)) return undefined;
  return { incarnation: toHex(incarnation), position };
}

/** Author and epoch of a log as 80 hexadecimal digits: what heads are ordered by. */
export function logKey(log: LogId): string {
  const slash = log.indexOf('/');
  const author = publicKeyOf(log.slice(0, slash) as NodeId);
  assert(author !== null, 'authors are checked before they are logs');
  return toHex(author) + log.slice(slash + 1);
}

/** A log as two items. */
export function logItems(log: LogId): unknown[] {
  const slash = log.indexOf('/');
  return [publicKeyOf(log.slice(0, slash) as NodeId), fromHex(log.slice(slash + 1) as EpochId)];
}

export function readLog(author: unknown, epoch: unknown): LogId | null {
  if (!isBytes(author, 32) || !isBytes(epoch, 8)) return null;
  return `${nodeIdOf(author)}/${toHex(epoch)}` as LogId;
}

export function isChannel(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64;
}

export function isCredit(value: unknown): value is number {
  return isNumber(value) && value <= CREDIT_MAX;
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < NUMBER_MAX;
}

export function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
