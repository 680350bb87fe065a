import { type LogId, logIdOf } from '../entry/index.ts';
import { type Counters, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Ingest } from '../ingest/index.ts';
import type { ChannelJournal, SeqRange, StoredEntry, StoredRecord } from '../journal/index.ts';
import type { Overlay, OverlayStream } from '../overlay/index.ts';
import { REALM_CHANNEL, type Realm } from '../realm/index.ts';
import type { CursorBook } from './cursor-book.ts';
import { type EntryLifetimes, lifetimesByClock, serveEntries } from './entry-server.ts';
import { SignatureAudit } from './signature-audit.ts';
import { SupplyBoard } from './supply-board.ts';
import type { ControlFrame } from './sync-frames.ts';
import { type PeerChannelSync, SyncSession } from './sync-session.ts';
import { SyncStoreView } from './sync-store-view.ts';

/** Control stream: grants, hellos, heads. */
export const SYNC_PROTOCOL = '/sedge/sync/1';
/** Data stream: one request, its entries, credit. */
export const SYNC_DATA_PROTOCOL = '/sedge/sync-data/1';

/** Options of {@link SyncService}. */
export interface SyncOptions {
  /** Time between hellos without a reason, milliseconds; varied by a fifth. @defaultValue 30,000 */
  readonly helloIntervalMs: number;
  /** How long a hole may be mere disorder, milliseconds. @defaultValue 200 */
  readonly holeDelayMs: number;
  /** Least time between two hellos that follow changes, milliseconds. @defaultValue 50 */
  readonly helloPauseMs: number;
  /**
   * Most bytes of a pull that are under way at once, 1 to 67,108,864; about a second's worth on a slow link, so that
   * alarms and live messages do not queue behind them. @defaultValue 262,144: fills fast links over a quarter of the
   * world
   */
  readonly creditBytes: number;
  /** A pull that brings nothing new for so long is given up, milliseconds. @defaultValue 60,000: slow links */
  readonly pullStallMs: number;
}

/** Defaults of {@link SyncOptions}. */
export const SYNC_DEFAULTS: SyncOptions = Object.freeze({
  helloIntervalMs: 30_000,
  holeDelayMs: 200,
  helloPauseMs: 50,
  creditBytes: 262_144,
  pullStallMs: 60_000,
});

/** What sync works with. */
export interface SyncDependencies {
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly realm: Realm;
  /** Carried channels with their journals. */
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  /** Id of this node's store, 16 hexadecimal digits. */
  readonly storeId: string;
  readonly nowMs: () => number;
  /** @defaultValue by the clock */
  readonly lifetimes?: EntryLifetimes;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly counters: Counters;
  readonly log: Log;
  /** What is remembered of peers; loaded before the journals started. */
  readonly cursors: CursorBook;
  /** How urgent a channel is. @defaultValue all are `normal` */
  readonly priorityOf?: (channel: string) => SyncPriority;
  /** An entry that its author vouched for in a later one does not bear the author's signature: evidence. */
  readonly onBadSignature?: (channel: string, record: StoredRecord) => void;
}

/** How urgent a channel is: a pull of a more urgent one does not wait for one of another that is under way. */
export type SyncPriority = (typeof PRIORITIES)[number];
const PRIORITIES = ['control', 'alarm', 'normal', 'bulk'] as const;

/** How far this node is in step with a peer. */
export interface PeerSync {
  readonly status: 'in-sync' | 'syncing' | 'unknown';
  readonly inSyncAtMs: number | null;
}

/** Reads a control frame of a type that is not sync's own. Must not throw for what the items hold. */
export type FrameReader = (peer: NodeId, items: readonly unknown[]) => void;

/** Holes of a channel that are waited for. */
interface HoleWatch {
  armed: boolean;
  missing: number;
  delayMs: number;
}

/** What was compared is written so long after it: each write costs a flash page. */
const SAVE_CURSORS_MS = 30_000;
/** A control stream that ended while the peer is still there is opened again after this. */
const REOPEN_MS = 500;
/** Longest time before it is opened to a peer again that refuses or is refused each time. */
const REOPEN_MS_MAX = 30_000;
/** Peers whose refusals are counted. */
const STRIKES_MAX = 1_024;

