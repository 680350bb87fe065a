import type { Entry } from '../entry/index.ts';
import { assertNever, SedgeError } from '../errors/index.ts';
import type { ChannelJournal, StoredRecord } from '../journal/index.ts';
import type { LogProgress } from './log-reader.ts';
import { splitMessageOffset } from './message-offset.ts';
import type { SubscribeFrom } from './subscribe-options.ts';

/** Where each log starts, and what comes before anything else. */
export interface Start {
  readonly logs: readonly LogProgress[];
  /** Entries below are passed over, by channel. */
  readonly minPositions: ReadonlyMap<string, number>;
  /** The entry at that position was had in part: so many of its messages are passed over, by channel. */
  readonly taken: ReadonlyMap<string, number>;
  /** First position to deliver, by channel, for a subscription in order of arrival. */
  readonly arrivalNext: ReadonlyMap<string, number>;
  /** Last values of topics, in order of arrival. */
  readonly lastValues: readonly LastValue[];
}

/** The last value of a topic and where it is. */
export interface LastValue {
  readonly record: StoredRecord;
  readonly entry: Entry;
  readonly index: number;
}

/** What the scan of a journal needs. */
export interface StartContext {
  readonly matches: (topic: string) => boolean;
  readonly decode: (record: StoredRecord) => Entry | null;
}

/** A start whose fixed points are taken; `resolve` reads the rest. */
export interface StartPlan {
  resolve(context: StartContext): Promise<Start>;
}

type Journals = ReadonlyMap<string, ChannelJournal>;

/** Takes the fixed points of a start now; what must be read from disk waits for `resolve`. */
export function planStart(from: SubscribeFrom, journals: Journals): StartPlan {
  const heads = headsNow(journals);
  const ends = new Map([...journals].map(([channel, journal]) => [channel, endOf(journal)]));
  const none: Start = {
    logs: [],
    minPositions: new Map(),
    taken: new Map(),
    arrivalNext: new Map(),
    lastValues: [],
  };
  if (from === 'all') {
    const arrivalNext = new Map([...journals.keys()].map((channel) => [channel, 1]));
    return { resolve: async () => ({ ...none, arrivalNext }) };
  }
  if (from === 'new') return { resolve: async () => ({ ...none, logs: heads, arrivalNext: ends }) };
  if (from === 'last') {
    return {
      resolve: async (context) => ({
        ...none,
        logs: heads,
        arrivalNext: ends,
        lastValues: await readLastValues(journals, ends, context),
      }),
    };
  }
  if ('timeMs' in from) {
    return {
      resolve: async () => startAt(journals, await positionsAtTime(journals, from.timeMs), { heads, ends }),
    };
  }
  if ('offset' in from) {
    return {
      resolve: async () => {
        const { positions, taken } = positionAfter(journals, from.offset);
        return { ...(await startAt(journals, positions, { heads, ends })), taken };
      },
    };
  }
  return assertNever(from);
}

function headsNow(journals: Journals): LogProgress[] {
  const logs: LogProgress[] = [];
  for (const [channel, journal] of journals) {
    for (const { log, last } of journal.heads())
      logs.push({ channel, log, next: last + 1, reported: [], marks: [] });
  }
  return logs;
}

function endOf(journal: ChannelJournal): number {
  return (journal.currentOffset()?.position ?? 0) + 1;
}

async function positionsAtTime(journals: Journals, timeMs: number): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  for (const [channel, journal] of journals) positions.set(channel, await journal.positionAtTime(timeMs));
  return positions;
}

/** Where to go on behind an offset: at the next entry, or within the same one. */
function positionAfter(
  journals: Journals,
  offset: string,
): { readonly positions: Map<string, number>; readonly taken: Map<string, number> } {
  const [entry] = journals;
  if (journals.size !== 1 || entry === undefined) {
    throw new SedgeError('mesh.bad-option', {
      option: 'from',
      reason: 'an offset needs filters within one channel',
    });
  }
  const [channel, journal] = entry;
  const { entryOffset, taken } = splitMessageOffset(offset);
  const resolved = journal.resolveOffset(entryOffset);
  if (!resolved.ok) throw new SedgeError(resolved.code, { offset });
  const { position } = resolved.value;
  if (taken === null) return { positions: new Map([[channel, position + 1]]), taken: new Map() };
  return { positions: new Map([[channel, position]]), taken: new Map([[channel, taken]]) };
}

/** Each log starts at its lowest number that lies at or after the position; logs without one start at their end. */
async function startAt(
  journals: Journals,
  positions: ReadonlyMap<string, number>,
  { heads, ends }: { readonly heads: readonly LogProgress[]; readonly ends: ReadonlyMap<string, number> },
): Promise<Start> {
  const lowest = new Map<string, number>();
  for (const [channel, journal] of journals) {
    for await (const record of scan(journal, positions.get(channel) ?? 1, ends.get(channel) ?? 1)) {
      const key = `${channel} ${record.log}`;
      lowest.set(key, Math.min(record.seq, lowest.get(key) ?? record.seq));
    }
  }
  // As the heads were when the subscription was asked for: what came since is not passed over.
  const logs = heads.map((head) => ({
    ...head,
    next: lowest.get(`${head.channel} ${head.log}`) ?? head.next,
  }));
  return { logs, minPositions: positions, taken: new Map(), arrivalNext: positions, lastValues: [] };
}

/** The value with the highest (lamport, author, number) of each topic; an empty retained payload clears it. */
async function readLastValues(
  journals: Journals,
  ends: ReadonlyMap<string, number>,
  { matches, decode }: StartContext,
): Promise<LastValue[]> {
  const last = new Map<string, LastValue>();
  for (const [channel, journal] of journals) {
    for await (const record of scan(journal, 1, ends.get(channel) ?? 1)) {
      const entry = decode(record);
      entry?.messages?.forEach(({ topic }, index) => {
        if (!matches(topic)) return;
        const before = last.get(topic);
        if (before === undefined || isLater(entry, index, before)) last.set(topic, { record, entry, index });
      });
    }
  }
  return [...last.values()]
    .filter(({ entry, index }) => {
      const message = entry.messages![index]!;
      return !(message.retain === true && message.payload.length === 0);
    })
    .sort((a, b) => a.record.position - b.record.position);
}

function isLater(entry: Entry, index: number, than: LastValue): boolean {
  if (entry.lamport !== than.entry.lamport) return entry.lamport > than.entry.lamport;
  if (entry.author !== than.entry.author) return entry.author > than.entry.author;
  return entry.seq + index > than.entry.seq + than.index;
}

/** Records of a journal from one position up to another, in order of arrival. */
async function* scan(journal: ChannelJournal, from: number, end: number): AsyncGenerator<StoredRecord> {
  let next = from;
  while (next < end) {
    const records = await journal.readArrival(next, { bytesMax: 1_048_576, recordsMax: 4_096 });
    if (records.length === 0) return;
    for (const record of records) {
      if (record.position >= end) return;
      yield record;
      next = record.position + 1;
    }
  }
}
