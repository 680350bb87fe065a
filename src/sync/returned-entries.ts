import { type Entry, type LogId, lastSeqOf, logIdOf, NUMBER_MAX, verifyEntry } from '../entry/index.ts';
import { type Counters, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { RunItem, Verdict } from '../ingest/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import { pullEntries } from './entry-puller.ts';
import { SYNC_DATA_PROTOCOL } from './sync-service.ts';

/** What {@link fetchReturned} works with. */
export interface ReturnedDependencies {
  readonly overlay: Overlay;
  readonly externalAad: Uint8Array;
  readonly counters: Counters;
  readonly log: Log;
}

/** What is asked for: an own log from the end of its epoch on. */
export interface ReturnedRequest {
  readonly peer: NodeId;
  readonly journal: ChannelJournal;
  readonly log: LogId;
  readonly end: number;
}

const CREDIT_BYTES = 262_144;
/** A peer that takes longer is left, and asked again when it comes back. */
const TIME_MS_MAX = 600_000;

/**
 * Fetches from a peer what it has of an own log at or behind the end of its epoch: it serves that to the author
 * alone. `take` gets the entries whose signatures are good, in order, and keeps the peer waiting while it works.
 * `true` if the peer said that it sent all.
 */
export async function fetchReturned(
  { peer, journal, log, end }: ReturnedRequest,
  take: (items: readonly RunItem[]) => Promise<void>,
  deps: ReturnedDependencies,
): Promise<boolean> {
  const isReturned = (entry: Entry) =>
    logIdOf(entry) === log && lastSeqOf(entry) >= end && verifyEntry(entry.bytes, deps.externalAad).ok;
  // They are not for the journal: what comes is handed to the author, and known for the rest.
  const sink = {
    offerRun: async (run: readonly RunItem[]): Promise<Verdict[]> => {
      await take(run.filter(({ entry }) => isReturned(entry)));
      return run.map(() => ({ kind: 'known' }));
    },
  };
  try {
    const stream = await deps.overlay.open(peer, SYNC_DATA_PROTOCOL);
    const logs = [{ log, ranges: [{ first: end, last: NUMBER_MAX - 1 }] }];
    const limits = { creditBytes: CREDIT_BYTES, stallMs: TIME_MS_MAX };
    const request = { channel: journal.channel, journal, logs, ...limits };
    return (await pullEntries(stream, request, { ingest: sink, counters: deps.counters })).done;
  } catch (error) {
    if (!isSedgeError(error)) throw error;
    deps.log.debug({ peer, code: error.code }, 'a peer did not give back what lost in a fork');
    return false;
  }
}
