import { toHex } from '../bytes/index.ts';
import type { LogId } from '../entry/index.ts';
import type { ChannelJournal, Head } from '../journal/index.ts';
import { rangesBelow, subtractRanges } from './seq-ranges.ts';
import {
  HEADS_PER_FRAME_MAX,
  type HeadsFrame,
  type HelloChannel,
  HOLES_PER_HEAD_MAX,
  type LogRanges,
  type WireHead,
} from './sync-frames.ts';
import type { SyncView } from './sync-session-state.ts';

/** What this node holds, as sync reads and says it. */
export class SyncStoreView implements SyncView {
  readonly storeId: string;
  readonly #journals: ReadonlyMap<string, ChannelJournal>;

  constructor(storeId: string, journals: ReadonlyMap<string, ChannelJournal>) {
    this.storeId = storeId;
    this.#journals = journals;
  }

  root(channel: string): string | null {
    const journal = this.#journals.get(channel);
    return journal === undefined ? null : toHex(journal.root());
  }

  helloChannels(): HelloChannel[] {
    const channels = [...this.#journals].map(([channel, journal]) => ({
      channel,
      root: toHex(journal.root()),
      offset: journal.currentOffset(),
      seen: null,
    }));
    return channels.sort((a, b) => Number(b.channel === '$realm') - Number(a.channel === '$realm'));
  }

  missing(channel: string, frame: HeadsFrame): LogRanges[] {
    const journal = this.#journals.get(channel);
    if (journal === undefined) return [];
    return frame.heads.flatMap(({ log, last, lastId, holes }) => {
      // Another entry at the same end shows a fork: its proof is worth more than the number.
      const own = journal.head(log);
      if (own?.last === last && own.lastId !== lastId) return [{ log, ranges: [{ first: last, last }] }];
      const lacking = subtractRanges(rangesBelow(last, holes), journal.heldRanges(log));
      const ranges = subtractRanges(lacking, journal.unwanted(log)).slice(0, HOLES_PER_HEAD_MAX);
      return ranges.length === 0 ? [] : [{ log, ranges }];
    });
  }

  /** All heads of a channel, cut into frames. */
  *headsFrames(channel: string): Generator<HeadsFrame> {
    const journal = this.#journals.get(channel);
    if (journal === undefined) return;
    const heads = [...journal.heads()].map(claimOf);
    const shared = { kind: 'heads', channel, complete: true } as const;
    const root = toHex(journal.root());
    const offset = journal.currentOffset();
    for (let at = 0; at === 0 || at < heads.length; at += HEADS_PER_FRAME_MAX) {
      const final = at + HEADS_PER_FRAME_MAX >= heads.length;
      yield { ...shared, root, offset, final, heads: heads.slice(at, at + HEADS_PER_FRAME_MAX) };
    }
  }

  /** How many numbers in the channel are known to exist and not held. */
  missingCount(channel: string): number {
    const journal = this.#journals.get(channel);
    let count = 0;
    for (const log of journal?.logs() ?? []) {
      for (const { first, last } of journal!.missing(log)) count += last - first + 1;
    }
    return count;
  }

  /** True while a number of the log is known to exist and not held. */
  hasHole(channel: string, log: LogId): boolean {
    return (this.#journals.get(channel)?.missing(log).length ?? 0) > 0;
  }
}

/** A head with more holes than a frame takes is claimed only up to the first of those. */
function claimOf(head: Head): WireHead {
  const { log, lastId, holes } = head;
  const over = holes[HOLES_PER_HEAD_MAX];
  const last = over === undefined ? head.last : over.first - 1;
  return { log, last, lastId, holes: holes.slice(0, HOLES_PER_HEAD_MAX) };
}
