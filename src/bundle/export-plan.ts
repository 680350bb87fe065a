import { type LogId, lastSeqOf } from '../entry/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { ChannelJournal, Head, Offset, SeqRange } from '../journal/index.ts';
import { addRange } from '../sync/index.ts';
import { type BundleHead, HOLES_PER_HEAD_MAX } from './bundle-items.ts';

/** What goes into a bundle. */
export interface ExportOptions {
  /** Channels; the realm's own always goes along, whole. @defaultValue all that are carried */
  readonly channels?: readonly string[];
  /**
   * Leaves out what this node held before: all that was received before a time by its own clock, or what an
   * offset of a channel covers; a channel without an offset goes whole. @defaultValue `'all'`
   */
  readonly since?: ExportSince;
}

/** Where an export begins. */
export type ExportSince =
  | 'all'
  | { readonly timeMs: number }
  | {
      /** `<incarnation>:<position>` by channel. */
      readonly offsets: Readonly<Record<string, string>>;
      /** An offset that the journal does not know (its disk was replaced) counts as none. @defaultValue refuse */
      readonly orAll?: boolean;
    };

/** What of one channel goes into a bundle. */
export interface ChannelPlan {
  readonly journal: ChannelJournal;
  readonly since: Offset | null;
  readonly through: Offset | null;
  readonly logs: readonly { readonly log: LogId; readonly ranges: readonly SeqRange[] }[];
  readonly messages: number;
  /** What is held of the channel, which may be more. */
  readonly heads: readonly BundleHead[];
}

/**
 * Decides what of a channel goes into a bundle, from what is durable now. Throws `journal.offset-unknown` and
 * the journal's errors of reading.
 */
export async function planChannel(journal: ChannelJournal, since: ExportSince): Promise<ChannelPlan> {
  // A disk that takes nothing more still gives what it has.
  await journal.commit().catch(() => {});
  const through = journal.durablePosition;
  const from = await firstPosition(journal, since);
  const logs =
    from <= 1
      ? [...journal.logs()].map((log) => ({ log, ranges: copyOf(journal.heldRanges(log)) }))
      : await logsBetween(journal, from, through);
  return {
    journal,
    heads: [...journal.heads()].map(claimOf),
    since: from <= 1 ? null : offsetAt(journal, from - 1),
    through: through === 0 ? null : offsetAt(journal, through),
    logs,
    messages: logs.reduce((sum, { ranges }) => sum + countOf(ranges), 0),
  };
}

async function firstPosition(journal: ChannelJournal, since: ExportSince): Promise<number> {
  if (since === 'all') return 1;
  if ('timeMs' in since) return journal.positionAtTime(since.timeMs);
  const offset = since.offsets[journal.channel];
  if (offset === undefined) return 1;
  const resolved = journal.resolveOffset(offset);
  if (resolved.ok) return resolved.value.position + 1;
  if (since.orAll === true) return 1;
  throw new SedgeError(resolved.code, { offset, channel: journal.channel });
}

/** The numbers that arrived between two positions, a log after the other. */
async function logsBetween(
  journal: ChannelJournal,
  from: number,
  through: number,
): Promise<{ log: LogId; ranges: SeqRange[] }[]> {
  const rangesOf = new Map<LogId, SeqRange[]>();
  for (let next = from; next <= through; ) {
    const records = await journal.readArrival(next, { throughPosition: through, durableOnly: true });
    for (const record of records) {
      const range = { first: record.seq, last: lastSeqOf(record) };
      const ranges = rangesOf.get(record.log) ?? [];
      const last = ranges.at(-1);
      // Nearly always the next numbers of its log.
      if (last !== undefined && last.last + 1 === range.first)
        ranges[ranges.length - 1] = { ...last, last: range.last };
      else rangesOf.set(record.log, addRange(ranges, range));
      next = record.position + 1;
    }
    if (records.length === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return [...rangesOf].map(([log, ranges]) => ({ log, ranges }));
}

/** A head with more holes than a record takes is told only up to the first of those. */
function claimOf({ log, last, lastId, holes }: Head): BundleHead {
  const over = holes[HOLES_PER_HEAD_MAX];
  const told = over === undefined ? last : over.first - 1;
  return { log, last: told, lastId, holes: copyOf(holes.slice(0, HOLES_PER_HEAD_MAX)) };
}

function offsetAt(journal: ChannelJournal, position: number): Offset {
  const [incarnation, at] = journal.offsetText(position).split(':');
  return { incarnation: incarnation!, position: Number(at) };
}

function countOf(ranges: readonly SeqRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** The index goes on growing while a bundle is written. */
function copyOf(ranges: readonly SeqRange[]): SeqRange[] {
  return ranges.map(({ first, last }) => ({ first, last }));
}
