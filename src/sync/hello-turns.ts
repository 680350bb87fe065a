import type { SyncEffect, SyncView } from './sync-events.ts';

/** Hellos are not answered more often: two busy nodes would greet each other without end. */
const ANSWER_MS = 1_000;

/** What a peer was told in hellos, and when it is time to tell it again. */
export class HelloTurns {
  readonly #view: SyncView;
  readonly #rootsSaid = new Map<string, string>();
  #saidAtMs: number | null = null;

  constructor(view: SyncView) {
    this.#view = view;
  }

  /** The peer knows all roots as they are. */
  get isSaid(): boolean {
    const channels = this.#view.helloChannels();
    return channels.every(({ channel, root }) => this.#rootsSaid.get(channel) === root);
  }

  say(nowMs: number): SyncEffect {
    this.#saidAtMs = nowMs;
    const channels = this.#view.helloChannels();
    for (const { channel, root } of channels) this.#rootsSaid.set(channel, root);
    return { kind: 'send', frame: { kind: 'hello', storeId: this.#view.storeId, channels } };
  }

  /** The peer compares against what was said last; a root that moved since would look like a difference. */
  answers(nowMs: number): boolean {
    if (this.isSaid) return false;
    const sinceMs = this.#saidAtMs === null ? ANSWER_MS : nowMs - this.#saidAtMs;
    return sinceMs < 0 || sinceMs >= ANSWER_MS;
  }
}
