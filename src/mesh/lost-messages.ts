import { type Entry, type LogId, type Message, splitLogId } from '../entry/index.ts';
import type { ChannelJournal, StoredRecord } from '../journal/index.ts';
import { contentOf } from './message-content.ts';

/** A message to publish again, marked `was`, with what is left of its lifetime in seconds; 0 for none of its own. */
export interface LostMessage {
  readonly message: Message;
  readonly ttlSeconds: number;
}

/**
 * What of a forked log was published again since, in whatever epoch of the author still counts: by its first number
 * and what it holds, as a clone publishes something else again under the same number.
 */
export class PublishedAgain {
  readonly #known = new Set<string>();
  readonly #ttlSecondsOf: (entry: Entry) => number;

  /** `ttlSecondsOf`: lifetime of an entry, its channel's where it has none of its own; 0 for none. */
  constructor(ttlSecondsOf: (entry: Entry) => number) {
    this.#ttlSecondsOf = ttlSecondsOf;
  }

  /** Takes up what an entry published again. */
  add(entry: Entry): void {
    for (const message of entry.messages ?? []) {
      if (message.was !== undefined) this.#known.add(keyOf(message.was, message));
    }
  }

  /** Reads what the author published again in other epochs of a channel, from a position on. */
  async read(
    journal: ChannelJournal,
    { lost, fromPosition }: { readonly lost: LogId; readonly fromPosition: number },
    decode: (record: StoredRecord) => Entry | null,
  ): Promise<this> {
    for (const head of [...journal.headsSince(fromPosition - 1)]) {
      if (head.log === lost || head.author !== splitLogId(lost).author) continue;
      for (let next = 1; ; ) {
        const records = await journal.readLog(head.log, next);
        for (const record of records) {
          const entry = record.position < fromPosition ? null : decode(record);
          if (entry !== null) this.add(entry);
        }
        const last = records.at(-1);
        if (last === undefined) break;
        next = last.seq + last.count;
      }
    }
    return this;
  }

  /** What of an entry that lost is still to be published again, taken up as if it were; nothing that expired. */
  take(entry: Entry, ageMs: number): LostMessage[] {
    const lifetimeSeconds = this.#ttlSecondsOf(entry);
    if (lifetimeSeconds > 0 && ageMs > lifetimeSeconds * 1_000) return [];
    // What is left of its own, late, never early; the channel's begins anew.
    const leftSeconds = Math.max(1, Math.ceil(entry.ttlSeconds - ageMs / 1_000));
    const ttlSeconds = entry.ttlSeconds === 0 ? 0 : leftSeconds;
    return (entry.messages ?? []).flatMap((message, index) => {
      // The first place of all: a message may lose more than once.
      const was = message.was ?? { epoch: entry.epoch, seq: entry.seq + index };
      const key = keyOf(was, message);
      if (this.#known.has(key)) return [];
      this.#known.add(key);
      return [{ message: { ...message, was }, ttlSeconds }];
    });
  }
}

function keyOf({ epoch, seq }: NonNullable<Message['was']>, message: Message): string {
  return `${epoch} ${seq} ${contentOf(message)}`;
}