/**
 * The truth behind gossip: a session with each connected peer compares what both hold and fetches what is
 * missing, in any order of meetings. What was learned is offered on to all other peers, so that a carrier that
 * meets A today and B tomorrow delivers.
 */
export class SyncService {
  readonly #options: SyncOptions;
  readonly #deps: SyncDependencies;
  readonly #sessions = new Map<NodeId, SyncSession>();
  readonly #board = new SupplyBoard();
  readonly #view: SyncStoreView;
  readonly #audit: SignatureAudit;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #holes = new Map<string, HoleWatch>();
  /** Sessions in a row with a peer that ended before it was admitted, or by its fault. */
  readonly #strikes = new Map<NodeId, number>();
  /** Peers that a stream is being opened to, or will be. */
  readonly #meeting = new Set<NodeId>();
  readonly #frameReaders = new Map<number, FrameReader>();
  readonly #frameListeners = new Set<(peer: NodeId, frame: ControlFrame) => void>();
  readonly #readyListeners = new Set<(peer: NodeId) => void>();
  #saveTimer: NodeJS.Timeout | null = null;
  #helloTimer: NodeJS.Timeout | null = null;
  #announcesOwn = false;
  #realmTimer: NodeJS.Timeout | null = null;
  #ends: (() => void)[] = [];
  #running = false;

