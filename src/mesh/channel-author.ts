import {
  ENTRY_BATCH_BYTES_MAX,
  ENTRY_MESSAGES_MAX,
  type Entry,
  type EntryId,
  type EpochId,
  lastSeqOf,
  logIdOf,
  type Message,
  messageBytesBound,
  sealEntry,
} from '../entry/index.ts';
import { isSedgeError } from '../errors/index.ts';
import type { Identity } from '../identity/index.ts';
import type { ChannelJournal, OwnLog, StoredEntry } from '../journal/index.ts';
import type { ReplicaWait } from '../receipts/index.ts';
import type { Acknowledgement, Published } from './publish-options.ts';
import { isRetried } from './retried.ts';
import { whenKept } from './when-kept.ts';

/** What an author works with. */
export interface ChannelAuthorDependencies {
  readonly identity: Identity;
  readonly externalAad: Uint8Array;
  readonly journal: ChannelJournal;
  readonly ownLog: OwnLog;
  /** Stores an own entry and delivers it here. */
  readonly store: (entry: Entry) => StoredEntry;
  /** Hands an own entry to the other nodes. */
  readonly send: (entry: Entry) => void;
  /** Resolves, soon in any case, when the network keeps up; `null` if it does. */
  readonly whenRoom: () => Promise<void> | null;
  readonly nowMs: () => number;
  /** Resolves with how many others hold messages of this log once they are enough; rejects in time. */
  readonly whenHeld: (wait: ReplicaWait, timeoutMs: number) => Promise<number>;
}

/** How a message is acknowledged. */
export interface AcknowledgementWish {
  readonly ack: Acknowledgement;
  readonly replicasTimeoutMs: number;
}

/** A message on its way into an entry. */
interface Pending {
  readonly message: Message;
  readonly ttlSeconds: number;
  readonly wish: AcknowledgementWish;
  readonly bytes: number;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: unknown) => void;
}

/** Entries sealed in a row before sockets and timers get their turn. */
const ENTRIES_PER_TURN = 4;
/** How long a small batch waits for the commit that is under way. It only adds latency to a busy author. */
const GATHER_MS_MAX = 2;

/**
 * Numbers, signs and stores what this node publishes in one channel. An idle author sends at once; a busy one
 * batches by itself, because the next entry gathers while the last is being written.
 */
export class ChannelAuthor {
  readonly #channel: string;
  readonly #deps: ChannelAuthorDependencies;
  readonly #pending: Pending[] = [];
  #prev: EntryId | null;
  #scheduled = false;
  #flushing: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;
  #committing = false;
  #gatherTimer: NodeJS.Timeout | null = null;

  /** `prev`: id of the last own entry of the epoch that is held, `null` if there is none. */
  constructor(channel: string, prev: EntryId | null, deps: ChannelAuthorDependencies) {
    this.#channel = channel;
    this.#prev = prev;
    this.#deps = deps;
  }

