import { type Counters, SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Ingest } from '../ingest/index.ts';
import type { ChannelJournal, SeqRange } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import type { Realm } from '../realm/index.ts';
import type { SyncService } from '../sync/index.ts';
import { HeldAnswers } from './held-answers.ts';
import { HoldingsWatch } from './holdings-watch.ts';
import type { PeerHoldings } from './peer-holdings.ts';
import {
  type ChannelLog,
  HELD,
  HELD_WANTED,
  heldItems,
  heldWantedItems,
  readHeld,
  readHeldWanted,
} from './receipt-frames.ts';
import { type OpenWait, type ReplicaWait, ReplicaWaitsState } from './replica-waits-state.ts';

/** What receipts work with. */
export interface ReceiptsDependencies {
  readonly self: NodeId;
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly realm: Realm;
  readonly sync: Pick<SyncService, 'handleFrame' | 'sendFrame' | 'onPeerReady' | 'onFrame'>;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly holdings: PeerHoldings;
  readonly nowMs: () => number;
  readonly counters: Counters;
}

/** Waits for reports that may be open at once; more are refused (`mesh.too-many-pending`). */
const WAITS_MAX = 65_536;
/** Questions for holders under way at once. */
const QUESTIONS_MAX = 1_024;

interface Settling {
  readonly resolve: (replicas: number) => void;
  readonly reject: (error: SedgeError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Says who else holds what: asks peers on the authenticated control stream of sync, and answers them with what
 * survives a power cut here. Only a granted node that is directly connected counts, and only once.
 */
export class ReceiptsService {
  readonly #deps: ReceiptsDependencies;
  readonly #waits = new ReplicaWaitsState();
  readonly #settling = new Map<OpenWait, Settling>();
  readonly #answers: HeldAnswers;
  readonly #watch: HoldingsWatch;
  readonly #ready = new Set<NodeId>();
  readonly #listeners = new Set<(peer: NodeId, of: ChannelLog) => void>();
  #askScheduled = false;
  #running = false;
  #ends: (() => void)[] = [];

  constructor(deps: ReceiptsDependencies) {
    this.#deps = deps;
    this.#watch = new HoldingsWatch(deps);
    this.#answers = new HeldAnswers({
      journalOf: (channel) => deps.journals.get(channel) ?? null,
      answer: (peer, held) => void deps.sync.sendFrame(peer, heldItems(held)),
    });
  }

