import { encodeCbor } from '../bytes/index.ts';
import { assertNever, type Counters, type ErrorCode, isSedgeError, type Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Ingest } from '../ingest/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Overlay, OverlayStream } from '../overlay/index.ts';
import type { Realm } from '../realm/index.ts';
import { pullEntries } from './entry-puller.ts';
import { subtractRanges } from './seq-ranges.ts';
import type { SupplyBoard } from './supply-board.ts';
import {
  type ControlFrame,
  decodeControlFrame,
  encodeControlFrame,
  HOLES_PER_HEAD_MAX,
  type LogRanges,
  SYNC_VERSION,
} from './sync-frames.ts';
import { type PullResult, type SyncEffect, type SyncEvent, SyncSessionState } from './sync-session-state.ts';
import type { SyncStoreView } from './sync-store-view.ts';

/** What a session works with. */
export interface SyncSessionDependencies {
  readonly overlay: Overlay;
  readonly ingest: Ingest;
  readonly realm: Realm;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly view: SyncStoreView;
  readonly board: SupplyBoard;
  readonly creditBytes: number;
  readonly dataProtocol: string;
  readonly nowMs: () => number;
  readonly counters: Counters;
  readonly log: Log;
  /** A pull that brings nothing new for so long is given up, milliseconds. */
  readonly pullStallMs: number;
  /** The peer showed a valid grant. */
  readonly onAdmitted: () => void;
  /** A frame of sync's own, after it was taken. */
  readonly onFrame: (frame: ControlFrame) => void;
  /** A frame of a type that is not sync's own. */
  readonly onOtherFrame: (type: number, items: readonly unknown[]) => void;
  /** A pull ended: what it left over may be asked of other peers. */
  readonly onSupplied: () => void;
  /** Runs something later, unless the service stops. */
  readonly later: (ms: number, run: () => void) => void;
}

/** First and longest time before a pull that failed is tried again. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/** Numbers left to another peer, to be asked for here if that one fails. */
interface Leftover {
  readonly channel: string;
  readonly logs: readonly LogRanges[];
}

/**
 * Carries out one {@link SyncSessionState} over a control stream: first both show their grants, then frames go
 * both ways until the stream ends.
 */
export class SyncSession {
  readonly #stream: OverlayStream;
  readonly #deps: SyncSessionDependencies;
  readonly #state: SyncSessionState;
  readonly #abort = new AbortController();
  #sending: Promise<void> = Promise.resolve();
  #leftovers: Leftover[] = [];
  #failures = 0;
  #admitted = false;
  #refused = false;
  #peerVersion = 1;

  constructor(stream: OverlayStream, deps: SyncSessionDependencies) {
    this.#stream = stream;
    this.#deps = deps;
    this.#state = new SyncSessionState(deps.view);
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
          this.handle({ kind: 'admitted' });
          this.#deps.onAdmitted();
        } else if (frame.value.kind === 'unknown') {
          this.#deps.onOtherFrame(frame.value.type, frame.value.items);
        } else {
          this.handle({ kind: 'frame', frame: frame.value });
          this.#deps.onFrame(frame.value);
        }
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
    const leftovers = this.#leftovers;
    this.#leftovers = [];
    for (const { channel, logs } of leftovers) {
      const journal = this.#deps.journals.get(channel);
      const missing = logs.some(
        ({ log, ranges }) => subtractRanges(ranges, journal?.heldRanges(log) ?? []).length > 0,
      );
      if (missing) this.handle({ kind: 'hole', channel });
    }
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
        for (const frame of this.#deps.view.headsFrames(effect.channel)) this.#send(frame);
        break;
      case 'pull':
        void this.#pull(effect.channel, effect.logs);
        break;
      case 'retry': {
        const ms = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX);
        this.#deps.later(ms, () => this.handle({ kind: 'hole', channel: effect.channel }));
        break;
      }
      default:
        assertNever(effect);
    }
  }

  async #pull(channel: string, logs: readonly LogRanges[]): Promise<void> {
    const { board, journals } = this.#deps;
    const journal = journals.get(channel);
    // What other peers supply may have cut the ranges into more than a request takes.
    const claimed = board
      .claim(this, channel, logs)
      .map(({ log, ranges }) => ({ log, ranges: ranges.slice(0, HOLES_PER_HEAD_MAX) }));
    const leftover = withoutRanges(logs, claimed);
    if (leftover.length > 0) this.#leftovers.push({ channel, logs: leftover });
    let result: PullResult = 'complete';
    if (journal !== undefined && claimed.length > 0) {
      result = await this.#pullFrom(journal, claimed).finally(() => board.release(this, channel, claimed));
    }
    if (result !== 'failed') this.#failures = 0;
    this.handle({ kind: 'pull-ended', channel, result });
    // Only what this session supplied is free again; else two sessions that wait for a third would ask for ever.
    if (claimed.length > 0) this.#deps.onSupplied();
  }

  async #pullFrom(journal: ChannelJournal, logs: readonly LogRanges[]): Promise<PullResult> {
    const { overlay, creditBytes, dataProtocol, pullStallMs: stallMs } = this.#deps;
    const { signal } = this.#abort;
    let abort = () => {};
    try {
      const stream = await overlay.open(this.#peer, dataProtocol, { signal });
      abort = () => stream.abort();
      signal.addEventListener('abort', abort);
      const request = { channel: journal.channel, journal, logs, creditBytes, stallMs };
      const { done, stored, refusal } = await pullEntries(stream, request, this.#deps);
      if (refusal !== null) this.#refuse(refusal);
      if (!done) return 'failed';
      if (this.#isHeld(journal, logs)) return 'complete';
      return stored > 0 ? 'partial' : 'nothing';
    } catch (error) {
      abort();
      if (!isSedgeError(error)) this.#deps.log.warn({ peer: this.#peer, err: error }, 'a pull failed');
      return 'failed';
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #isHeld(journal: ChannelJournal, logs: readonly LogRanges[]): boolean {
    return logs.every(({ log, ranges }) => subtractRanges(ranges, journal.heldRanges(log)).length === 0);
  }

  #send(frame: Exclude<ControlFrame, { kind: 'unknown' }>): void {
    this.#sendBytes(encodeControlFrame(frame));
  }

  #sendBytes(bytes: Uint8Array): void {
    this.#sending = this.#sending
      .then(() => this.#stream.send(bytes))
      .catch(() => {
        // The reading side ends the session.
        this.#stream.abort();
      });
  }

  #refuse(code: ErrorCode): void {
    this.#refused = true;
    this.#deps.counters.count(code);
    this.#deps.log.warn({ peer: this.#peer, code }, 'ended a sync session');
    this.end();
  }
}

/** What of `logs` is not in `taken`. */
function withoutRanges(logs: readonly LogRanges[], taken: readonly LogRanges[]): LogRanges[] {
  const takenByLog = new Map(taken.map(({ log, ranges }) => [log, ranges]));
  return logs
    .map(({ log, ranges }) => ({ log, ranges: subtractRanges(ranges, takenByLog.get(log) ?? []) }))
    .filter(({ ranges }) => ranges.length > 0);
}
