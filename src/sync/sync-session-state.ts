import { assertNever } from '../errors/index.ts';
import type { ControlFrame, HeadsFrame, HelloChannel, LogRanges } from './sync-frames.ts';

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
  | { readonly kind: 'pull-ended'; readonly channel: string; readonly complete: boolean };

/** What a session wants done. */
export type SyncEffect =
  | { readonly kind: 'send'; readonly frame: Exclude<ControlFrame, { kind: 'unknown' }> }
  | { readonly kind: 'send-heads'; readonly channel: string }
  | { readonly kind: 'pull'; readonly channel: string; readonly logs: readonly LogRanges[] };

interface ChannelState {
  peerRoot: string | null;
  /** Roots of both sides between which nothing is left to fetch. */
  settledPair: string | null;
  headsAskedAtMs: number | null;
  inSync: boolean;
  missing: LogRanges[];
  waitsForPull: boolean;
  /** A difference was noticed while its heads could not be asked for. */
  differsStill: boolean;
}

/** A question for heads that got no answer in this time is asked again. */
const HEADS_PATIENCE_MS = 10_000;

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
        return [this.#hello()];
      case 'frame':
        return this.#onFrame(event.frame, nowMs);
      case 'hole':
        return this.#askHeads(event.channel, nowMs);
      case 'pull-ended':
        return this.#onPullEnded(event.channel, event.complete, nowMs);
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
        return this.#onHeads(frame);
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
      else effects.push(...this.#askHeads(channel, nowMs));
    }
    // The peer compares against what was said last; a root that moved since would look like a difference.
    const said = this.#view
      .helloChannels()
      .every(({ channel, root }) => this.#rootsSaid.get(channel) === root);
    return said ? effects : [this.#hello(), ...effects];
  }

  #askHeads(channel: string, nowMs: number): SyncEffect[] {
    const state = this.#channel(channel);
    state.inSync = false;
    const asked = state.headsAskedAtMs;
    if (asked !== null && nowMs - asked >= 0 && nowMs - asked < HEADS_PATIENCE_MS) return [];
    if (state.waitsForPull || this.#pulling === channel) {
      // The peer said it once and will not say it again: what differs is looked at after the pull.
      state.differsStill = true;
      return [];
    }
    state.headsAskedAtMs = nowMs;
    state.missing = [];
    return [{ kind: 'send', frame: { kind: 'heads-wanted', channel, since: null } }];
  }

  #onHeads(frame: HeadsFrame): SyncEffect[] {
    const state = this.#channels.get(frame.channel);
    // Heads that nobody asked for are passed over: a claim costs its sender more than its reader.
    if (state === undefined || state.headsAskedAtMs === null) return [];
    state.missing.push(...this.#view.missing(frame.channel, frame));
    if (!frame.final) return [];
    state.headsAskedAtMs = null;
    state.peerRoot = frame.root;
    if (state.missing.length === 0) {
      this.#settle(frame.channel, state);
      return [];
    }
    state.waitsForPull = true;
    return this.#nextPull();
  }

  #onPullEnded(channel: string, complete: boolean, nowMs: number): SyncEffect[] {
    const state = this.#channel(channel);
    this.#pulling = null;
    state.missing = [];
    // What the peer claimed and did not send is not asked again until a root changes: it may be gone there.
    if (complete) state.inSync = true;
    else this.#settle(channel, state);
    const again = state.differsStill ? this.#askHeads(channel, nowMs) : [];
    state.differsStill = false;
    return [this.#hello(), ...again, ...this.#nextPull()];
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

  #hello(): SyncEffect {
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
      waitsForPull: false,
      differsStill: false,
    };
    this.#channels.set(channel, state);
    return state;
  }
}