  constructor(options: Partial<SyncOptions>, deps: SyncDependencies) {
    this.#options = { ...SYNC_DEFAULTS, ...options };
    this.#deps = deps;
    this.#view = new SyncStoreView(deps.storeId, deps.journals, (channel) => this.#rankOf(channel));
    this.#audit = new SignatureAudit({
      ...deps,
      entryAad: () => deps.realm.entryAad(),
      earlier: (channel) => deps.cursors.audited(channel),
      onStep: () => this.#keepAudit(),
      onBadSignature: deps.onBadSignature ?? (() => {}),
    });
  }

  /** Answers peers from now on. Call before the overlay starts, so that no early peer is missed. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const { overlay, ingest, realm } = this.#deps;
    overlay.handle(SYNC_PROTOCOL, (stream) => this.#openSession(stream));
    overlay.handle(SYNC_DATA_PROTOCOL, (stream) => this.#serve(stream));
    this.#ends = [
      overlay.onPeer(({ kind, node }) =>
        kind === 'up' ? this.#meet(node) : this.#sessions.get(node)?.end(),
      ),
      ingest.onStored((stored) => this.#onStored(stored)),
      realm.onChange(() => this.#onRealmChange()),
    ];
    this.#audit.start();
    this.#scheduleHello();
  }

  /** Ends all sessions and timers. */
  stop(): void {
    this.#running = false;
    this.#audit.stop();
    for (const end of this.#ends) end();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#meeting.clear();
    this.#helloTimer = null;
    this.#realmTimer = null;
    this.#saveTimer = null;
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
  }

  /** How far this node is in step with a peer. */
  peer(node: NodeId): PeerSync {
    const session = this.#sessions.get(node);
    return { status: session?.status ?? 'unknown', inSyncAtMs: session?.inSyncAtMs ?? null };
  }

  /** The same for each channel that both carry; none without a session. */
  peerChannels(node: NodeId): readonly PeerChannelSync[] {
    return this.#sessions.get(node)?.channels() ?? [];
  }

  /**
   * Reads control frames of a type that is not sync's own (4 and 5: receipts). Their items come as decoded CBOR,
   * the type first, from a peer that showed its grant; the reader checks the rest. Returns how to end that.
   */
  handleFrame(type: number, reader: FrameReader): () => void {
    this.#frameReaders.set(type, reader);
    return () => this.#frameReaders.delete(type);
  }

  /** Sends such a frame; `false` where there is no session with the peer or it is of a version before 2. */
  sendFrame(peer: NodeId, items: readonly [type: number, ...rest: unknown[]]): boolean {
    return this.#sessions.get(peer)?.sendOther(items) ?? false;
  }

  /** Tells when a session with a peer may be used; returns how to end that. */
  onPeerReady(listener: (peer: NodeId) => void): () => void {
    this.#readyListeners.add(listener);
    return () => this.#readyListeners.delete(listener);
  }

  /** Tells of each frame of a peer that showed its grant: what it claims to hold. Returns how to end that. */
  onFrame(listener: (peer: NodeId, frame: ControlFrame) => void): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  /** The store has another id from now on: what peers remember of it is worth nothing. */
  renewStore(storeId: string): void {
    this.#view.storeId = storeId;
    this.announce();
  }

  /** True while a peer supplies one of the numbers. */
  isSupplied(channel: string, log: LogId, range: SeqRange): boolean {
    return this.#board.isSupplied(channel, log, range);
  }

  /**
   * Tells all peers soon that there is something new which gossip does not carry: a large entry, one that a
   * slow peer could not take, or what was learned by sync (`learned`), of which a peer that is supplying this
   * node right now hears when it is done.
   */
  announce(what: 'own' | 'learned' = 'own'): void {
    if (!this.#running) return;
    if (what === 'own') this.#announcesOwn = true;
    this.#helloTimer ??= this.#after(this.#options.helloPauseMs, () => {
      const event = { kind: 'changed', learned: !this.#announcesOwn } as const;
      this.#helloTimer = null;
      this.#announcesOwn = false;
      for (const session of this.#sessions.values()) session.handle(event);
    });
  }

  /** Which entries may end a batch that leaves this node, and which must not leave it. */
  get audit(): SignatureAudit {
    return this.#audit;
  }

  #onStored({ entry, facts }: StoredEntry): void {
    if (facts.verifiedBy === 'chain') this.#audit.wake();
    if (facts.source === 'sync' || facts.source === 'import') this.announce('learned');
    if (facts.source === 'gossip') this.#watchHole(entry.channel, logIdOf(entry));
  }

  /** What was refused for want of a grant may be taken now; many changes come at once. */
  #onRealmChange(): void {
    if (!this.#running) return;
    this.#deps.cursors.forgetByRealm();
    this.#realmTimer ??= this.#after(this.#options.helloPauseMs, () => {
      this.#realmTimer = null;
      for (const session of this.#sessions.values()) session.handle({ kind: 'realm-changed' });
    });
  }

  /**
   * Gossip may come out of order for a moment; what is missing after that is asked for. A hole that nobody
   * fills is asked for ever more rarely, until the holes change.
   */
  #watchHole(channel: string, log: LogId): void {
    const watch = this.#holes.get(channel) ?? {
      armed: false,
      missing: 0,
      delayMs: this.#options.holeDelayMs,
    };
    if (watch.armed || !this.#view.hasHole(channel, log)) return;
    watch.armed = true;
    this.#holes.set(channel, watch);
    this.#after(watch.delayMs, () => {
      watch.armed = false;
      const missing = this.#view.missingCount(channel);
      if (missing === 0) return void this.#holes.delete(channel);
      const { holeDelayMs, helloIntervalMs } = this.#options;
      watch.delayMs = missing === watch.missing ? Math.min(watch.delayMs * 2, helloIntervalMs) : holeDelayMs;
      watch.missing = missing;
      for (const session of this.#sessions.values()) session.handle({ kind: 'hole', channel });
    });
  }

  #saveCursorsSoon(): void {
    this.#saveTimer ??= this.#after(SAVE_CURSORS_MS, () => {
      this.#saveTimer = null;
      void this.#deps.cursors.save();
    });
  }

  #keepAudit(): void {
    for (const channel of this.#deps.journals.keys())
      this.#deps.cursors.noteAudit(channel, this.#audit.progress(channel));
    this.#saveCursorsSoon();
  }

  /** `$realm` is before all else: other channels' authors may be granted there. */
  #rankOf(channel: string): number {
    if (channel === REALM_CHANNEL) return 0;
    return 1 + PRIORITIES.indexOf(this.#deps.priorityOf?.(channel) ?? 'normal');
  }

  #scheduleHello(): void {
    const { helloIntervalMs } = this.#options;
    this.#after(helloIntervalMs * (0.8 + 0.4 * this.#deps.random()), () => {
      for (const session of this.#sessions.values()) session.handle({ kind: 'hello-due' });
      this.#meetTheForgotten();
      this.#scheduleHello();
    });
  }

  /** A peer that is there and without a session, whatever was missed when it came, does not stay so. */
  #meetTheForgotten(): void {
    for (const { node, connected } of this.#deps.overlay.peers())
      if (node !== null && connected && !this.#meeting.has(node)) this.#meet(node);
  }

  /** One side opens the control stream, so that there is one a pair. */
  #meet(node: NodeId): void {
    if (!this.#running || this.#deps.overlay.self > node || this.#sessions.has(node)) return;
    if (!this.#deps.overlay.peers().some((peer) => peer.node === node && peer.connected)) return;
    this.#meeting.add(node);
    this.#deps.overlay.open(node, SYNC_PROTOCOL).then(
      (stream) => {
        this.#meeting.delete(node);
        return this.#openSession(stream);
      },
      () => this.#meetAfter(REOPEN_MS, node),
    );
  }

  #meetAfter(ms: number, node: NodeId): void {
    this.#meeting.add(node);
    this.#after(ms, () => {
      this.#meeting.delete(node);
      this.#meet(node);
    });
  }

  async #openSession(stream: OverlayStream): Promise<void> {
    if (!this.#running) return stream.abort();
    // A peer that came back opens a new stream before the old one is noticed to be dead.
    this.#sessions.get(stream.peer)?.end();
    const session = new SyncSession(stream, {
      ...this.#deps,
      view: this.#view,
      board: this.#board,
      creditBytes: this.#options.creditBytes,
      pullStallMs: this.#options.pullStallMs,
      onRemembered: () => this.#saveCursorsSoon(),
      later: (ms, run) => this.#after(ms, run),
      dataProtocol: SYNC_DATA_PROTOCOL,
      onSupplied: () => this.#offerLeftovers(),
      onAdmitted: () => {
        for (const listener of this.#readyListeners) listener(stream.peer);
      },
      onFrame: (frame) => {
        for (const listener of this.#frameListeners) listener(stream.peer, frame);
      },
      onOtherFrame: (type, items) => this.#frameReaders.get(type)?.(stream.peer, items),
    });
    this.#sessions.set(stream.peer, session);
    await session.run();
    if (this.#sessions.get(stream.peer) === session) {
      this.#sessions.delete(stream.peer);
      this.#meetAfter(this.#reopenMs(session, stream.peer), stream.peer);
    }
    this.#offerLeftovers();
  }

  #reopenMs(session: SyncSession, peer: NodeId): number {
    const strikes = session.admitted && !session.refused ? 0 : (this.#strikes.get(peer) ?? 0) + 1;
    if (this.#strikes.size >= STRIKES_MAX) this.#strikes.clear();
    if (strikes === 0) this.#strikes.delete(peer);
    else this.#strikes.set(peer, strikes);
    return Math.min(REOPEN_MS * 2 ** strikes, REOPEN_MS_MAX);
  }

  /** What one peer was to supply and did not is asked of the others. */
  #offerLeftovers(): void {
    for (const session of this.#sessions.values()) session.retryLeftovers();
  }

  async #serve(stream: OverlayStream): Promise<void> {
    // Only a peer that showed its grant on the control stream is served.
    if (this.#sessions.get(stream.peer)?.admitted !== true) return stream.abort();
    try {
      await serveEntries(stream, {
        journalOf: (channel) => this.#deps.journals.get(channel) ?? null,
        audit: this.#audit,
        lifetimes: this.#deps.lifetimes ?? lifetimesByClock(this.#deps.nowMs),
        log: this.#deps.log,
      });
    } catch (error) {
      stream.abort();
      if (!isSedgeError(error)) throw error;
      this.#deps.log.debug({ peer: stream.peer, code: error.code }, 'serving entries ended early');
    }
  }

  #after(ms: number, run: () => void): NodeJS.Timeout | null {
    if (!this.#running) return null;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#running) run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
}
