import { randomBytes } from 'node:crypto';
import type { SigningKey } from '../../src/cose/index.ts';
import { decodeEntry, type EntryId, type EpochId, sealEntry } from '../../src/entry/index.ts';
import { Counters, silentLog } from '../../src/errors/index.ts';
import { ChannelJournal, NodeDisk } from '../../src/journal/index.ts';
import { journalDirectory } from '../../src/mesh/carried-channels.ts';

/** What a journal is filled with. */
export interface JournalShape {
  /** Logs, each of an author of its own, in turns. */
  readonly logs: number;
  readonly messagesPerEntry: number;
  readonly payloadBytes: number;
}

/** The shapes that a stored gigabyte is measured with. */
export const JOURNAL_SHAPES: Readonly<Record<string, JournalShape>> = Object.freeze({
  'few-large': { logs: 4, messagesPerEntry: 256, payloadBytes: 64 },
  'few-single': { logs: 4, messagesPerEntry: 1, payloadBytes: 100 },
  'many-logs': { logs: 10_000, messagesPerEntry: 1, payloadBytes: 100 },
});

/**
 * Fills the `main` journal of a node that does not run, by appending entries as they come from others. They are whole but
 * for their signatures: a start checks none, and a million take minutes. Stopped in order unless `unclean`.
 */
export async function fillJournal(
  directory: string,
  shape: JournalShape,
  options: { readonly bytes: number; readonly unclean?: boolean },
): Promise<{ readonly entries: number; readonly bytes: number }> {
  const journal = new ChannelJournal(
    { directory: journalDirectory(directory, 'main'), channel: 'main', self: 'nobody' as never },
    {
      disk: new NodeDisk(),
      nowMs: () => Date.now(),
      randomBytes: (n) => randomBytes(n),
      decode: decodeEntry,
      log: silentLog,
      counters: new Counters(),
    },
  );
  await journal.start();
  const authors = Array.from({ length: shape.logs }, makeAuthor);
  let [written, entries] = [0, 0];
  while (written < options.bytes) {
    const author = authors[entries % authors.length]!;
    const entry = nextEntry(author, shape, entries);
    journal.append(entry, { receivedAtMs: Date.now(), ageMs: 0, source: 'sync', verifiedBy: 'signature' });
    written += entry.bytes.length + 28;
    entries++;
    if (entries % 2_000 === 0) await journal.commit();
  }
  await journal.commit();
  const { bytes } = journal.totals();
  // A crash writes nothing more: the journal is left as it is, and this process ends.
  if (options.unclean !== true) await journal.stop();
  return { entries, bytes };
}

interface Author {
  readonly key: SigningKey;
  readonly epoch: EpochId;
  seq: number;
  prev: EntryId | null;
}

function makeAuthor(): Author {
  const signature = new Uint8Array(randomBytes(64));
  const key = { publicKey: new Uint8Array(randomBytes(32)), sign: () => signature };
  return { key, epoch: randomBytes(8).toString('hex') as EpochId, seq: 1, prev: null };
}

function nextEntry(author: Author, shape: JournalShape, lamport: number) {
  const timeMs = Date.now();
  const messages = Array.from({ length: shape.messagesPerEntry }, (_, at) => ({
    topic: `site/sensor-${at % 16}/value`,
    payload: new Uint8Array(shape.payloadBytes).fill(48 + (at % 10)),
    timeMs,
  }));
  const entry = sealEntry(
    {
      channel: 'main',
      epoch: author.epoch,
      seq: author.seq,
      skip: 0,
      prev: author.prev,
      lamport: lamport + 1,
      timeMs,
      ttlSeconds: 0,
      messages,
    },
    author.key,
    new Uint8Array(),
  );
  author.seq += shape.messagesPerEntry;
  author.prev = entry.id;
  return entry;
}
