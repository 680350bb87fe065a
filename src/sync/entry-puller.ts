import { decodeEntry, type Entry, type LogId, lastSeqOf, logIdOf } from '../entry/index.ts';
import { type Counters, type ErrorCode, type Result, refuse, SedgeError } from '../errors/index.ts';
import { type Ingest, type RunItem, runsOf, type Verdict } from '../ingest/index.ts';
import type { ChannelJournal, SeqRange } from '../journal/index.ts';
import type { OverlayStream } from '../overlay/index.ts';
import { CreditWindow } from './credit-window.ts';
import { addRange, touchesRange } from './seq-ranges.ts';
import { type AgedEntry, decodeDataFrame, encodeDataFrame, type LogRanges } from './sync-frames.ts';

/** What pulling works with. */
export interface PullDependencies {
  readonly ingest: Pick<Ingest, 'offerRun'>;
  readonly counters: Counters;
}

/** One request to one peer. */
export interface PullRequest {
  readonly channel: string;
  readonly journal: ChannelJournal;
  readonly logs: readonly LogRanges[];
  /** Most that is under way at once, bytes: see {@link CreditWindow}. */
  readonly creditBytes: number;
  /** The stream is cut when nothing new came for so long: a peer that only claims must not keep others waiting. */
  readonly stallMs: number;
}

/** What came of a pull. */
export interface PullOutcome {
  readonly entries: number;
  readonly stored: number;
  /** What came and was not taken because of what the realm says of its author: it may be taken when that changes. */
  readonly refused: readonly LogRanges[];
  /** What the peer holds and does not hand on, or what is not taken here for good. */
  readonly gone: readonly LogRanges[];
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
    return await new Pull(stream, request, { ...deps, onStored: () => stall.refresh() }).run();
  } finally {
    clearTimeout(stall);
  }
}

/** Refusals that a grant, a revocation or a proof in `$realm` brings about or ends. */
const BY_REALM: ReadonlySet<string> = new Set([
  'entry.unknown-author',
  'entry.parked-full',
  'entry.revoked-author',
  'entry.forked',
]);
/** Refusals that nothing takes back. */
const FOR_GOOD: ReadonlySet<string> = new Set(['entry.after-end', 'entry.expired']);
/** Ranges of one log that are told apart by reason; beyond, they count as not sent. */
const RANGES_TOLD_MAX = 1_024;

class Pull {
  readonly #stream: OverlayStream;
  readonly #request: PullRequest;
  readonly #deps: PullDependencies & { readonly onStored: () => void };
  readonly #wanted: ReadonlyMap<LogId, readonly SeqRange[]>;
  #entries = 0;
  #stored = 0;
  readonly #refused = new Map<LogId, readonly SeqRange[]>();
  readonly #gone = new Map<LogId, readonly SeqRange[]>();

  constructor(
    stream: OverlayStream,
    request: PullRequest,
    deps: PullDependencies & { readonly onStored: () => void },
  ) {
    this.#stream = stream;
    this.#request = request;
    this.#deps = deps;
    this.#wanted = new Map(request.logs.map(({ log, ranges }) => [log, ranges]));
  }

  async run(): Promise<PullOutcome> {
    const { channel, creditBytes, logs } = this.#request;
    const window = new CreditWindow(creditBytes, performance.now());
    const request = { kind: 'request', channel, credit: window.firstBytes, logs } as const;
    await this.#stream.send(encodeDataFrame(request));
    for await (const bytes of this.#stream.frames) {
      const frame = decodeDataFrame(bytes);
      if (!frame.ok) return this.#refuse(frame.code);
      if (frame.value.kind === 'done') {
        for (const { log, ranges } of frame.value.withheld) this.#gone.set(log, ranges);
        await this.#stream.close();
        return this.#outcome(true, null);
      }
      if (frame.value.kind !== 'entries') continue;
      const items = this.#readItems(frame.value.entries);
      if (!items.ok) return this.#refuse(items.code);
      for (const run of runsOf(items.value)) await this.#offer(run);
      const arrived = items.value.reduce((sum, { entry }) => sum + entry.bytes.length, 0);
      const credit = window.arrived(arrived, performance.now());
      if (credit > 0) await this.#stream.send(encodeDataFrame({ kind: 'credit', credit }));
    }
    return this.#outcome(false, null);
  }

  /** Decodes the entries of a frame; one that is malformed or that nobody asked for is the peer's fault. */
  #readItems(aged: readonly AgedEntry[]): Result<RunItem[]> {
    const items: RunItem[] = [];
    for (const { bytes, ageMs } of aged) {
      const entry = decodeEntry(bytes);
      if (!entry.ok) return entry;
      if (!this.#isSolicited(entry.value)) return refuse('sync.unsolicited');
      items.push({ entry: entry.value, ageMs });
    }
    return { ok: true, value: items };
  }

  /**
   * Offers a run; where the journal's backlog is full, waits for the disk and offers the rest again. Throws what
   * keeps the journal from taking anything: more would be fetched in vain.
   */
  async #offer(run: readonly RunItem[]): Promise<void> {
    for (let at = 0; at < run.length; ) {
      const verdicts = await this.#deps.ingest.offerRun(run.slice(at), 'sync');
      const last = verdicts.at(-1);
      const stuck = last?.kind === 'refused' && last.code.startsWith('journal.') ? last.code : null;
      const settled = stuck === null ? verdicts : verdicts.slice(0, -1);
      for (const [index, verdict] of settled.entries()) this.#count(run[at + index]!.entry, verdict);
      at += settled.length;
      if (stuck === 'journal.backlog-full') await this.#request.journal.commit();
      else if (stuck !== null) throw new SedgeError(stuck);
    }
  }

  #count(entry: Entry, verdict: Verdict): void {
    this.#entries++;
    if (verdict.kind === 'stored') {
      this.#stored++;
      this.#deps.onStored();
    }
    const into = this.#reasonFor(verdict);
    if (into === null) return;
    const log = logIdOf(entry);
    const ranges = into.get(log) ?? [];
    if (ranges.length < RANGES_TOLD_MAX)
      into.set(log, addRange(ranges, { first: entry.seq, last: lastSeqOf(entry) }));
  }

  #reasonFor(verdict: Verdict): Map<LogId, readonly SeqRange[]> | null {
    if (verdict.kind === 'parked') return this.#refused;
    if (verdict.kind !== 'refused') return null;
    if (BY_REALM.has(verdict.code)) return this.#refused;
    return FOR_GOOD.has(verdict.code) ? this.#gone : null;
  }

  #isSolicited(entry: Entry): boolean {
    const ranges = this.#wanted.get(logIdOf(entry));
    return (
      entry.channel === this.#request.channel &&
      ranges !== undefined &&
      touchesRange(ranges, entry.seq, lastSeqOf(entry))
    );
  }

  #refuse(code: ErrorCode): PullOutcome {
    this.#deps.counters.count(code);
    this.#stream.abort();
    return this.#outcome(false, code);
  }

  #outcome(done: boolean, refusal: ErrorCode | null): PullOutcome {
    const rows = (logs: ReadonlyMap<LogId, readonly SeqRange[]>) =>
      [...logs].map(([log, ranges]) => ({ log, ranges }));
    const [refused, gone] = [rows(this.#refused), rows(this.#gone)];
    return { entries: this.#entries, stored: this.#stored, refused, gone, done, refusal };
  }
}
