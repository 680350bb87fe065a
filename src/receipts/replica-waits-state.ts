import type { NodeId } from '../identity/index.ts';
import { coversRange } from '../sync/index.ts';
import type { ChannelLog, Held } from './receipt-frames.ts';

/** A message, or a row of them, that is to be held by others. */
export interface ReplicaWait extends ChannelLog {
  readonly first: number;
  readonly last: number;
  /** How many other nodes are to hold it. */
  readonly replicas: number;
}

/** A wait with those who have reported. */
export interface OpenWait extends ReplicaWait {
  readonly nodes: Set<NodeId>;
}

/** What is wanted of a peer now. */
export interface WantedOfPeer extends ChannelLog {
  readonly through: number;
}

/** A question without an answer is asked again with a later one after this: the peer may have had too many. */
const ASK_AGAIN_MS = 5_000;

interface LogWaits extends ChannelLog {
  /** In order of their numbers, for all but retries of what was published before. */
  waits: OpenWait[];
  /** The number that each peer was asked for and has not answered yet, and when. */
  readonly asked: Map<NodeId, { readonly through: number; readonly atMs: number }>;
}

/**
 * Who waits for how many reports, without any I/O. A node counts once, however often it reports; one question a
 * log is on its way to each peer at a time, so that a slow peer is not buried in them.
 */
export class ReplicaWaitsState {
  readonly #logs = new Map<string, LogWaits>();

  /** Waits that are open. */
  get size(): number {
    let size = 0;
    for (const { waits } of this.#logs.values()) size += waits.length;
    return size;
  }

  /** Begins to wait. */
  add(wait: ReplicaWait): OpenWait {
    const key = keyOf(wait);
    const { channel, log } = wait;
    const of: LogWaits = this.#logs.get(key) ?? { channel, log, waits: [], asked: new Map() };
    const open: OpenWait = { ...wait, nodes: new Set() };
    of.waits.push(open);
    this.#logs.set(key, of);
    return open;
  }

  /** Ends a wait, fulfilled or not. */
  remove(wait: OpenWait): void {
    const of = this.#logs.get(keyOf(wait));
    if (of !== undefined) this.#keep(of, (open) => open !== wait);
  }

  /** Logs that are to be asked of a peer now; they count as asked from here on. */
  ask(peer: NodeId, nowMs: number): WantedOfPeer[] {
    const wanted: WantedOfPeer[] = [];
    for (const of of this.#logs.values()) {
      const asked = of.asked.get(peer);
      if (asked !== undefined && Math.abs(nowMs - asked.atMs) < ASK_AGAIN_MS) continue;
      const through = lastWanted(of, peer);
      if (through === 0) continue;
      of.asked.set(peer, { through, atMs: nowMs });
      wanted.push({ channel: of.channel, log: of.log, through });
    }
    return wanted;
  }

  /** A new session with a peer knows nothing of what was asked before. */
  forget(peer: NodeId): void {
    for (const { asked } of this.#logs.values()) asked.delete(peer);
  }

  /** A peer reported; returns the waits that have enough reports now, which are removed. */
  report(peer: NodeId, held: Held): OpenWait[] {
    const of = this.#logs.get(keyOf(held));
    if (of === undefined) return [];
    const through = of.asked.get(peer)?.through;
    // An answer that does not reach the number yet is followed by another one.
    if (through !== undefined && coversRange(held.ranges, through, through)) of.asked.delete(peer);
    const done: OpenWait[] = [];
    for (const wait of of.waits) {
      if (!coversRange(held.ranges, wait.first, wait.last)) continue;
      wait.nodes.add(peer);
      if (wait.nodes.size >= wait.replicas) done.push(wait);
    }
    if (done.length > 0) this.#keep(of, ({ nodes, replicas }) => nodes.size < replicas);
    return done;
  }

  /** A node that may not count any more (it was revoked). */
  discount(peer: NodeId): void {
    for (const { waits } of this.#logs.values()) for (const wait of waits) wait.nodes.delete(peer);
  }

  /** All open waits. */
  *open(): IterableIterator<OpenWait> {
    for (const { waits } of this.#logs.values()) yield* waits;
  }

  #keep(of: LogWaits, stays: (wait: OpenWait) => boolean): void {
    of.waits = of.waits.filter(stays);
    if (of.waits.length === 0) this.#logs.delete(keyOf(of));
  }
}

/** Number of the latest wait that has not heard from the peer; 0 for none. */
function lastWanted({ waits }: LogWaits, peer: NodeId): number {
  return waits.findLast(({ nodes }) => !nodes.has(peer))?.last ?? 0;
}

function keyOf({ channel, log }: ChannelLog): string {
  return `${channel} ${log}`;
}
