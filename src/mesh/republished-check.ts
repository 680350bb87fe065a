import { type Entry, type LogId, lastSeqOf, logIdOf, type Message } from '../entry/index.ts';
import type { ChannelJournal, StoredRecord } from '../journal/index.ts';
import { contentOf } from './message-content.ts';
import type { WasMark, WasMarks } from './was-marks.ts';

/** The first message of one that was published again, as it lies on disk here. */
export interface Original {
  readonly position: number;
  readonly content: string;
}

/** The first messages of an entry's messages that were published again, by number and epoch. */
export type Originals = ReadonlyMap<string, Original>;

const NONE: Originals = new Map();

/** True for an entry with a message that was published again. */
export function isRepublished(entry: Entry): boolean {
  return entry.messages?.some(({ was }) => was !== undefined) ?? false;
}

/** The log in which a message that was published again had its first number. */
export function firstLogOf(entry: Entry, was: NonNullable<Message['was']>): LogId {
  return logIdOf({ author: entry.author, epoch: was.epoch });
}

/**
 * Reads what lies on disk under the numbers that an entry's messages had first, whether or not it counts any more: a
 * subscription that had the number had this.
 */
export async function readOriginals(
  journal: ChannelJournal,
  entry: Entry,
  decode: (record: StoredRecord) => Entry | null,
): Promise<Originals> {
  if (!isRepublished(entry)) return NONE;
  const originals = new Map<string, Original>();
  let at: { readonly entry: Entry; readonly position: number } | null = null;
  for (const { was } of entry.messages ?? []) {
    if (was === undefined) continue;
    const log = firstLogOf(entry, was);
    // What lost in one entry comes again in one: mostly the record that was just read.
    if (at === null || !holds(at.entry, log, was.seq)) {
      const [record] = await journal.readLog(log, was.seq, {
        throughSeq: was.seq,
        recordsMax: 1,
        ended: true,
      });
      const first = record === undefined ? null : decode(record);
      at = first === null ? null : { entry: first, position: record!.position };
    }
    const message = at?.entry.messages?.[was.seq - at.entry.seq];
    if (at !== null && message !== undefined) {
      originals.set(keyOf(was), { position: at.position, content: contentOf(message) });
    }
  }
  return originals;
}

function holds(entry: Entry, log: LogId, seq: number): boolean {
  return logIdOf(entry) === log && entry.seq <= seq && lastSeqOf(entry) >= seq;
}

function keyOf({ epoch, seq }: NonNullable<Message['was']>): string {
  return `${epoch} ${seq}`;
}

/** What a subscription had so far in a channel. */
export interface HadSoFar {
  /** True for a number that was queued, of the record at a position. */
  isPast(log: LogId, seq: number, position: number): boolean;
  /** Messages of a log that were queued as they were published again; `null` if there are none. */
  marksOf(log: LogId): WasMarks | null;
  /** As `marksOf`, made if there are none. */
  marksFor(log: LogId): WasMarks;
}

/** What a message is to a subscription. */
export interface Recognized {
  /** It was queued before, under another number. */
  readonly repeated: boolean;
  /** Of one that was published again: what the log of its first number is to keep once it is acknowledged. */
  readonly mark: { readonly log: LogId; readonly mark: WasMark } | null;
}

/** A message that never had another number. */
export const NEW_MESSAGE: Recognized = Object.freeze({ repeated: false, mark: null });

/**
 * Tells whether a message was queued before under another number, and notes it if not. It was if the subscription
 * passed its first number and the record there holds the same, or if the same came with the same `was` before.
 */
export function recognize(entry: Entry, index: number, originals: Originals, had: HadSoFar): Recognized {
  const message = entry.messages![index]!;
  const { was } = message;
  if (was === undefined) {
    const marks = had.marksOf(logIdOf(entry));
    if (marks === null || marks.size === 0) return NEW_MESSAGE;
    return { repeated: marks.has({ seq: entry.seq + index, content: contentOf(message) }), mark: null };
  }
  const log = firstLogOf(entry, was);
  const mark = { seq: was.seq, content: contentOf(message) };
  const original = originals.get(keyOf(was));
  const first = original?.content === mark.content && had.isPast(log, was.seq, original.position);
  const marks = had.marksFor(log);
  const repeated = first || marks.has(mark);
  marks.note(mark);
  return { repeated, mark: { log, mark } };
}

/** True where a first message came in after its place was read. */
export function lacksOriginal(journal: ChannelJournal, entry: Entry, originals: Originals): boolean {
  return (entry.messages ?? []).some(
    ({ was }) =>
      was !== undefined &&
      !originals.has(keyOf(was)) &&
      journal.holds(firstLogOf(entry, was), was.seq, was.seq) !== 'none',
  );
}
