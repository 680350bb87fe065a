import type { LogId } from '../entry/index.ts';
import { type Counters, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Fork, Ingest } from '../ingest/index.ts';
import type { ChannelJournal, SeqRange } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import { pullEntries } from './entry-puller.ts';
import { SYNC_DATA_PROTOCOL } from './sync-service.ts';

/** What {@link ForkSearch} works with. */
export interface ForkSearchDependencies {
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly counters: Counters;
  readonly log: Log;
}

/** Entries asked for in one round: the stretch in which the fork lies shrinks by as much. */
const PROBES = 16;
/** Rounds with one peer: more than any length of a log takes, as long as the peer does not play for time. */
const ROUNDS_MAX = 32;
/** A peer that does not answer in this time is left. */
const STALL_MS = 20_000;
/** Credit of a round, bytes: one probe may be an entry of any size. */
const CREDIT_BYTES = 4_194_304;

/**
 * Finds where two branches of a log part. A fork shows where it is met, which may be long after it began: the end is
 * then too high, and below it two nodes still hold different entries, number by number. So each node that learns of
 * an end compares a few numbers below it with its peers, and a few between the last that agreed and the first that
 * did not, until they lie side by side: four rounds for 65,536 numbers.
 */
export class ForkSearch {
  readonly #deps: ForkSearchDependencies;
  readonly #underWay = new Map<string, { again: boolean }>();
  #stopped = false;

  constructor(deps: ForkSearchDependencies) {
    this.#deps = deps;
  }

  /** Searches below the end of a fork, with all peers that are connected now. Never throws. */
  async search(fork: Pick<Fork, 'channel' | 'log'>): Promise<void> {
    const key = `${fork.channel} ${fork.log}`;
    const running = this.#underWay.get(key);
    if (running !== undefined) running.again = true;
    if (running !== undefined || this.#stopped) return;
    const state = { again: false };
    this.#underWay.set(key, state);
    do {
      state.again = false;
      const peers = this.#deps.overlay
        .peers()
        .flatMap(({ node, connected }) => (node !== null && connected ? [node] : []));
      for (const peer of peers) await this.#searchWith(peer, fork);
    } while (state.again && !this.#stopped);
    this.#underWay.delete(key);
  }

  /** Asks nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  async #searchWith(peer: NodeId, { channel, log }: Pick<Fork, 'channel' | 'log'>): Promise<void> {
    const journal = this.#deps.journals.get(channel);
    let agreed = 0;
    for (let round = 0; round < ROUNDS_MAX && journal !== undefined && !this.#stopped; round++) {
      const end = this.#endOf(channel, log);
      const probes = probesWithin(journal.heldRanges(log), agreed, end);
      if (probes.length === 0 || !(await this.#compare(peer, journal, { log, probes }))) return;
      await this.#deps.ingest.forks.settle();
      const sunk = this.#endOf(channel, log);
      // What the peer does not hold cannot differ.
      agreed = Math.max(agreed, ...probes.filter((probe) => probe < sunk));
      if (sunk === end) return;
    }
  }

  #endOf(channel: string, log: LogId): number {
    return this.#deps.ingest.forks.endOf(channel, log) ?? 0;
  }

  /** Has the peer's entries for some numbers judged; `false` where it does not answer. */
  async #compare(
    peer: NodeId,
    journal: ChannelJournal,
    { log, probes }: { readonly log: LogId; readonly probes: readonly number[] },
  ): Promise<boolean> {
    const ranges = probes.map((seq) => ({ first: seq, last: seq }));
    try {
      const stream = await this.#deps.overlay.open(peer, SYNC_DATA_PROTOCOL);
      const request = { channel: journal.channel, journal, logs: [{ log, ranges }] };
      const limits = { creditBytes: CREDIT_BYTES, stallMs: STALL_MS };
      return (await pullEntries(stream, { ...request, ...limits }, this.#deps)).done;
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      this.#deps.log.debug({ peer, code: error.code }, 'a search for a fork ended early');
      return false;
    }
  }
}

/** Some of the numbers held above one and below another, evenly spread, the highest among them; ascending. */
export function probesWithin(held: readonly SeqRange[], above: number, below: number): number[] {
  const ranges = held
    .map(({ first, last }) => ({ first: Math.max(first, above + 1), last: Math.min(last, below - 1) }))
    .filter(({ first, last }) => first <= last);
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const probes: number[] = [];
  let passed = 0;
  for (const { first, last } of ranges) {
    const length = last - first + 1;
    for (;;) {
      // The last number of each sixteenth; each number once where there are fewer.
      const nth = Math.ceil(((probes.length + 1) * count) / Math.min(count, PROBES)) - 1;
      if (probes.length === PROBES || nth >= passed + length) break;
      probes.push(first + nth - passed);
    }
    passed += length;
  }
  return probes;
}
