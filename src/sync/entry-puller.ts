import { decodeEntry, type Entry, type LogId, lastSeqOf, logIdOf } from '../entry/index.ts';
import { type Counters, type ErrorCode, SedgeError } from '../errors/index.ts';
import type { Ingest, Verdict } from '../ingest/index.ts';
import type { ChannelJournal, SeqRange } from '../journal/index.ts';
import type { OverlayStream } from '../overlay/index.ts';
import { touchesRange } from './seq-ranges.ts';
import { decodeDataFrame, encodeDataFrame, type LogRanges } from './sync-frames.ts';

/** What pulling works with. */
export interface PullDependencies {
  readonly ingest: Ingest;
  readonly counters: Counters;
}

/** One request to one peer. */
export interface PullRequest {
  readonly channel: string;
  readonly journal: ChannelJournal;
  readonly logs: readonly LogRanges[];
  /** First credit; as much again is granted as it is used up. Bytes. */
  readonly creditBytes: number;
  /** The stream is cut when nothing new came for so long: a peer that only claims must not keep others waiting. */
  readonly stallMs: number;
}

/** What came of a pull. */
export interface PullOutcome {
  readonly entries: number;
  readonly stored: number;
  /** The peer said that it sent all it holds. */
  readonly done: boolean;
  /** Why the stream was ended from this side. */
  readonly refusal: ErrorCode | null;
}

/**
 * Fetches the requested numbers over a fresh data stream. Every entry passes the ingest and is committed by
 * itself: after a cut at any byte, the next hello goes on where this ended.
 */
export async function pullEntries(
  stream: OverlayStream,
  request: PullRequest,
  deps: PullDependencies,
): Promise<PullOutcome> {
  const stall = setTimeout(() => stream.abort(), request.stallMs);
  try {
    return await takeFrames(stream, request, { ...deps, onStored: () => stall.refresh() });
  } finally {
    clearTimeout(stall);
  }
}

async function takeFrames(
  stream: OverlayStream,
  request: PullRequest,
  deps: PullDependencies & { readonly onStored: () => void },
): Promise<PullOutcome> {
  const wanted = new Map<LogId, readonly SeqRange[]>(request.logs.map(({ log, ranges }) => [log, ranges]));
  const outcome = { entries: 0, stored: 0, done: false, refusal: null as ErrorCode | null };
  const { channel, creditBytes, logs } = request;
  await stream.send(encodeDataFrame({ kind: 'request', channel, credit: creditBytes, logs }));
  let usedBytes = 0;
  for await (const bytes of stream.frames) {
    const frame = decodeDataFrame(bytes);
    if (!frame.ok) return refuseStream(stream, outcome, frame.code, deps);
    if (frame.value.kind === 'done') return endStream(stream, { ...outcome, done: true });
    if (frame.value.kind !== 'entries') continue;
    for (const aged of frame.value.entries) {
      const entry = decodeEntry(aged.bytes);
      if (!entry.ok) return refuseStream(stream, outcome, entry.code, deps);
      if (!isSolicited(entry.value, channel, wanted))
        return refuseStream(stream, outcome, 'sync.unsolicited', deps);
      const verdict = await offer(entry.value, aged.ageMs, request.journal, deps);
      outcome.entries++;
      if (verdict === 'stored') {
        outcome.stored++;
        deps.onStored();
      }
      usedBytes += aged.bytes.length;
    }
    if (usedBytes >= creditBytes / 4) {
      await stream.send(encodeDataFrame({ kind: 'credit', credit: usedBytes }));
      usedBytes = 0;
    }
  }
  return outcome;
}

/**
 * Offers an entry; where the journal's backlog is full, waits for the disk and offers again. Throws what keeps
 * the journal from taking anything: the rest would be fetched in vain.
 */
async function offer(
  entry: Entry,
  ageMs: number,
  journal: ChannelJournal,
  deps: PullDependencies,
): Promise<Verdict['kind']> {
  for (;;) {
    const verdict = await deps.ingest.offerEntry(entry, { source: 'sync', ageMs });
    if (verdict.kind !== 'refused' || !verdict.code.startsWith('journal.')) return verdict.kind;
    if (verdict.code !== 'journal.backlog-full') throw new SedgeError(verdict.code);
    await journal.commit();
  }
}

function isSolicited(
  entry: Entry,
  channel: string,
  wanted: ReadonlyMap<LogId, readonly SeqRange[]>,
): boolean {
  const ranges = wanted.get(logIdOf(entry));
  return (
    entry.channel === channel && ranges !== undefined && touchesRange(ranges, entry.seq, lastSeqOf(entry))
  );
}

function refuseStream(
  stream: OverlayStream,
  outcome: PullOutcome,
  code: ErrorCode,
  deps: PullDependencies,
): PullOutcome {
  deps.counters.count(code);
  stream.abort();
  return { ...outcome, refusal: code };
}

async function endStream(stream: OverlayStream, outcome: PullOutcome): Promise<PullOutcome> {
  await stream.close();
  return outcome;
}