  /** Messages that wait to be put into an entry. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** Publishes a message that passed all checks. Rejects where the journal cannot take it. */
  publish(message: Message, ttlSeconds: number, wish: AcknowledgementWish): Promise<Published> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ message, ttlSeconds, wish, bytes: messageBytesBound(message), resolve, reject });
      this.#schedule();
    });
  }

  /**
   * Begins a new epoch: its first entry has nothing before it. From now on nothing goes into the old one; what
   * waits goes into the new one. While that is under way, asking again waits for the same.
   */
  renew(newEpoch: () => Promise<unknown>): Promise<void> {
    this.#renewing ??= this.#renew(newEpoch).finally(() => {
      this.#renewing = null;
      this.#schedule();
    });
    return this.#renewing;
  }

  async #renew(newEpoch: () => Promise<unknown>): Promise<void> {
    await this.#flushing;
    this.#prev = null;
    await newEpoch();
  }

  /** Ends the wait for a commit; what still waits is rejected with `reason`. */
  stop(reason: unknown): void {
    if (this.#gatherTimer !== null) clearTimeout(this.#gatherTimer);
    this.#gatherTimer = null;
    for (const pending of this.#pending.splice(0)) pending.reject(reason);
  }

  #schedule(): void {
    // One at a time: an entry that waits for its numbers must not be overtaken.
    if (this.#scheduled || this.#flushing !== null || this.#renewing !== null) return;
    if (this.#pending.length === 0) return;
    if (this.#committing && this.#pending.length < ENTRY_MESSAGES_MAX) {
      this.#gatherTimer ??= setTimeout(() => {
        this.#gatherTimer = null;
        this.#committing = false;
        this.#schedule();
      }, GATHER_MS_MAX);
      return;
    }
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#renewing !== null) return;
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = null;
        this.#schedule();
      });
    });
  }

  /** Seals what waits; runs once at a time, as entries go out in the order of their numbers. */
  async #flush(): Promise<void> {
    await this.#deps.whenRoom();
    for (let entries = 0; entries < ENTRIES_PER_TURN && this.#pending.length > 0; entries++) {
      if (this.#renewing !== null) return;
      const batch = this.#takeBatch();
      try {
        const sealed = await this.#sealAndStore(batch);
        if (!sealed) this.#pending.unshift(...batch);
      } catch (error) {
        for (const pending of batch) pending.reject(error);
        if (!isSedgeError(error)) throw error;
      }
    }
  }

  /** As many waiting messages as one entry takes: 256, 64 KiB, one `ttl`. */
  #takeBatch(): Pending[] {
    let bytes = 512;
    let count = 0;
    const ttlSeconds = this.#pending[0]?.ttlSeconds;
    while (count < this.#pending.length && count < ENTRY_MESSAGES_MAX) {
      const next = this.#pending[count]!;
      bytes += next.bytes;
      if (count > 0 && (bytes > ENTRY_BATCH_BYTES_MAX || next.ttlSeconds !== ttlSeconds)) break;
      count++;
    }
    return this.#pending.splice(0, count);
  }

  /** `false` where the epoch is to be left, so that the batch has to wait for the next. */
  async #sealAndStore(batch: readonly Pending[]): Promise<boolean> {
    const { ownLog, store, send, identity, externalAad } = this.#deps;
    let numbers = ownLog.take(batch.length);
    if (numbers === null) {
      await ownLog.ensureReserved(batch.length);
      if (this.#renewing !== null) return false;
      numbers = ownLog.take(batch.length);
    }
    if (numbers === null) throw new Error('bug: numbers were reserved and are not there');
    const { seq } = numbers;
    const { epoch } = ownLog;
    const entry = sealEntry(
      {
        channel: this.#channel,
        epoch,
        seq,
        skip: numbers.skip,
        prev: this.#prev,
        lamport: numbers.lamport,
        timeMs: batch[0]!.message.timeMs,
        ttlSeconds: batch[0]!.ttlSeconds,
        messages: batch.map(({ message }) => message),
      },
      identity,
      externalAad,
    );
    let stored: StoredEntry;
    try {
      stored = store(entry);
    } catch (error) {
      // It never left this node, so its numbers are still unused.
      ownLog.giveBack(numbers);
      throw error;
    }
    // Storing it may have shown that the epoch is to be left.
    this.#prev = entry.id;
    this.#acknowledge(batch, stored, { epoch, seq }, send);
    return true;
  }

  #acknowledge(
    batch: readonly Pending[],
    { entry, position }: StoredEntry,
    { epoch, seq }: { epoch: EpochId; seq: number },
    send: (entry: Entry) => void,
  ): void {
    const durable = this.#deps.journal.whenDurable(position);
    // Whoever tries again after a crash finds what it published only on the disk; before that, nobody may hear of it.
    const guarded = batch.some(({ message }) => isRetried(message));
    if (!guarded) send(entry);
    const publishedOf = (index: number): Published => ({
      author: entry.author,
      channel: entry.channel,
      epoch,
      seq: seq + index,
      timeMs: batch[index]!.message.timeMs,
      duplicate: false,
    });
    batch.forEach((pending, index) => {
      if (pending.wish.ack === 'accepted') pending.resolve(publishedOf(index));
    });
    this.#committing = true;
    durable.then(
      () => {
        if (guarded) send(entry);
        batch.forEach((pending, index) => {
          if (pending.wish.ack === 'durable') pending.resolve(publishedOf(index));
        });
        this.#awaitReplicas(batch, entry, publishedOf);
        this.#committed();
      },
      (error) => {
        for (const pending of batch) if (pending.wish.ack !== 'accepted') pending.reject(error);
        // It stays in line for the disk; once it is there, the others are to hear of it.
        if (guarded) void whenKept(this.#deps.journal, position).then((kept) => kept && send(entry));
        this.#committed();
      },
    );
  }

  /** One wait for all messages of the entry that wish the same. */
  #awaitReplicas(batch: readonly Pending[], entry: Entry, publishedOf: (index: number) => Published): void {
    const groups = new Map<string, { pending: Pending; index: number }[]>();
    batch.forEach((pending, index) => {
      const { ack, replicasTimeoutMs } = pending.wish;
      if (typeof ack === 'string') return;
      const key = `${ack.replicas} ${replicasTimeoutMs}`;
      groups.set(key, [...(groups.get(key) ?? []), { pending, index }]);
    });
    const of = { channel: this.#channel, log: logIdOf(entry), first: entry.seq, last: lastSeqOf(entry) };
    for (const group of groups.values()) {
      const { ack, replicasTimeoutMs } = group[0]!.pending.wish;
      if (typeof ack === 'string') continue;
      this.#deps.whenHeld({ ...of, replicas: ack.replicas }, replicasTimeoutMs).then(
        (replicas) => {
          for (const { pending, index } of group) pending.resolve({ ...publishedOf(index), replicas });
        },
        (error) => {
          for (const { pending } of group) pending.reject(error);
        },
      );
    }
  }

  #committed(): void {
    this.#committing = false;
    if (this.#gatherTimer !== null) clearTimeout(this.#gatherTimer);
    this.#gatherTimer = null;
    this.#schedule();
  }
}
