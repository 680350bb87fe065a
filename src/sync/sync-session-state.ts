import { assertNever } from '../errors/index.ts';
import { type ChannelExchange, Claims, newExchange } from './channel-exchange.ts';
import { FruitlessClaims } from './fruitless-claims.ts';
import { HeadReconciliation } from './head-reconciliation.ts';
import { HelloTurns } from './hello-turns.ts';
import { type ReconcileFrame, type ReconcileItem, reconcileFrames } from './reconcile-frame.ts';
import type { PeerMemory, PullEnded, SyncEffect, SyncEvent, SyncView } from './sync-events.ts';
import type { ControlFrame, HeadsFrame, HelloChannel } from './sync-frames.ts';

/** Who the two sides of a session are. */
export interface SessionSides {
  /** This node's id is the lower one: it begins where either could. */
  readonly isLower: boolean;
}

/** A question that got no answer in this time is asked again. */
const PATIENCE_MS = 10_000;
/** Where both may have more heads than this, ranges of them are compared first. */
const LISTED_HEADS_MAX = 64;
/** So long the peer has the turn to begin a reconciliation, before this side does. */
const PEER_TURN_MS = 2_000;
/** First version of the protocol that reconciles ranges. */
const RECONCILE_VERSION = 2;

/**
 * One control stream between two nodes, without any I/O: compares roots, finds the heads that differ where they
 * differ, decides what to pull, and knows when there is nothing left to fetch.
 */
export class SyncSessionState {
  readonly #view: SyncView;
  readonly #memory: PeerMemory;
  readonly #sides: SessionSides;
  readonly #channels = new Map<string, ChannelExchange>();
  readonly #hellos: HelloTurns;
  readonly #fruitless = new FruitlessClaims();
  readonly #pulling = new Set<string>();
  #version = 1;
  #storeId: string | null = null;
  #inSyncAtMs: number | null = null;

  constructor(view: SyncView, memory: PeerMemory, sides: SessionSides) {
    this.#view = view;
    this.#hellos = new HelloTurns(view);
    this.#memory = memory;
    this.#sides = sides;
  }

  /** Id of the peer's store, from its hello. */
  get storeId(): string | null {
    return this.#storeId;
  }

  /** When nothing was left to fetch in any channel; `null` before the first time. */
  get inSyncAtMs(): number | null {
    return this.#inSyncAtMs;
  }

