import { type LogId, splitLogId, ttlSecondsOf } from '../entry/index.ts';
import type { Log } from '../errors/index.ts';
import type { ChannelJournal, LocalFacts, SeqRange, StoredRecord } from '../journal/index.ts';
import type { OverlayStream } from '../overlay/index.ts';
import { addRange, intersectRanges } from './seq-ranges.ts';
import type { SignatureAudit } from './signature-audit.ts';
import { decodeDataFrame, encodeDataFrame, LOGS_PER_REQUEST_MAX, type LogRanges } from './sync-frames.ts';
import { HOLES_PER_HEAD_MAX } from './wire-fields.ts';

/** What serving works with. */
export interface EntryServerDependencies {
  readonly journalOf: (channel: string) => ChannelJournal | null;
  readonly audit: SignatureAudit;
  readonly lifetimes: EntryLifetimes;
  readonly log: Log;
}

/** How old entries are, and which are past their lifetime. */
export interface EntryLifetimes {
  /** Age of a held entry, milliseconds: what came with it and the time it lies here. */
  readonly ageMs: (facts: LocalFacts) => number;
  /** Entries past their lifetime are not served. */
  readonly isExpired: (
    entry: { readonly channel: string; readonly ttlSeconds: number },
    facts: LocalFacts,
  ) => boolean;
}

/** Lifetimes by a wall clock that is believed, and no lifetime of a channel's own. */
export function lifetimesByClock(nowMs: () => number): EntryLifetimes {
  const ageMs = (facts: LocalFacts) => facts.ageMs + Math.max(0, nowMs() - facts.receivedAtMs);
  return {
    ageMs,
    isExpired: ({ ttlSeconds }, facts) => ttlSeconds > 0 && ageMs(facts) > ttlSeconds * 1_000,
  };
}

/** Bytes read from one log before the next has its turn. */
const TURN_BYTES = 131_072;
/** Entries in one turn. */
const TURN_RECORDS_MAX = 1_024;

/**
 * Answers the data streams of peers: one request a stream, its logs in turns, each log ascending, within the
 * credit that the receiver grants (any positive credit permits one entry). Serves what is durable here, so that
 * no peer ever counts on what a power cut could take back.
 */
export async function serveEntries(stream: OverlayStream, deps: EntryServerDependencies): Promise<void> {
  const frames = stream.frames[Symbol.asyncIterator]();
  const first = await frames.next();
  const request = first.done === true ? null : decodeDataFrame(first.value);
  if (request === null || !request.ok || request.value.kind !== 'request') {
    stream.abort();
    return;
  }
  const credit = new Credit(request.value.credit);
  const reading = readCredit(frames, credit);
  const journal = deps.journalOf(request.value.channel);
  const withheld = new Withheld();
  if (journal !== null) {
    // A disk that takes nothing more still gives what it has.
    await journal.commit().catch(() => {});
    await serveLogs(stream, { ...deps, journal, credit, withheld, logs: request.value.logs });
  }
  if (!credit.ended) await stream.send(encodeDataFrame({ kind: 'done', withheld: withheld.logs() }));
  await stream.close();
  await reading;
}

interface Serving {
  readonly journal: ChannelJournal;
  readonly credit: Credit;
  readonly logs: readonly LogRanges[];
  readonly audit: SignatureAudit;
  readonly withheld: Withheld;
  readonly lifetimes: EntryLifetimes;
}

async function serveLogs(stream: OverlayStream, serving: Serving): Promise<void> {
  // What is not held costs nothing more from here on, however much was asked for.
  let turns = serving.logs.flatMap(({ log, ranges }) => {
    // Its author, and nobody else, gets back what lies behind the end of a forked epoch: to publish it again.
    const ended = splitLogId(log).author === stream.peer && serving.journal.endOf(log) !== null;
    const held = ended ? [...ranges] : intersectRanges(ranges, serving.journal.heldRanges(log));
    return held.length === 0 ? [] : [{ log, ended, ranges: held }];
  });
  while (turns.length > 0 && !serving.credit.ended) {
    for (const turn of turns) await serveTurn(stream, serving, turn);
    // Reads from the cache and a stream with room never leave the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    turns = turns.filter(({ ranges }) => ranges.length > 0);
  }
}

