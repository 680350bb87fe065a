import { toHex } from '../bytes/index.ts';
import { splitLogId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import { type ControlFrame, type HeadsFrame, type HelloChannel, rangesBelow } from '../sync/index.ts';
import type { PeerHoldings } from './peer-holdings.ts';

/** What {@link HoldingsWatch} works with. */
export interface HoldingsWatchDependencies {
  readonly self: NodeId;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly holdings: PeerHoldings;
  readonly nowMs: () => number;
}

/** Keeps account of what peers claim to hold: equal roots say it of a whole channel, heads of their logs. */
export class HoldingsWatch {
  readonly #deps: HoldingsWatchDependencies;

  constructor(deps: HoldingsWatchDependencies) {
    this.#deps = deps;
  }

  /** A peer that showed its grant sent a frame. */
  onFrame(peer: NodeId, frame: ControlFrame): void {
    this.#deps.holdings.noteHeard(peer, this.#deps.nowMs());
    if (frame.kind === 'heads') this.#onHeads(peer, frame);
    if (frame.kind !== 'hello') return;
    this.#deps.holdings.noteStore(peer, frame.storeId);
    for (const channel of frame.channels) this.#onRoot(peer, channel);
  }

  #onHeads(peer: NodeId, { channel, heads }: HeadsFrame): void {
    if (!this.#deps.journals.has(channel)) return;
    const asOfMs = this.#deps.nowMs();
    for (const { log, last, holes } of heads) {
      const ranges = rangesBelow(last, holes);
      this.#deps.holdings.note(peer, { channel, log }, { ranges, asOfMs, source: 'heads' });
    }
  }

  #onRoot(peer: NodeId, { channel, root }: HelloChannel): void {
    const { journals, holdings, nowMs } = this.#deps;
    const journal = journals.get(channel);
    if (journal === undefined || toHex(journal.root()) !== root) return;
    const before = holdings.inSync(peer, channel);
    const asOfMs = nowMs();
    holdings.noteInSync(peer, channel, { root, position: journal.lastPosition, asOfMs });
    if (before?.root !== root) this.#noteOwnLogs(peer, journal, asOfMs);
  }

  /** The own messages that nobody else holds have a reserve, so these are remembered by their numbers. */
  #noteOwnLogs(peer: NodeId, journal: ChannelJournal, asOfMs: number): void {
    const { self, holdings } = this.#deps;
    for (const log of journal.logs()) {
      if (splitLogId(log).author !== self) continue;
      const ranges = journal.heldRanges(log).map(({ first, last }) => ({ first, last }));
      holdings.note(peer, { channel: journal.channel, log }, { ranges, asOfMs, source: 'in-sync' });
    }
  }
}
