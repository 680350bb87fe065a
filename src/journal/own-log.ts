import { Buffer } from 'node:buffer';
import { cborUint, toHex } from '../bytes/index.ts';
import { type EntryId, type EpochId, logIdOf } from '../entry/index.ts';
import type { Log } from '../errors/index.ts';
import { assert, SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from './channel-journal.ts';
import type { Disk } from './disk.ts';
import { journalFailure } from './journal-failure.ts';
import { readWholeFile, writeWholeFile } from './whole-file.ts';

/** Name of the reserve file in a journal's directory. */
export const RESERVE_FILE = 'numbers';
/** Its format. */
export const RESERVE_FORMAT = { tag: 'num', version: 1 } as const;

/** Numbers, and steps of Lamport time, reserved at once. */
export const RESERVE_BLOCK = 65_536;

/**
 * Highest Lamport time that is taken over from others: one absurd entry must not drive the own ones to where no
 * number is left, and half of all is.
 */
const LAMPORT_FOLLOWED_MAX = 2 ** 47;

/** Options of {@link OwnLog}. */
export interface OwnLogOptions {
  readonly self: NodeId;
  /** Numbers reserved at once, 256 to 2^32. @defaultValue 65,536: a crash skips at most so many */
  readonly block?: number;
}

/** What {@link OwnLog} works with. */
export interface OwnLogDependencies {
  readonly disk: Disk;
  readonly journal: ChannelJournal;
  readonly randomBytes: (n: number) => Uint8Array;
  readonly log: Log;
}

/** Where the own log goes on. */
export interface OwnLogPlace {
  readonly epoch: EpochId;
  readonly nextSeq: number;
  /** What the next entry must declare as `skip`. */
  readonly skip: number;
  /** Id of the last own entry of the epoch that is held, which the next one must name; `null` for none. */
  readonly prev: EntryId | null;
  /** Highest Lamport time that may have been used or heard. */
  readonly lamport: number;
  /** Why there is a new epoch; `null` where the log goes on. */
  readonly renewed: 'first' | 'missing' | 'damaged' | 'foreign' | 'ahead' | null;
}

/** Numbers for one entry. */
export interface TakenNumbers {
  readonly epoch: EpochId;
  readonly seq: number;
  readonly count: number;
  readonly skip: number;
  readonly lamport: number;
}

/** What stands in the reserve file. */
export interface Reserve {
  readonly author: NodeId;
  readonly channel: string;
  readonly epoch: EpochId;
  /** No number above this was given. */
  readonly reservedThrough: number;
  /** No Lamport time above this was given or taken over from others. */
  readonly lamportCeiling: number;
  /** Stopped in order: `nextSeq` and `lamport` are exact. */
  readonly clean: boolean;
  readonly nextSeq: number;
  readonly lamport: number;
}

/**
 * Gives the own entries of a channel their numbers, each once in the life of the key: a block is reserved
 * durably before any of it is given, and after an unclean stop the log goes on behind the block.
 */
export class OwnLog {
  readonly #options: Required<OwnLogOptions>;
  readonly #deps: OwnLogDependencies;
  #epoch: EpochId | null = null;
  #nextSeq = 1;
  #skip = 0;
  #prev: EntryId | null = null;
  #lamport = 0;
  #reservedThrough = 0;
  #lamportCeiling = 0;
  #closed = false;
  /** Writes of the reserve file, one after the other. */
  #writing: Promise<void> = Promise.resolve();
  #refilling: Promise<void> | null = null;
  #fault: SedgeError | null = null;

  constructor(options: OwnLogOptions, deps: OwnLogDependencies) {
    this.#options = { block: RESERVE_BLOCK, ...options };
    this.#deps = deps;
  }

  /**
   * Finds where the log goes on and reserves the first block. A reserve that is missing, damaged or foreign,
   * or an own entry above it, begins a new epoch. The journal must have started. Throws `journal.disk-full`,
   * `journal.io-failed` and `journal.version`.
   */
  async open(): Promise<OwnLogPlace> {
    const { journal, disk } = this.#deps;
    const content = await readWholeFile(disk, `${journal.directory}/${RESERVE_FILE}`, RESERVE_FORMAT).catch(
      (error: unknown) => {
        throw journalFailure(error, RESERVE_FILE);
      },
    );
    const reserve = content.kind === 'value' ? decodeReserve(content.value) : null;
    const renewed = this.#reasonToRenew(content.kind === 'value' ? reserve : content.kind);
    // A lost ceiling may have been above all that is held, by as much as one block.
    const lamportFloor =
      Math.min(journal.lamportMax, LAMPORT_FOLLOWED_MAX) +
      (renewed === null || renewed === 'first' ? 0 : this.#options.block);
    if (renewed === null && reserve !== null) this.#goOn(reserve);
    else this.#begin();
    const ceiling = renewed === null ? 0 : (reserve?.lamportCeiling ?? 0);
    this.#lamport = Math.max(this.#lamport, lamportFloor, ceiling);
    await this.#reserve();
    assert(this.#epoch !== null, 'the log is open');
    const place = {
      epoch: this.#epoch,
      nextSeq: this.#nextSeq,
      skip: this.#skip,
      prev: this.#prev,
      lamport: this.#lamport,
    };
    if (renewed !== null && renewed !== 'first') {
      this.#deps.log.warn(
        { channel: journal.channel, epoch: place.epoch, why: renewed },
        'own log begins a new epoch',
      );
    }
    return { ...place, renewed };
  }

  /** Epoch of the log; only after {@link OwnLog.open}. */
  get epoch(): EpochId {
    assert(this.#epoch !== null, 'the log is open');
    return this.#epoch;
  }

  /** Number of the next message. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /**
   * Numbers for an entry of `count` messages, and its Lamport time, above all given or heard; `null` where
   * {@link OwnLog.ensureReserved} must come first.
   */
  take(count: number): TakenNumbers | null {
    assert(this.#epoch !== null, 'the log is open');
    assert(count > 0 && count <= this.#options.block, 'an entry takes at most a block');
    if (this.#closed || !this.#reaches(count)) return null;
    const taken = {
      epoch: this.#epoch,
      seq: this.#nextSeq,
      count,
      skip: this.#skip,
      lamport: this.#lamport + 1,
    };
    this.#nextSeq += count;
    this.#lamport++;
    this.#skip = 0;
    this.#refillIfLow();
    return taken;
  }

  /** Takes back the numbers of an entry that was not signed after all; only those given last. */
  giveBack(taken: TakenNumbers): void {
    const last = taken.epoch === this.#epoch && taken.seq + taken.count === this.#nextSeq;
    assert(last, 'only the last numbers can be given back');
    this.#nextSeq = taken.seq;
    this.#skip = taken.skip;
  }

  /** Notes a Lamport time heard from others: later own entries get higher ones. */
  witness(lamport: number): void {
    this.#lamport = Math.max(this.#lamport, Math.min(lamport, LAMPORT_FOLLOWED_MAX));
  }

  /** Why no numbers could be reserved when that was last tried; `null` when it succeeded. */
  get fault(): SedgeError | null {
    return this.#fault;
  }

  /** Resolves when {@link OwnLog.take} of `count` gives numbers. Throws `journal.disk-full`, `journal.io-failed`. */
  async ensureReserved(count: number): Promise<void> {
    while (!this.#closed && !this.#reaches(count)) await (this.#refilling ?? this.#reserve());
    if (this.#closed) throw new SedgeError('journal.stopped');
  }

  /** Begins a new epoch, at number 1, after a fork or a clone was found. */
  async newEpoch(): Promise<EpochId> {
    this.#begin();
    await this.#reserve();
    return this.epoch;
  }

  /** Notes the exact next number, so that the next start skips none. Idempotent; does not throw. */
  async close(): Promise<void> {
    if (this.#closed || this.#epoch === null) return;
    this.#closed = true;
    try {
      // Only what the journal has for certain counts: a number whose entry was lost must not be given again.
      await this.#write({ clean: true });
    } catch (error) {
      this.#deps.log.warn({ error: String(error) }, 'own numbers not noted; the next start skips some');
    }
  }

  #reasonToRenew(found: Reserve | null | 'missing' | 'damaged'): OwnLogPlace['renewed'] {
    const { journal } = this.#deps;
    if (found === 'missing') return this.#holdsOwn() ? 'missing' : 'first';
    if (found === 'damaged' || found === null) return 'damaged';
    if (found.author !== this.#options.self || found.channel !== journal.channel) return 'foreign';
    const last = journal.head(logIdOf(found))?.last ?? 0;
    return last >= (found.clean ? found.nextSeq : found.reservedThrough + 1) ? 'ahead' : null;
  }

  #holdsOwn(): boolean {
    for (const head of this.#deps.journal.heads()) if (head.author === this.#options.self) return true;
    return false;
  }

  #goOn(reserve: Reserve): void {
    this.#epoch = reserve.epoch;
    this.#nextSeq = reserve.clean ? reserve.nextSeq : reserve.reservedThrough + 1;
    this.#lamport = reserve.clean ? reserve.lamport : reserve.lamportCeiling;
    this.#reservedThrough = this.#nextSeq - 1;
    this.#lamportCeiling = this.#lamport;
    // At one moment: a lost entry that comes back between the two would make the next one contradict itself.
    const head = this.#deps.journal.head(logIdOf(reserve));
    this.#skip = this.#nextSeq - 1 - (head?.last ?? 0);
    this.#prev = head?.lastId ?? null;
  }

  #begin(): void {
    this.#epoch = toHex(this.#deps.randomBytes(8)) as EpochId;
    this.#nextSeq = 1;
    this.#skip = 0;
    this.#prev = null;
    this.#reservedThrough = 0;
  }

  #reaches(count: number): boolean {
    return this.#nextSeq + count - 1 <= this.#reservedThrough && this.#lamport + 1 <= this.#lamportCeiling;
  }

  #refillIfLow(): void {
    const half = this.#options.block / 2;
    const low = this.#reservedThrough - this.#nextSeq < half || this.#lamportCeiling - this.#lamport < half;
    if (!low || this.#refilling !== null || this.#closed) return;
    this.#refilling = this.#reserve()
      // Whoever runs out of numbers tries again and gets the error.
      .catch(() => {})
      .finally(() => {
        this.#refilling = null;
      });
  }

  /** Reserves a block from the next number on; it is given only when that is durable. */
  async #reserve(): Promise<void> {
    const epoch = this.#epoch;
    const reservedThrough = this.#nextSeq - 1 + this.#options.block;
    const lamportCeiling = this.#lamport + this.#options.block;
    await this.#write({ clean: false, reservedThrough, lamportCeiling });
    // A new epoch may have begun meanwhile; its numbers are reserved by itself.
    if (epoch !== this.#epoch) return;
    this.#reservedThrough = reservedThrough;
    this.#lamportCeiling = lamportCeiling;
  }

  #write(change: Pick<Reserve, 'clean'> & Partial<Reserve>): Promise<void> {
    const { journal } = this.#deps;
    const reserve: Reserve = {
      author: this.#options.self,
      channel: journal.channel,
      epoch: this.epoch,
      reservedThrough: this.#reservedThrough,
      lamportCeiling: Math.max(this.#lamportCeiling, this.#lamport),
      nextSeq: this.#nextSeq,
      lamport: this.#lamport,
      ...change,
    };
    const write = this.#writing.then(() => writeReserve(this.#deps.disk, journal.directory, reserve));
    this.#writing = write.then(
      () => {
        this.#fault = null;
      },
      (error: SedgeError) => {
        this.#fault = error;
      },
    );
    return write;
  }
}

async function writeReserve(disk: Disk, directory: string, reserve: Reserve): Promise<void> {
  try {
    const content = { format: RESERVE_FORMAT, value: encodeReserve(reserve) };
    await writeWholeFile(disk, { directory, name: RESERVE_FILE }, content);
  } catch (error) {
    throw journalFailure(error, RESERVE_FILE);
  }
}

/** The reserve as it goes to disk. */
export function encodeReserve(reserve: Reserve): unknown {
  const { author, channel, epoch, reservedThrough, lamportCeiling, clean, nextSeq, lamport } = reserve;
  return [
    author,
    channel,
    new Uint8Array(Buffer.from(epoch, 'hex')),
    cborUint(reservedThrough),
    cborUint(lamportCeiling),
    clean,
    cborUint(nextSeq),
    cborUint(lamport),
  ];
}

/** Reads a reserve; `null` if it has not the right shape. */
export function decodeReserve(value: unknown): Reserve | null {
  if (!Array.isArray(value) || value.length < 8) return null;
  const [author, channel, epoch, reservedThrough, lamportCeiling, clean, nextSeq, lamport] =
    value as unknown[];
  if (typeof author !== 'string' || typeof channel !== 'string' || typeof clean !== 'boolean') return null;
  if (!(epoch instanceof Uint8Array) || epoch.length !== 8) return null;
  if (typeof reservedThrough !== 'number' || typeof lamportCeiling !== 'number') return null;
  if (typeof nextSeq !== 'number' || typeof lamport !== 'number') return null;
  return {
    author: author as NodeId,
    channel,
    epoch: toHex(epoch) as EpochId,
    reservedThrough,
    lamportCeiling,
    clean,
    nextSeq,
    lamport,
  };
}