/** Serves one log's next entries; takes what is done (or not held) off `turn.ranges`. */
async function serveTurn(
  stream: OverlayStream,
  serving: Serving,
  turn: { readonly log: LogId; readonly ended: boolean; ranges: SeqRange[] },
): Promise<void> {
  const range = turn.ranges[0];
  if (range === undefined) return;
  const { journal, credit, audit, lifetimes, withheld } = serving;
  const records = await journal.readLog(turn.log, range.first, {
    throughSeq: range.last,
    bytesMax: TURN_BYTES,
    recordsMax: TURN_RECORDS_MAX,
    durableOnly: true,
    ended: turn.ended,
  });
  const through = records.at(-1);
  const next = through === undefined ? range.last + 1 : through.seq + through.count;
  turn.ranges = [{ first: next, last: range.last }, ...turn.ranges.slice(1)].filter(
    ({ first, last }) => first <= last,
  );
  let batch: StoredRecord[] = [];
  for (const record of records) {
    const header = { channel: journal.channel, ttlSeconds: ttlSecondsOf(record.bytes) };
    if (audit.isBad(journal.channel, record.position) || lifetimes.isExpired(header, record.facts)) {
      withheld.add(record);
      continue;
    }
    if (credit.left <= 0 && batch.length > 0) {
      await sendBatch(stream, serving, batch);
      batch = [];
    }
    if (!(await credit.take(record.bytes.length))) return;
    batch.push(record);
  }
  await sendBatch(stream, serving, batch);
}

/** A batch ends in an entry whose own signature was checked: what came by chain is proven by it. */
async function sendBatch(stream: OverlayStream, serving: Serving, batch: StoredRecord[]): Promise<void> {
  const { journal, audit, lifetimes, withheld } = serving;
  while (batch.length > 0 && !audit.maySeal(journal.channel, batch.at(-1)!)) withheld.add(batch.pop()!);
  if (batch.length === 0) return;
  const entries = batch.map(({ bytes, facts }) => ({
    ageMs: Math.max(0, Math.floor(lifetimes.ageMs(facts))),
    bytes,
  }));
  await stream.send(encodeDataFrame({ kind: 'entries', entries }));
}

/** What is held and not handed on; bounded, beyond which the receiver thinks that it may come later. */
class Withheld {
  readonly #logs = new Map<LogId, readonly SeqRange[]>();

  add({ log, seq, count }: StoredRecord): void {
    const ranges = this.#logs.get(log) ?? [];
    if (ranges.length >= HOLES_PER_HEAD_MAX) return;
    if (ranges.length === 0 && this.#logs.size >= LOGS_PER_REQUEST_MAX) return;
    this.#logs.set(log, addRange(ranges, { first: seq, last: seq + count - 1 }));
  }

  logs(): LogRanges[] {
    return [...this.#logs].map(([log, ranges]) => ({ log, ranges }));
  }
}

/** Bytes that the receiver is ready to take. May go below zero by one entry. */
class Credit {
  left: number;
  ended = false;
  #wake: (() => void) | null = null;

  constructor(bytes: number) {
    this.left = bytes;
  }

  grant(bytes: number): void {
    this.left += bytes;
    this.#wake?.();
  }

  end(): void {
    this.ended = true;
    this.#wake?.();
  }

  /** Waits until any credit is left; `false` if the receiver went away. */
  async take(bytes: number): Promise<boolean> {
    while (this.left <= 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    this.left -= bytes;
    return !this.ended;
  }
}

async function readCredit(frames: AsyncIterator<Uint8Array>, credit: Credit): Promise<void> {
  try {
    for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
      const frame = decodeDataFrame(next.value);
      if (!frame.ok) break;
      if (frame.value.kind === 'credit') credit.grant(frame.value.credit);
    }
  } catch {
    // The stream was cut; what was sent so far is committed there entry by entry.
  }
  credit.end();
}