  /** From progress: `unknown` before the first comparison. */
  get status(): 'in-sync' | 'syncing' | 'unknown' {
    if (this.#storeId === null) return 'unknown';
    return [...this.#channels.values()].every((channel) => channel.inSync) ? 'in-sync' : 'syncing';
  }

  /** Channels that both carry. */
  get channels(): ReadonlyMap<string, Readonly<ChannelExchange>> {
    return this.#channels;
  }

  handle(event: SyncEvent, nowMs: number): SyncEffect[] {
    const effects = this.#react(event, nowMs);
    if (this.status === 'in-sync') this.#inSyncAtMs = nowMs;
    return effects;
  }

  #react(event: SyncEvent, nowMs: number): SyncEffect[] {
    switch (event.kind) {
      case 'admitted':
        this.#version = event.version;
        return [this.#hellos.say(nowMs)];
      case 'hello-due':
        return [this.#hellos.say(nowMs)];
      case 'changed':
        if (this.#hellos.isSaid || (event.learned && this.#pulling.size > 0)) return [];
        return [this.#hellos.say(nowMs)];
      case 'frame':
        return this.#onFrame(event.frame, nowMs);
      case 'hole':
        return this.#channels.has(event.channel) ? this.#compare(event.channel, nowMs) : [];
      case 'supplied':
        return this.#onSupplied(event.channel, nowMs);
      case 'realm-changed':
        return this.#onRealmChanged(nowMs);
      case 'pull-ended':
        return this.#onPullEnded(event, nowMs);
      default:
        return assertNever(event);
    }
  }

  #onFrame(frame: ControlFrame, nowMs: number): SyncEffect[] {
    switch (frame.kind) {
      case 'grant':
      case 'unknown':
        return [];
      case 'hello':
        return this.#onHello(frame.storeId, frame.channels, nowMs);
      case 'heads-wanted':
        return this.#onHeadsWanted(frame, nowMs);
      case 'heads':
        return this.#onHeads(frame, nowMs);
      case 'reconcile':
        return this.#onReconcile(frame, nowMs);
      default:
        return assertNever(frame);
    }
  }

  #onHello(storeId: string, rows: readonly HelloChannel[], nowMs: number): SyncEffect[] {
    this.#storeId = storeId;
    const effects: SyncEffect[] = [];
    for (const row of rows) effects.push(...this.#onHelloRow(storeId, row, nowMs));
    return this.#hellos.answers(nowMs) ? [this.#hellos.say(nowMs), ...effects] : effects;
  }

  #onHelloRow(storeId: string, { channel, root, offset }: HelloChannel, nowMs: number): SyncEffect[] {
    const own = this.#view.root(channel);
    if (own === null) return [];
    const state = this.#channel(channel);
    state.peerRoot = root;
    state.peerOffset = offset;
    if (own === root) {
      state.inSync = true;
      state.waitsForPull = false;
      state.compared = null;
      state.givenUp.clear();
      const comparison = { offset, ownRoot: own, peerRoot: root, byRealm: false, full: true };
      return [{ kind: 'remember', storeId, channel, comparison }];
    }
    if (state.settledPair === `${own} ${root}` || this.#memory.isSettled(storeId, channel, own, root)) {
      state.inSync = !this.#isBusy(channel, state, nowMs);
      return [];
    }
    return this.#fruitless.pauses(nowMs) ? [] : this.#compare(channel, nowMs);
  }

  #onRealmChanged(nowMs: number): SyncEffect[] {
    const effects: SyncEffect[] = [];
    this.#fruitless.forget();
    for (const [channel, state] of this.#channels) {
      state.givenUp.clear();
      if (state.settledPair === null) continue;
      state.settledPair = null;
      const own = this.#view.root(channel);
      if (own !== null && own !== state.peerRoot) effects.push(...this.#compare(channel, nowMs));
    }
    return effects;
  }

  /** Finds out what of the peer's channel is missing here: by changed heads, by all heads, or by ranges of them. */
  #compare(channel: string, nowMs: number): SyncEffect[] {
    const state = this.#channel(channel);
    state.inSync = false;
    if (this.#storeId === null || this.#view.root(channel) === null) return [];
    if (this.#isBusy(channel, state, nowMs)) {
      state.askAgain = true;
      return [];
    }
    const { peerOffset, peerRoot } = state;
    const since = this.#memory.cursor(this.#storeId, channel, { offset: peerOffset ?? null, root: peerRoot });
    const hasMany = peerOffset === undefined || (peerOffset?.position ?? 0) > LISTED_HEADS_MAX;
    if (since === null && hasMany && this.#canReconcile(channel)) {
      const waited = state.waitsForPeerAtMs !== null;
      if (this.#isPeersTurn(state, nowMs))
        return waited ? [] : [{ kind: 'later', channel, ms: PEER_TURN_MS }];
      return this.#beginReconciliation(channel, state, nowMs);
    }
    state.askAgain = false;
    state.compared = null;
    state.asked = { atMs: nowMs, claims: new Claims() };
    return [{ kind: 'send', frame: { kind: 'heads-wanted', channel, since } }];
  }

  #isBusy(channel: string, state: ChannelExchange, nowMs: number): boolean {
    const waits = (atMs: number | undefined) =>
      atMs !== undefined && nowMs - atMs >= 0 && nowMs - atMs < PATIENCE_MS;
    const asks = waits(state.asked?.atMs) || waits(state.reconciling?.atMs);
    return asks || state.waitsForPull || this.#pulling.has(channel);
  }

  // ---- heads ---------------------------------------------------------------------------------------------------

  #onHeadsWanted(frame: ControlFrame & { readonly kind: 'heads-wanted' }, nowMs: number): SyncEffect[] {
    const { channel, since } = frame;
    if (this.#view.root(channel) === null) return [];
    const state = this.#channel(channel);
    const effects: SyncEffect[] = [];
    const known = since !== null && this.#view.knowsOffset(channel, since);
    if (since !== null && !known && this.#canReconcile(channel)) {
      return this.#beginReconciliation(channel, state, nowMs);
    }
    effects.push({ kind: 'send-heads', channel, since: known ? since : null });
    // The peer has its own way; nothing is to be waited for.
    if (state.waitsForPeerAtMs !== null) effects.push(...this.#beginReconciliation(channel, state, nowMs));
    return effects;
  }

  #onHeads(frame: HeadsFrame, nowMs: number): SyncEffect[] {
    const state = this.#channels.get(frame.channel);
    // Heads that nobody asked for are passed over: a claim costs its sender more than its reader.
    if (state === undefined || state.asked === null) return [];
    const { claims } = state.asked;
    claims.take(frame.heads, this.#missing(frame.channel, state, frame.heads, nowMs));
    if (!frame.final) return [];
    state.asked = null;
    const { root, offset, complete } = frame;
    return this.#onCompared(frame.channel, { claims, base: { root, offset }, full: complete }, nowMs);
  }

  #missing(
    channel: string,
    state: ChannelExchange,
    heads: Parameters<SyncView['missing']>[1],
    nowMs: number,
  ) {
    return state.givenUp.without(this.#view.missing(channel, heads), nowMs);
  }

  // ---- ranges of heads -----------------------------------------------------------------------------------------

  #canReconcile(channel: string): boolean {
    return this.#version >= RECONCILE_VERSION && this.#view.heads(channel).count('', null) > LISTED_HEADS_MAX;
  }

  /** Both learn from one reconciliation, so that one is enough. */
  #isPeersTurn(state: ChannelExchange, nowMs: number): boolean {
    if (this.#sides.isLower) return false;
    state.waitsForPeerAtMs ??= nowMs;
    const sinceMs = nowMs - state.waitsForPeerAtMs;
    return sinceMs >= 0 && sinceMs < PEER_TURN_MS;
  }

  #beginReconciliation(channel: string, state: ChannelExchange, nowMs: number): SyncEffect[] {
    const machine = new HeadReconciliation(this.#view.heads(channel));
    const items = machine.open();
    state.askAgain = false;
    state.asked = null;
    state.compared = null;
    state.waitsForPeerAtMs = null;
    state.reconciling = { machine, begunHere: true, claims: new Claims(), base: null, atMs: nowMs };
    return this.#say(channel, machine, items);
  }

  #onReconcile(frame: ReconcileFrame, nowMs: number): SyncEffect[] {
    const { channel } = frame;
    if (this.#view.root(channel) === null) return [];
    const state = this.#channel(channel);
    if (frame.step === 0 && !this.#join(channel, state, nowMs)) return [];
    const { reconciling } = state;
    // What came too late to be waited for is passed over.
    if (reconciling === null) return [];
    const outcome = reconciling.machine.take(frame);
    if (!outcome.ok) return [{ kind: 'refuse', code: outcome.code }];
    const { learned, reply, done } = outcome.value;
    reconciling.base ??= frame.base;
    reconciling.atMs = nowMs;
    reconciling.claims.take(learned, this.#missing(channel, state, learned, nowMs));
    const effects = reply === null ? [] : this.#say(channel, reconciling.machine, reply);
    if (!done) return effects;
    state.reconciling = null;
    const { claims, base } = reconciling;
    if (base === null) return [...effects, { kind: 'refuse', code: 'sync.lying-heads' }];
    if (state.waitsForPull || this.#pulling.has(channel)) state.askAgain = true;
    else effects.push(...this.#onCompared(channel, { claims, base, full: true }, nowMs));
    return effects;
  }

  /** The peer begins. Where both did at once, the lower one's counts; `false` if that is this side's. */
  #join(channel: string, state: ChannelExchange, nowMs: number): boolean {
    const own = state.reconciling;
    if (own?.begunHere === true && own.machine.step === 0 && this.#sides.isLower) return false;
    // A further frame of the same step.
    if (own !== null && !own.begunHere && own.machine.step < 0) return true;
    const machine = new HeadReconciliation(this.#view.heads(channel));
    state.asked = null;
    state.waitsForPeerAtMs = null;
    state.reconciling = { machine, begunHere: false, claims: new Claims(), base: null, atMs: nowMs };
    return true;
  }

  #say(channel: string, machine: HeadReconciliation, items: readonly ReconcileItem[]): SyncEffect[] {
    const { step } = machine;
    const base = step <= 1 ? { root: this.#view.root(channel)!, offset: this.#view.offset(channel) } : null;
    return [...reconcileFrames(items, { channel, step, base })].map((frame) => ({ kind: 'send', frame }));
  }

  // ---- pulls ---------------------------------------------------------------------------------------------------

  #onCompared(
    channel: string,
    compared: NonNullable<ChannelExchange['compared']>,
    nowMs: number,
  ): SyncEffect[] {
    const state = this.#channel(channel);
    state.peerRoot = compared.base.root;
    state.compared = compared;
    if (compared.claims.missing.length > 0) {
      state.waitsForPull = true;
      return this.#nextPulls();
    }
    const effects = this.#conclude(channel, state);
    return state.askAgain ? [...effects, ...this.#compare(channel, nowMs)] : effects;
  }

  #onPullEnded(ended: PullEnded, nowMs: number): SyncEffect[] {
    const { channel, result, left } = ended;
    const state = this.#channel(channel);
    this.#pulling.delete(channel);
    this.#fruitless.note(result, nowMs);
    state.givenUp.note(ended, nowMs);
    const truncated = state.compared?.claims.truncated === true;
    const effects: SyncEffect[] = [this.#hellos.say(nowMs)];
    if (result === 'failed') effects.push({ kind: 'retry', channel });
    else if (state.askAgain || (truncated && result === 'complete') || result === 'partial')
      effects.push(...this.#compare(channel, nowMs));
    // What the peer claimed and did not send is not asked again until a root changes: it may be gone there.
    else if (!left) effects.push(...this.#conclude(channel, state));
    return [...effects, ...this.#nextPulls()];
  }

  #onSupplied(channel: string, nowMs: number): SyncEffect[] {
    const state = this.#channel(channel);
    if (this.#isBusy(channel, state, nowMs) || state.compared === null) return [];
    return this.#conclude(channel, state);
  }

  /** Pulls begin by rank; one of a channel in front does not wait for one of a channel behind. */
  #nextPulls(): SyncEffect[] {
    const waiting = [...this.#channels]
      .filter(([, state]) => state.waitsForPull)
      .sort(([a], [b]) => this.#view.rank(a) - this.#view.rank(b));
    const effects: SyncEffect[] = [];
    for (const [channel, state] of waiting) {
      const rank = this.#view.rank(channel);
      if ([...this.#pulling].some((other) => this.#view.rank(other) <= rank)) break;
      state.waitsForPull = false;
      this.#pulling.add(channel);
      effects.push({ kind: 'pull', channel, logs: state.compared!.claims.missing });
    }
    return effects;
  }

  /** All that the peer claimed was dealt with. */
  #conclude(channel: string, state: ChannelExchange): SyncEffect[] {
    const { compared, givenUp } = state;
    if (compared === null || this.#storeId === null) return [];
    const ownRoot = this.#view.root(channel)!;
    const { base, full, claims } = compared;
    state.compared = null;
    state.inSync = true;
    state.settledPair = `${ownRoot} ${base.root}`;
    // What the peer claims and did not send may come later; a claim that was cut short was not looked through.
    if (givenUp.hasAbsent || claims.truncated) return [];
    const byRealm = givenUp.hasRefused;
    const comparison = { offset: base.offset, ownRoot, peerRoot: base.root, byRealm, full };
    return [{ kind: 'remember', storeId: this.#storeId, channel, comparison }];
  }

  #channel(channel: string): ChannelExchange {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const state = newExchange();
    this.#channels.set(channel, state);
    return state;
  }
}
