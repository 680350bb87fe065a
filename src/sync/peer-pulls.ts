import { type Counters, type ErrorCode, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Ingest } from '../ingest/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import { type PullOutcome, pullEntries } from './entry-puller.ts';
import { intersectRanges, subtractRanges } from './seq-ranges.ts';
import type { SupplyBoard } from './supply-board.ts';
import type { PullEnded, PullResult } from './sync-events.ts';
import type { LogRanges } from './sync-frames.ts';
import { HOLES_PER_HEAD_MAX } from './wire-fields.ts';

/** What {@link PeerPulls} works with. */
export interface PeerPullsDependencies {
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly board: SupplyBoard;
  readonly creditBytes: number;
  readonly dataProtocol: string;
  /** A pull that brings nothing new for so long is given up, milliseconds. */
  readonly pullStallMs: number;
  readonly counters: Counters;
  readonly log: Log;
  /** A pull ended: what it left over may be asked of other peers. */
  readonly onSupplied: () => void;
}

/** How often the patience with a peer doubles. */
const STALLS_MAX = 3;

/** Numbers left to another peer, to be asked for here if that one fails. */
interface Leftover {
  readonly channel: string;
  readonly logs: readonly LogRanges[];
}

/** Fetches from one peer what others do not supply already. */
export class PeerPulls {
  readonly #peer: NodeId;
  readonly #deps: PeerPullsDependencies;
  readonly #signal: AbortSignal;
  readonly #onRefused: (code: ErrorCode) => void;
  #leftovers: Leftover[] = [];
  /** Pulls in a row that brought nothing before they were given up. */
  #stalls = 0;

  constructor(
    peer: NodeId,
    deps: PeerPullsDependencies,
    end: { readonly signal: AbortSignal; readonly onRefused: (code: ErrorCode) => void },
  ) {
    this.#peer = peer;
    this.#deps = deps;
    this.#signal = end.signal;
    this.#onRefused = end.onRefused;
  }

  /** Fetches; `ended` hears what came of it before others may ask for what was left. */
  async pull(channel: string, logs: readonly LogRanges[], ended: (event: PullEnded) => void): Promise<void> {
    const { board, journals } = this.#deps;
    const journal = journals.get(channel);
    // What other peers supply may have cut the ranges into more than a request takes.
    const claimed = board
      .claim(this, channel, logs)
      .map(({ log, ranges }) => ({ log, ranges: ranges.slice(0, HOLES_PER_HEAD_MAX) }));
    const leftover = withoutRanges(logs, claimed);
    if (leftover.length > 0) this.#leftovers.push({ channel, logs: leftover });
    let event: PullEnded = {
      ...{ kind: 'pull-ended', channel, result: 'complete', refused: [], gone: [], absent: [] },
      left: false,
    };
    if (journal !== undefined && claimed.length > 0) {
      event = await this.#pullFrom(journal, claimed).finally(() => board.release(this, channel, claimed));
    }
    ended({ ...event, left: journal !== undefined && unheld(journal, leftover).length > 0 });
    // Only what this session supplied is free again; else two sessions that wait for a third would ask for ever.
    if (claimed.length > 0) this.#deps.onSupplied();
  }

  /** Channels of which something was left to another peer, each with whether it is still missing. */
  takeLeftovers(): Map<string, boolean> {
    const leftovers = this.#leftovers;
    this.#leftovers = [];
    const missing = new Map<string, boolean>();
    for (const { channel, logs } of leftovers) {
      const journal = this.#deps.journals.get(channel);
      const lacks = journal !== undefined && unheld(journal, logs).length > 0;
      missing.set(channel, lacks || missing.get(channel) === true);
    }
    return missing;
  }

