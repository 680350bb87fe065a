import { assertNever } from '../errors/index.ts';
import {
  type ControlFrame,
  type HeadsFrame,
  type HelloChannel,
  HOLES_PER_HEAD_MAX,
  LOGS_PER_REQUEST_MAX,
  type LogRanges,
} from './sync-frames.ts';

/** What a session reads of this node; it never changes anything. */
export interface SyncView {
  /** Id of this node's store, 16 hexadecimal digits: another one tells that a peer lost what it had. */
  readonly storeId: string;
  /** Root of a carried channel, hexadecimal; `null` if the channel is not carried. */
  root(channel: string): string | null;
  /** What this node would say in a hello now, `$realm` first. */
  helloChannels(): readonly HelloChannel[];
  /** Numbers that the heads claim and this node does not hold. */
  missing(channel: string, frame: HeadsFrame): readonly LogRanges[];
}

/** What happens to a session. */
export type SyncEvent =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'frame'; readonly frame: ControlFrame }
  /** Time for a hello: the interval passed, or a root changed by anything but gossip. */
  | { readonly kind: 'hello-due' }
  /** A hole in a log of the channel is still there after a moment. */
  | { readonly kind: 'hole'; readonly channel: string }
  /** Authors were granted or revoked: what was refused before may be taken now. */
  | { readonly kind: 'realm-changed' }
  | { readonly kind: 'pull-ended'; readonly channel: string; readonly result: PullResult };

/**
 * What came of a pull: `complete` (all that was asked for is held, or another peer supplies it), `partial` (some
 * of it), `nothing` (the peer said that it sent all, and nothing of it was taken), `failed` (cut, or this node
 * cannot store now).
 */
export type PullResult = 'complete' | 'partial' | 'nothing' | 'failed';

/** What a session wants done. */
export type SyncEffect =
  | { readonly kind: 'send'; readonly frame: Exclude<ControlFrame, { kind: 'unknown' }> }
  | { readonly kind: 'send-heads'; readonly channel: string }
  | { readonly kind: 'pull'; readonly channel: string; readonly logs: readonly LogRanges[] }
  /** Comes back as a `hole` after a while, longer from time to time. */
  | { readonly kind: 'retry'; readonly channel: string };

interface ChannelState {
  peerRoot: string | null;
  /** Roots of both sides between which nothing is left to fetch. */
  settledPair: string | null;
  headsAskedAtMs: number | null;
  inSync: boolean;
  missing: LogRanges[];
  /** The heads claimed more than one request asks for. */
  truncated: boolean;
  waitsForPull: boolean;
  /** Heads were wanted while an exchange was under way that may have begun too early to tell. */
  askAgain: boolean;
}

/** A question for heads that got no answer in this time is asked again. */
const HEADS_PATIENCE_MS = 10_000;
/** Hellos are not answered more often: two busy nodes would greet each other without end. */
const HELLO_ANSWER_MS = 1_000;
/** A peer whose claims came to nothing so often in a row is asked more rarely, up to every so often. */
const FRUITLESS_MAX = 3;
const FRUITLESS_PAUSE_MS_MAX = 30_000;

/**
 * One control stream between two nodes, without any I/O: compares roots, asks for heads where they differ,
 * decides what to pull, and knows when there is nothing left to fetch. `$realm` is pulled before all else, as
 * the other channels' authors may be granted there.
 */
export class SyncSessionState {
  readonly #view: SyncView;
  readonly #channels = new Map<string, ChannelState>();
  readonly #rootsSaid = new Map<string, string>();
  #storeId: string | null = null;
  #pulling: string | null = null;
  #helloSaidAtMs: number | null = null;
  #fruitless = 0;
  #fruitlessAtMs = 0;
  #inSyncAtMs: number | null = null;

