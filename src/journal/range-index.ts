import { Buffer } from 'node:buffer';
import { fromHex, sha256, toHex } from '../bytes/index.ts';
import { type EntryHeader, type EntryId, type LogId, lastSeqOf, logIdOf } from '../entry/index.ts';
import { assert } from '../errors/index.ts';
import { nodeIdOf, publicKeyOf } from '../identity/index.ts';
import { HeadOrder } from './head-order.ts';
import { HeldNumbers } from './held-numbers.ts';
import type { Head } from './journal-face.ts';

/** Bytes of a log's key: the author's public key (32) and the epoch (8). */
export const LOG_KEY_BYTES = 40;

const SUM_MODULUS = 1n << 256n;
const ROOT_BYTES = 16;

/** What is held of a log. */
export interface HeldLog {
  readonly log: LogId;
  readonly author: Head['author'];
  readonly epoch: Head['epoch'];
  /** Dense number of the log in this process; segments refer to logs by it. */
  readonly number: number;
  numbers: HeldNumbers;
  /** The first number that no longer counts, as the epoch was forked; `null` while none is. */
  end: number | null;
  /** Highest position of an entry of the log; where a peer stopped reading tells it whether there is more. */
  lastPosition: number;
  /** The head's hash as it stands in the sum behind the root. */
  headHash: bigint;
}

/** Which numbers of which logs are held, and the root over all heads. */
export class RangeIndex {
  readonly #logs = new Map<LogId, HeldLog>();
  readonly #byNumber: HeldLog[] = [];
  /** Index files name logs by their bytes; to make ids of them costs far more than to look them up. */
  readonly #byKey = new Map<string, HeldLog>();
  readonly #logsOf = new Map<HeldLog['author'], number>();
  readonly #changed = new Set<HeldLog>();
  #sum = 0n;
  #root: Uint8Array | null = null;
  /** Made when it is asked for, and anew when a log came that is not in it. */
  #order: HeadOrder | null = null;

  /** The log, made known if it is new. */
  logOf(header: Pick<EntryHeader, 'author' | 'epoch'>): HeldLog {
    const log = logIdOf(header);
    const known = this.#logs.get(log);
    if (known !== undefined) return known;
    const made: HeldLog = {
      log,
      author: header.author,
      epoch: header.epoch,
      number: this.#byNumber.length,
      numbers: new HeldNumbers(),
      end: null,
      lastPosition: 0,
      headHash: 0n,
    };
    this.#logs.set(log, made);
    this.#byNumber.push(made);
    this.#logsOf.set(made.author, this.logsOf(made.author) + 1);
    this.#order = null;
    return made;
  }

  /** The log of the 40 bytes of {@link encodeLogKey}, a character each, made known if it is new. */
  logOfKey(key: string): HeldLog {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const held = this.logOf(decodeLogKey(Buffer.from(key, 'latin1'), 0));
    this.#byKey.set(key, held);
    return held;
  }

  /** The log of a number given by {@link RangeIndex.logOf}. */
  byNumber(number: number): HeldLog {
    const held = this.#byNumber[number];
    assert(held !== undefined, 'log numbers come from the index');
    return held;
  }

  /** Logs of an author that are known. */
  logsOf(author: HeldLog['author']): number {
    return this.#logsOf.get(author) ?? 0;
  }

  /** The log, if anything of it was ever held. */
  get(log: LogId): HeldLog | undefined {
    return this.#logs.get(log);
  }

  /** All logs that are known, whether or not something of them is held. */
  all(): readonly HeldLog[] {
    return this.#byNumber;
  }

