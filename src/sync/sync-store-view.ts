import { toHex } from '../bytes/index.ts';
import type { LogId } from '../entry/index.ts';
import { type ChannelJournal, formatOffset, type Head, type Offset } from '../journal/index.ts';
import type { HeadSource } from './head-reconciliation.ts';
import { rangesBelow, subtractRanges } from './seq-ranges.ts';
import type { SyncView } from './sync-events.ts';
import { HEADS_PER_FRAME_MAX, type HeadsFrame, type HelloChannel, type LogRanges } from './sync-frames.ts';
import { HOLES_PER_HEAD_MAX, type WireHead } from './wire-fields.ts';

/** Holes in the heads of one frame at most, so that a frame stays far below 4 MiB. */
const HOLES_PER_FRAME = 65_536;

/** What this node holds, as sync reads and says it. */
export class SyncStoreView implements SyncView {
  storeId: string;
  readonly #journals: ReadonlyMap<string, ChannelJournal>;
  readonly #rankOf: (channel: string) => number;

  constructor(
    storeId: string,
    journals: ReadonlyMap<string, ChannelJournal>,
    rankOf: (channel: string) => number,
  ) {
    this.storeId = storeId;
    this.#journals = journals;
    this.#rankOf = rankOf;
  }

  rank(channel: string): number {
    return this.#rankOf(channel);
  }

  offset(channel: string): Offset | null {
    return this.#journals.get(channel)?.currentOffset() ?? null;
  }

  knowsOffset(channel: string, offset: Offset): boolean {
    return this.#journals.get(channel)?.resolveOffset(formatOffset(offset)).ok ?? false;
  }

  heads(channel: string): HeadSource {
    const ordered = () => this.#journals.get(channel)!.orderedHeads();
    return {
      count: (from, to) => ordered().count(from, to),
      fingerprint: (from, to) => ordered().fingerprint(from, to),
      heads: (from, to) => ordered().heads(from, to).map(claimOf),
      split: (from, to, parts) => ordered().split(from, to, parts),
    };
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

  missing(channel: string, heads: readonly WireHead[]): LogRanges[] {
    const journal = this.#journals.get(channel);
    if (journal === undefined) return [];
    return heads.flatMap(({ log, last, lastId, holes }) => {
      // Another entry at the same end shows a fork: its proof is worth more than the number.
      const own = journal.head(log);
      if (own?.last === last && own.lastId !== lastId) return [{ log, ranges: [{ first: last, last }] }];
      const lacking = subtractRanges(rangesBelow(last, holes), journal.heldRanges(log));
      const ranges = subtractRanges(lacking, journal.unwanted(log)).slice(0, HOLES_PER_HEAD_MAX);
      return ranges.length === 0 ? [] : [{ log, ranges }];
    });
  }

  /** Heads of a channel, all or those that changed since an offset that is known, cut into frames. */
  *headsFrames(channel: string, since: Offset | null): Generator<HeadsFrame> {
    const journal = this.#journals.get(channel);
    if (journal === undefined) return;
    const heads = [...(since === null ? journal.heads() : journal.headsSince(since.position))].map(claimOf);
    const shared = { kind: 'heads', channel, complete: since === null } as const;
    const root = toHex(journal.root());
    const offset = journal.currentOffset();
    for (let at = 0; at === 0 || at < heads.length; ) {
      const to = frameEnd(heads, at);
      yield { ...shared, root, offset, final: to >= heads.length, heads: heads.slice(at, to) };
      at = Math.max(to, at + 1);
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

function frameEnd(heads: readonly WireHead[], from: number): number {
  let holes = 0;
  let to = from;
  while (to < heads.length && to - from < HEADS_PER_FRAME_MAX && holes < HOLES_PER_FRAME)
    holes += heads[to++]!.holes.length;
  return to;
}

/** A head with more holes than a frame takes is claimed only up to the first of those. */
function claimOf(head: Head): WireHead {
  const { log, lastId, holes } = head;
  const over = holes[HOLES_PER_HEAD_MAX];
  const last = over === undefined ? head.last : over.first - 1;
  return { log, last, lastId, holes: holes.slice(0, HOLES_PER_HEAD_MAX) };
}