  constructor(view: SyncView) {
    this.#view = view;
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

  handle(event: SyncEvent, nowMs: number): SyncEffect[] {
    const effects = this.#react(event, nowMs);
    if (this.status === 'in-sync') this.#inSyncAtMs = nowMs;
    return effects;
  }

  #react(event: SyncEvent, nowMs: number): SyncEffect[] {
    switch (event.kind) {
      case 'admitted':
      case 'hello-due':
        return [this.#hello(nowMs)];
      case 'frame':
        return this.#onFrame(event.frame, nowMs);
      case 'hole':
        return this.#askHeads(event.channel, nowMs);
      case 'realm-changed':
        return this.#onRealmChanged(nowMs);
      case 'pull-ended':
        return this.#onPullEnded(event.channel, event.result, nowMs);
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
        return this.#view.root(frame.channel) === null
          ? []
          : [{ kind: 'send-heads', channel: frame.channel }];
      case 'heads':
        return this.#onHeads(frame, nowMs);
      default:
        return assertNever(frame);
    }
  }

  #onHello(storeId: string, rows: readonly HelloChannel[], nowMs: number): SyncEffect[] {
    this.#storeId = storeId;
    const effects: SyncEffect[] = [];
    for (const { channel, root } of rows) {
      const own = this.#view.root(channel);
      if (own === null) continue;
      const state = this.#channel(channel);
      state.peerRoot = root;
      if (own === root || state.settledPair === `${own} ${root}`) state.inSync = state.missing.length === 0;
      else if (!this.#isFruitless(nowMs)) effects.push(...this.#askHeads(channel, nowMs));
    }
    // The peer compares against what was said last; a root that moved since would look like a difference.
    const said = this.#view
      .helloChannels()
      .every(({ channel, root }) => this.#rootsSaid.get(channel) === root);
    const sinceMs = this.#helloSaidAtMs === null ? HELLO_ANSWER_MS : nowMs - this.#helloSaidAtMs;
    const answers = !said && (sinceMs < 0 || sinceMs >= HELLO_ANSWER_MS);
    return answers ? [this.#hello(nowMs), ...effects] : effects;
  }

  #isFruitless(nowMs: number): boolean {
    if (this.#fruitless < FRUITLESS_MAX) return false;
    const pauseMs = Math.min(1_000 * 2 ** (this.#fruitless - FRUITLESS_MAX), FRUITLESS_PAUSE_MS_MAX);
    const sinceMs = nowMs - this.#fruitlessAtMs;
    return sinceMs >= 0 && sinceMs < pauseMs;
  }

  #onRealmChanged(nowMs: number): SyncEffect[] {
    const effects: SyncEffect[] = [];
    this.#fruitless = 0;
    for (const [channel, state] of this.#channels) {
      if (state.settledPair === null) continue;
      state.settledPair = null;
      const own = this.#view.root(channel);
      if (own !== null && own !== state.peerRoot) effects.push(...this.#askHeads(channel, nowMs));
    }
    return effects;
  }

  #askHeads(channel: string, nowMs: number): SyncEffect[] {
    const state = this.#channel(channel);
    state.inSync = false;
    const asked = state.headsAskedAtMs;
    const waitsForHeads = asked !== null && nowMs - asked >= 0 && nowMs - asked < HEADS_PATIENCE_MS;
    if (waitsForHeads || state.waitsForPull || this.#pulling === channel) {
      state.askAgain = true;
      return [];
    }
    state.askAgain = false;
    state.headsAskedAtMs = nowMs;
    state.missing = [];
    state.truncated = false;
    return [{ kind: 'send', frame: { kind: 'heads-wanted', channel, since: null } }];
  }

  #onHeads(frame: HeadsFrame, nowMs: number): SyncEffect[] {
    const state = this.#channels.get(frame.channel);
    // Heads that nobody asked for are passed over: a claim costs its sender more than its reader.
    if (state === undefined || state.headsAskedAtMs === null) return [];
    for (const missing of this.#view.missing(frame.channel, frame)) {
      if (missing.ranges.length >= HOLES_PER_HEAD_MAX) state.truncated = true;
      if (state.missing.length < LOGS_PER_REQUEST_MAX) state.missing.push(missing);
      else state.truncated = true;
    }
    if (frame.heads.some(({ holes }) => holes.length >= HOLES_PER_HEAD_MAX)) state.truncated = true;
    if (!frame.final) return [];
    state.headsAskedAtMs = null;
    state.peerRoot = frame.root;
    if (state.missing.length === 0) {
      this.#settle(frame.channel, state);
      return state.askAgain ? this.#askHeads(frame.channel, nowMs) : [];
    }
    state.waitsForPull = true;
    return this.#nextPull();
  }

  #onPullEnded(channel: string, result: PullResult, nowMs: number): SyncEffect[] {
    const state = this.#channel(channel);
    this.#pulling = null;
    state.missing = [];
    if (result === 'nothing') {
      this.#fruitless++;
      this.#fruitlessAtMs = nowMs;
    } else if (result !== 'failed') this.#fruitless = 0;
    const effects: SyncEffect[] = [this.#hello(nowMs)];
    const again = state.askAgain || (state.truncated && result === 'complete') || result === 'partial';
    if (result === 'failed') effects.push({ kind: 'retry', channel });
    else if (again) effects.push(...this.#askHeads(channel, nowMs));
    else if (result === 'complete') state.inSync = true;
    // What the peer claimed and did not send is not asked again until a root changes: it may be gone there.
    else this.#settle(channel, state);
    return [...effects, ...this.#nextPull()];
  }

  #nextPull(): SyncEffect[] {
    if (this.#pulling !== null) return [];
    const waiting = [...this.#channels].filter(([, state]) => state.waitsForPull);
    const next = waiting.find(([channel]) => channel === '$realm') ?? waiting[0];
    if (next === undefined) return [];
    const [channel, state] = next;
    state.waitsForPull = false;
    this.#pulling = channel;
    return [{ kind: 'pull', channel, logs: state.missing }];
  }

  #settle(channel: string, state: ChannelState): void {
    state.settledPair = `${this.#view.root(channel)} ${state.peerRoot}`;
    state.inSync = true;
  }

  #hello(nowMs: number): SyncEffect {
    this.#helloSaidAtMs = nowMs;
    const channels = this.#view.helloChannels();
    for (const { channel, root } of channels) this.#rootsSaid.set(channel, root);
    return { kind: 'send', frame: { kind: 'hello', storeId: this.#view.storeId, channels } };
  }

  #channel(channel: string): ChannelState {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const state: ChannelState = {
      peerRoot: null,
      settledPair: null,
      headsAskedAtMs: null,
      inSync: false,
      missing: [],
      truncated: false,
      waitsForPull: false,
      askAgain: false,
    };
    this.#channels.set(channel, state);
    return state;
  }
}