  async #pullFrom(journal: ChannelJournal, logs: readonly LogRanges[]): Promise<PullEnded> {
    const { overlay, creditBytes, dataProtocol, pullStallMs } = this.#deps;
    // An entry is seen only when all of it is there, which over a slow link may take longer than the patience.
    const stallMs = pullStallMs * 2 ** this.#stalls;
    const { channel } = journal;
    const failed = {
      kind: 'pull-ended',
      channel,
      result: 'failed',
      refused: [],
      gone: [],
      absent: [],
      left: false,
    } as const;
    // What a disk cannot keep now is not fetched in vain; the journal tries again by itself, and so does the session.
    if (journal.fault !== null) return failed;
    const contested = heldOf(journal, logs);
    let abort = () => {};
    try {
      const stream = await overlay.open(this.#peer, dataProtocol, { signal: this.#signal });
      abort = () => stream.abort();
      this.#signal.addEventListener('abort', abort);
      const outcome = await pullEntries(stream, { channel, journal, logs, creditBytes, stallMs }, this.#deps);
      this.#stalls = outcome.stored > 0 || outcome.done ? 0 : Math.min(this.#stalls + 1, STALLS_MAX);
      if (outcome.refusal !== null) this.#onRefused(outcome.refusal);
      return outcome.done ? endOf(journal, { logs, contested }, outcome) : failed;
    } catch (error) {
      abort();
      this.#stalls = Math.min(this.#stalls + 1, STALLS_MAX);
      if (!isSedgeError(error)) this.#deps.log.warn({ peer: this.#peer, err: error }, 'a pull failed');
      return failed;
    } finally {
      this.#signal.removeEventListener('abort', abort);
    }
  }
}

/** What a pull came to whose peer said that it sent all. */
function endOf(
  journal: ChannelJournal,
  { logs, contested }: { readonly logs: readonly LogRanges[]; readonly contested: readonly LogRanges[] },
  outcome: PullOutcome,
): PullEnded {
  const lacking = unheld(journal, logs);
  const refused = within(lacking, outcome.refused);
  const gone = within(lacking, outcome.gone);
  // The peer claimed another entry for a number that is held, and what it sent ended no epoch.
  const unproven = heldOf(journal, contested);
  const left = lacking.length + unproven.length;
  const result: PullResult = left === 0 ? 'complete' : outcome.stored > 0 ? 'partial' : 'nothing';
  const absent = [...withoutRanges(withoutRanges(lacking, refused), gone), ...unproven];
  return { kind: 'pull-ended', channel: journal.channel, result, refused, gone, absent, left: false };
}

/** What of `logs` is in `of` too. */
function within(logs: readonly LogRanges[], of: readonly LogRanges[]): LogRanges[] {
  const byLog = new Map(of.map(({ log, ranges }) => [log, ranges]));
  return logs.flatMap(({ log, ranges }) => {
    const both = intersectRanges(ranges, byLog.get(log) ?? []);
    return both.length === 0 ? [] : [{ log, ranges: both }];
  });
}

/** What of `logs` is held here. */
function heldOf(journal: ChannelJournal, logs: readonly LogRanges[]): LogRanges[] {
  return logs.flatMap(({ log, ranges }) => {
    const held = intersectRanges(ranges, journal.heldRanges(log));
    return held.length === 0 ? [] : [{ log, ranges: held }];
  });
}

/** What of `logs` is wanted here and not held. */
export function unheld(journal: ChannelJournal, logs: readonly LogRanges[]): LogRanges[] {
  return logs.flatMap(({ log, ranges }) => {
    const lacking = subtractRanges(subtractRanges(ranges, journal.heldRanges(log)), journal.unwanted(log));
    return lacking.length === 0 ? [] : [{ log, ranges: lacking }];
  });
}

/** What of `logs` is not in `taken`. */
function withoutRanges(logs: readonly LogRanges[], taken: readonly LogRanges[]): LogRanges[] {
  const takenByLog = new Map(taken.map(({ log, ranges }) => [log, ranges]));
  return logs
    .map(({ log, ranges }) => ({ log, ranges: subtractRanges(ranges, takenByLog.get(log) ?? []) }))
    .filter(({ ranges }) => ranges.length > 0);
}
