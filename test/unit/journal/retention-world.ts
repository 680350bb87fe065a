import { expect } from 'vitest';
import type { LogId } from '../../../src/entry/index.ts';
import type {
  ChannelJournal,
  JournalOptions,
  MemoryDisk,
  RetentionContext,
  RetentionLimits,
} from '../../../src/journal/index.ts';
import { makeJournal, other, self } from './journal-world.ts';
import { type Sample, sampleEntry, sampleFacts, sampleLog } from './sample-entries.ts';

export const NO_LIMITS: RetentionLimits = {
  ageMs: null,
  bytes: null,
  messages: null,
  storageBytes: null,
  reserveBytes: 0,
};
export const T0 = 1_790_000_000_000;

/** Time and knowledge of the world as a test sets it. */
export class RetentionWorld implements RetentionContext {
  nowMs = T0;
  held = false;
  readonly elapsedMs = (receivedAtMs: number) => Math.max(0, this.nowMs - receivedAtMs);
  readonly isHeldElsewhere = () => this.held;
}

export async function started(disk: MemoryDisk, options: Partial<JournalOptions> = {}) {
  const made = makeJournal(disk, { segmentBytes: 2_000, cacheBytes: 500, ...options });
  await made.journal.start();
  return made;
}

/** Appends single messages, each committed, so that segments are sealed as they fill. */
export async function fill(
  journal: ChannelJournal,
  numbers: Iterable<number>,
  sample: Partial<Sample> & { readonly receivedAtMs?: number } = {},
): Promise<void> {
  const { receivedAtMs = T0, ...rest } = sample;
  for (const seq of numbers) {
    const entry = sampleEntry({ author: other, payloadBytes: 100, ...rest, seq });
    const source = entry.author === self ? 'own' : 'gossip';
    journal.append(entry, { ...sampleFacts(receivedAtMs), source });
    await journal.commit();
  }
}

export function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

export async function seqsOf(journal: ChannelJournal, log: LogId): Promise<number[]> {
  return (await journal.readLog(log, 1, { bytesMax: 1e9, recordsMax: 1e6 })).map(({ seq }) => seq);
}

/** What the journal says from memory must be what its files say. */
export async function expectSameAfterRestart(
  disk: MemoryDisk,
  journal: ChannelJournal,
): Promise<ChannelJournal> {
  const before = { root: journal.root(), heads: [...journal.heads()], totals: journal.totals() };
  const lists = [...journal.logsLetGo()].map((log) => [log, journal.letGo(log)]);
  const records = await journal.readArrival(1, { bytesMax: 1e9, recordsMax: 1e6 });
  await journal.stop();
  const { journal: again } = await started(disk);
  expect(again.root()).toEqual(before.root);
  expect(new Set(again.heads())).toEqual(new Set(before.heads));
  expect(again.totals()).toMatchObject({ entries: before.totals.entries, messages: before.totals.messages });
  expect(new Map([...again.logsLetGo()].map((log) => [log, again.letGo(log)]))).toEqual(
    new Map(lists as never),
  );
  const read = await again.readArrival(1, { bytesMax: 1e9, recordsMax: 1e6 });
  expect(read.map(({ position, facts }) => [position, facts])).toEqual(
    records.map(({ position, facts }) => [position, facts]),
  );
  return again;
}

export const log = sampleLog(other);
