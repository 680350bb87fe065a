import { encodeCbor } from '../bytes/index.ts';
import { assertNever, type ErrorCode, isSedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { OverlayStream } from '../overlay/index.ts';
import type { Realm } from '../realm/index.ts';
import type { CursorBook, CursorKey } from './cursor-book.ts';
import { PeerPulls, type PeerPullsDependencies, unheld } from './peer-pulls.ts';
import type { SyncEffect, SyncEvent } from './sync-events.ts';
import { type ControlFrame, decodeControlFrame, encodeControlFrame, SYNC_VERSION } from './sync-frames.ts';
import { SyncSessionState } from './sync-session-state.ts';
import type { SyncStoreView } from './sync-store-view.ts';

/** What a session works with. */
export interface SyncSessionDependencies extends PeerPullsDependencies {
  readonly realm: Realm;
  readonly view: SyncStoreView;
  readonly cursors: CursorBook;
  readonly nowMs: () => number;
  /** The peer showed a valid grant. */
  readonly onAdmitted: () => void;
  /** A frame of sync's own, after it was taken. */
  readonly onFrame: (frame: ControlFrame) => void;
  /** A frame of a type that is not sync's own. */
  readonly onOtherFrame: (type: number, items: readonly unknown[]) => void;
  /** Something is to be kept of what was compared. */
  readonly onRemembered: () => void;
  /** Runs something later, unless the service stops. */
  readonly later: (ms: number, run: () => void) => void;
}

/** How far this node is in step with a peer in one channel. */
export interface PeerChannelSync {
  readonly channel: string;
  /** The last comparison left nothing to fetch. */
  readonly inSync: boolean;
  /** Numbers that the peer claims and that are to be fetched, as far as one request names them. */
  readonly missing: number;
  /** Numbers that the peer was asked for in vain in this session: refused here, past their lifetime, or not sent. */
  readonly givenUp: number;
}

/** First and longest time before a pull that failed is tried again. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;
/** Frames that may wait to be sent: far more than all heads of the most logs that a channel may have. */
const QUEUED_FRAMES_MAX = 256;

/**
 * Carries out one {@link SyncSessionState} over a control stream: first both show their grants, then frames go
 * both ways until the stream ends.
 */
export class SyncSession {
  readonly #stream: OverlayStream;
  readonly #deps: SyncSessionDependencies;
  readonly #state: SyncSessionState;
  readonly #pulls: PeerPulls;
  readonly #abort = new AbortController();
  #sending: Promise<void> = Promise.resolve();
  #queuedFrames = 0;
  #failures = 0;
  readonly #retrying = new Set<string>();
  #admitted = false;
  #refused = false;
  #peerVersion = 1;

  constructor(stream: OverlayStream, deps: SyncSessionDependencies) {
    this.#stream = stream;
    this.#deps = deps;
    const { cursors, overlay, view } = deps;
    const keyOf = (storeId: string, channel: string): CursorKey => ({ peer: stream.peer, storeId, channel });
    this.#state = new SyncSessionState(
      view,
      {
        cursor: (storeId, channel, stands) => cursors.cursor(keyOf(storeId, channel), stands),
        isSettled: (storeId, channel, ownRoot, peerRoot) =>
          cursors.isSettled(keyOf(storeId, channel), ownRoot, peerRoot),
      },
      { isLower: overlay.self < stream.peer },
    );
    this.#pulls = new PeerPulls(stream.peer, deps, {
      signal: this.#abort.signal,
      onRefused: (code) => this.#refuse(code),
    });
  }

  /** The peer showed a valid grant of its own. */
  get admitted(): boolean {
    return this.#admitted;
  }

  /** The session ended by the peer's fault. */
  get refused(): boolean {
    return this.#refused;
  }

  get status(): 'in-sync' | 'syncing' | 'unknown' {
    return this.#state.status;
  }

  get inSyncAtMs(): number | null {
    return this.#state.inSyncAtMs;
  }

  /** How far this node is in step with the peer in each channel that both carry. */
  channels(): PeerChannelSync[] {
    return [...this.#state.channels].map(([channel, { inSync, compared, givenUp }]) => {
      const journal = this.#deps.journals.get(channel);
      const lacking = journal === undefined ? [] : unheld(journal, compared?.claims.missing ?? []);
      const ranges = lacking.flatMap((log) => log.ranges);
      const missing = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
      return { channel, inSync, missing, givenUp: givenUp.count };
    });
  }

  /** Runs until the stream ends; never throws. */
  async run(): Promise<void> {
    try {
      const chain = this.#deps.realm.chainOf(this.#deps.overlay.self) ?? [];
      this.#send({ kind: 'grant', version: SYNC_VERSION, chain });
      for await (const bytes of this.#stream.frames) {
        const frame = decodeControlFrame(bytes);
        if (!frame.ok) return this.#refuse(frame.code);
        if (!this.#admitted) {
          if (!this.#admit(frame.value)) return this.#refuse('sync.not-granted');
          this.handle({ kind: 'admitted', version: this.#peerVersion });
          this.#deps.onAdmitted();
        } else if (frame.value.kind === 'unknown') {
          this.#deps.onOtherFrame(frame.value.type, frame.value.items);
        } else {
          this.handle({ kind: 'frame', frame: frame.value });
          this.#deps.onFrame(frame.value);
        }
        // Who asks without reading the answers is not read either: small questions have large answers.
        if (this.#queuedFrames > QUEUED_FRAMES_MAX) await this.#sending;
      }
    } catch (error) {
      if (!isSedgeError(error))
        this.#deps.log.error({ peer: this.#peer, err: error }, 'a sync session failed');
    } finally {
      this.end();
    }
  }

  /** Sends a frame of a type that version 2 brought; `false` where the peer would not know it. */
  sendOther(items: readonly unknown[]): boolean {
    if (!this.#admitted || this.#peerVersion < 2 || this.#abort.signal.aborted) return false;
    this.#sendBytes(encodeCbor(items));
    return true;
  }

  /** Ends the session at once. */
  end(): void {
    this.#abort.abort();
    this.#stream.abort();
  }

  /** Gives an event to the state and carries out what it wants. */
  handle(event: SyncEvent): void {
    if (!this.#admitted || this.#abort.signal.aborted) return;
    for (const effect of this.#state.handle(event, this.#deps.nowMs())) this.#carryOut(effect);
  }

  /** Asks for what another peer was to supply, if it is still missing and nobody supplies it now. */
  retryLeftovers(): void {
    for (const [channel, missing] of this.#pulls.takeLeftovers())
      this.handle({ kind: missing ? 'hole' : 'supplied', channel });
  }

  get #peer(): NodeId {
    return this.#stream.peer;
  }

  /** The grant must lead to the very key that the connection was authenticated with. */
  #admit(frame: ControlFrame): boolean {
    if (frame.kind !== 'grant') return false;
    this.#peerVersion = frame.version;
    if (frame.chain.length > 0) {
      const grant = this.#deps.realm.offerGrantChain(frame.chain, { admitting: true });
      if (!grant.ok) this.#deps.counters.count(grant.code);
    }
    this.#admitted = this.#deps.realm.standing(this.#peer).status === 'granted';
    if (this.#admitted) this.#deps.ingest.releaseParked();
    return this.#admitted;
  }

  #carryOut(effect: SyncEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.frame);
        break;
      case 'send-heads':
        for (const frame of this.#deps.view.headsFrames(effect.channel, effect.since)) this.#send(frame);
        break;
      case 'pull':
        void this.#pulls.pull(effect.channel, effect.logs, (event) => {
          if (event.result !== 'failed') this.#failures = 0;
          this.handle(event);
        });
        break;
      case 'retry':
        this.#retry(effect.channel);
        break;
      case 'later':
        this.#deps.later(effect.ms, () => this.handle({ kind: 'hole', channel: effect.channel }));
        break;
      case 'remember': {
        const { storeId, channel, comparison } = effect;
        this.#deps.cursors.note({ peer: this.#peer, storeId, channel }, comparison);
        this.#deps.onRemembered();
        break;
      }
      case 'refuse':
        this.#refuse(effect.code);
        break;
      default:
        assertNever(effect);
    }
  }

  /** Once a channel at a time, and not while the disk takes nothing: it would be found out for nothing. */
  #retry(channel: string): void {
    if (this.#retrying.has(channel)) return;
    this.#retrying.add(channel);
    const ms = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX);
    this.#deps.later(ms, () => {
      this.#retrying.delete(channel);
      if (this.#abort.signal.aborted) return;
      if ((this.#deps.journals.get(channel)?.fault ?? null) !== null) this.#retry(channel);
      else this.handle({ kind: 'hole', channel });
    });
  }

  #send(frame: Exclude<ControlFrame, { kind: 'unknown' }>): void {
    this.#sendBytes(encodeControlFrame(frame));
  }

  #sendBytes(bytes: Uint8Array): void {
    this.#queuedFrames++;
    this.#sending = this.#sending
      .then(() => this.#stream.send(bytes))
      .catch(() => {
        // The reading side ends the session.
        this.#stream.abort();
      })
      .finally(() => this.#queuedFrames--);
  }

  #refuse(code: ErrorCode): void {
    this.#refused = true;
    this.#deps.counters.count(code);
    this.#deps.log.warn({ peer: this.#peer, code }, 'ended a sync session');
    this.end();
  }
}