  /** Asks and answers from now on. Call before the overlay starts. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const { sync, ingest, overlay } = this.#deps;
    this.#ends = [
      sync.handleFrame(HELD_WANTED, (peer, items) => this.#onHeldWanted(peer, items)),
      sync.handleFrame(HELD, (peer, items) => this.#onHeld(peer, items)),
      sync.onFrame((peer, frame) => this.#watch.onFrame(peer, frame)),
      sync.onPeerReady((peer) => this.#meet(peer)),
      ingest.onStored((stored) => this.#answers.onStored(stored)),
      overlay.onPeer(({ kind, node }) => {
        if (kind === 'down') this.#part(node);
      }),
      this.#deps.realm.onChange(() => this.#discountRevoked()),
    ];
  }

  /** Ends all waits with `mesh.not-started`. */
  stop(): void {
    this.#running = false;
    for (const end of this.#ends) end();
    this.#ends = [];
    for (const wait of [...this.#settling.keys()]) this.#fail(wait, new SedgeError('mesh.not-started'));
  }

  /**
   * Resolves with the number of other nodes that hold the messages after fsync once that are `replicas`. Rejects
   * with `mesh.not-acknowledged` and the count so far when the time is over (the messages stay as valid as they
   * were), and with `mesh.too-many-pending`.
   */
  whenHeld(wait: ReplicaWait, timeoutMs: number): Promise<number> {
    if (!this.#running) return Promise.reject(new SedgeError('mesh.not-started'));
    if (this.#settling.size >= WAITS_MAX) {
      return Promise.reject(new SedgeError('mesh.too-many-pending', { pendingMax: WAITS_MAX }));
    }
    return new Promise((resolve, reject) => {
      const open = this.#waits.add(wait);
      const timer = setTimeout(() => this.#giveUp(open), timeoutMs);
      this.#settling.set(open, { resolve, reject, timer });
      this.#askSoon();
    });
  }

  /**
   * Asks all connected peers what they hold of a log around a number; resolves with those who answered, at the
   * latest when the time is over. What they said is in the holdings.
   */
  async ask(of: ChannelLog & { readonly seq: number }, timeoutMs: number): Promise<ReadonlySet<NodeId>> {
    if (!this.#running) throw new SedgeError('mesh.not-started');
    if (this.#listeners.size >= QUESTIONS_MAX) {
      throw new SedgeError('mesh.too-many-pending', { pendingMax: QUESTIONS_MAX });
    }
    const { channel, log, seq } = of;
    const frame = heldWantedItems({ channel, log, through: seq });
    const asked = new Set([...this.#ready].filter((peer) => this.#deps.sync.sendFrame(peer, frame)));
    const answered = new Set<NodeId>();
    if (asked.size === 0) return answered;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => finish(), timeoutMs);
      const listener = (peer: NodeId, held: ChannelLog): void => {
        if (held.channel !== channel || held.log !== log || !asked.has(peer)) return;
        answered.add(peer);
        if (answered.size === asked.size) finish();
      };
      const finish = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
    return answered;
  }

  /**
   * True if another node that is granted is known to hold all of these numbers, from its reports or claims; for the
   * reserve of own messages.
   */
  isHeldElsewhere(of: ChannelLog, range: SeqRange): boolean {
    return this.#deps.holdings.isHeldElsewhere(of, range, (peer) => this.#counts(peer));
  }

  #meet(peer: NodeId): void {
    this.#answers.forget(peer);
    this.#waits.forget(peer);
    this.#ready.add(peer);
    this.#askPeer(peer);
  }

  #part(peer: NodeId): void {
    this.#ready.delete(peer);
    this.#answers.forget(peer);
    this.#waits.forget(peer);
  }

  #onHeldWanted(peer: NodeId, items: readonly unknown[]): void {
    const wanted = readHeldWanted(items);
    if (wanted === null) return void this.#deps.counters.count('sync.malformed');
    this.#answers.ask(peer, wanted);
  }

  #onHeld(peer: NodeId, items: readonly unknown[]): void {
    const held = readHeld(items);
    if (held === null) return void this.#deps.counters.count('sync.malformed');
    if (!this.#counts(peer)) return;
    const { holdings, nowMs } = this.#deps;
    holdings.note(peer, held, { ranges: held.ranges, asOfMs: nowMs(), source: 'receipt' });
    for (const done of this.#waits.report(peer, held)) this.#succeed(done);
    for (const listener of [...this.#listeners]) listener(peer, held);
    this.#askPeer(peer);
  }

  /** Many entries of one turn are one question. */
  #askSoon(): void {
    if (this.#askScheduled) return;
    this.#askScheduled = true;
    setImmediate(() => {
      this.#askScheduled = false;
      for (const peer of this.#ready) this.#askPeer(peer);
    });
  }

  #askPeer(peer: NodeId): void {
    if (!this.#running || !this.#counts(peer)) return;
    for (const wanted of this.#waits.ask(peer, this.#deps.nowMs()))
      this.#deps.sync.sendFrame(peer, heldWantedItems(wanted));
  }

  #counts(peer: NodeId): boolean {
    return peer !== this.#deps.self && this.#deps.realm.standing(peer).status === 'granted';
  }

  #discountRevoked(): void {
    for (const peer of this.#ready) if (!this.#counts(peer)) this.#waits.discount(peer);
  }

  #succeed(wait: OpenWait): void {
    const settling = this.#settling.get(wait);
    if (settling === undefined) return;
    clearTimeout(settling.timer);
    this.#settling.delete(wait);
    settling.resolve(wait.nodes.size);
  }

  #giveUp(wait: OpenWait): void {
    const { channel, first, last, replicas, nodes } = wait;
    this.#deps.counters.count('mesh.not-acknowledged');
    this.#fail(
      wait,
      new SedgeError('mesh.not-acknowledged', {
        replicas: nodes.size,
        wanted: replicas,
        channel,
        first,
        last,
      }),
    );
  }

  #fail(wait: OpenWait, error: SedgeError): void {
    const settling = this.#settling.get(wait);
    if (settling === undefined) return;
    clearTimeout(settling.timer);
    this.#settling.delete(wait);
    this.#waits.remove(wait);
    settling.reject(error);
  }
}