  /** Logs of which something is held. */
  *held(): IterableIterator<HeldLog> {
    for (const held of this.#logs.values()) if (held.numbers.ranges.length > 0) yield held;
  }

  /** Takes an entry up. */
  add(
    held: HeldLog,
    header: Pick<EntryHeader, 'seq' | 'count' | 'skip'> & { id: EntryId },
    position: number,
  ) {
    const { seq, skip, id } = header;
    held.numbers.hold({ first: seq, last: lastSeqOf(header), firstId: id, lastId: id });
    if (skip > 0) held.numbers.declareUnused(Math.max(1, seq - skip), seq - 1);
    this.noteChange(held, position);
  }

  /** Takes up what a segment holds of a log. */
  merge(held: HeldLog, numbers: HeldNumbers, lastPosition: number): void {
    held.numbers.merge(numbers);
    this.noteChange(held, lastPosition);
  }

  /** Replaces what is held of a log, after something was lost or dropped. */
  replace(held: HeldLog, numbers: HeldNumbers): void {
    held.numbers = numbers;
    this.noteChange(held, held.lastPosition);
  }

  /** Marks a head as changed. */
  noteChange(held: HeldLog, position: number): void {
    if (position > held.lastPosition) held.lastPosition = position;
    this.#changed.add(held);
    this.#root = null;
  }

  /** 16 bytes over all heads, as the folder's README defines them; only changed heads are hashed. */
  root(): Uint8Array {
    if (this.#root !== null) return this.#root;
    for (const held of this.#changed) {
      const hash = held.numbers.ranges.length === 0 ? 0n : headHash(held);
      this.#sum += hash - held.headHash;
      this.#order?.add(held, hash - held.headHash);
      held.headHash = hash;
    }
    this.#changed.clear();
    this.#sum = reduced(this.#sum);
    this.#root = new Uint8Array(sha256(headHashSumBytes(this.#sum)).subarray(0, ROOT_BYTES));
    return this.#root;
  }

  /** Heads by log key, up to date until the next change; only changed heads are hashed. */
  order(): HeadOrder {
    this.root();
    this.#order ??= new HeadOrder(this.#logs.values());
    return this.#order;
  }
}

/** A sum of head hashes, mod 2^256, as 32 bytes. */
export function headHashSumBytes(sum: bigint): Uint8Array {
  return Buffer.from(reduced(sum).toString(16).padStart(64, '0'), 'hex');
}

/** Author and epoch of a log as 80 hexadecimal digits: what heads are ordered by. */
export function logKeyOf(header: Pick<EntryHeader, 'author' | 'epoch'>): string {
  return toHex(encodeLogKey(header));
}

function reduced(sum: bigint): bigint {
  return ((sum % SUM_MODULUS) + SUM_MODULUS) % SUM_MODULUS;
}

/** True for an entry of the log that reaches or passes the end of its epoch: it is on disk and counts no more. */
export function isEnded(held: Pick<HeldLog, 'end'> | undefined, lastSeq: number): boolean {
  return held !== undefined && held.end !== null && lastSeq >= held.end;
}

/** The head of a log of which something is held. */
export function headOf(held: HeldLog): Head {
  const top = held.numbers.ranges.at(-1);
  assert(top !== undefined, 'a head needs an entry');
  const { log, author, epoch } = held;
  return { log, author, epoch, last: top.last, lastId: top.lastId, holes: held.numbers.holes() };
}

/** Author and epoch of a log as 40 bytes. */
export function encodeLogKey(header: Pick<EntryHeader, 'author' | 'epoch'>): Buffer {
  const author = publicKeyOf(header.author);
  const epoch = fromHex(header.epoch);
  assert(author !== null && epoch?.length === 8, 'authors and epochs are checked before they are stored');
  return Buffer.concat([author, epoch]);
}

/** Author and epoch from the 40 bytes at `at`. */
export function decodeLogKey(bytes: Buffer, at: number): Pick<EntryHeader, 'author' | 'epoch'> {
  return {
    author: nodeIdOf(bytes.subarray(at, at + 32)),
    epoch: toHex(bytes.subarray(at + 32, at + LOG_KEY_BYTES)) as EntryHeader['epoch'],
  };
}

function headHash(held: HeldLog): bigint {
  const { last, lastId, holes } = headOf(held);
  const bytes = Buffer.alloc(LOG_KEY_BYTES + 24 + holes.length * 32);
  encodeLogKey(held).copy(bytes);
  bytes.writeBigUInt64BE(BigInt(last), LOG_KEY_BYTES);
  bytes.write(lastId, LOG_KEY_BYTES + 8, 16, 'hex');
  let at = LOG_KEY_BYTES + 24;
  for (const hole of holes) {
    bytes.writeBigUInt64BE(BigInt(hole.first), at);
    bytes.writeBigUInt64BE(BigInt(hole.last), at + 8);
    bytes.write(hole.nextId, at + 16, 16, 'hex');
    at += 32;
  }
  return BigInt(`0x${toHex(sha256(bytes))}`);
}
