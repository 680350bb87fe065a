import type { PullResult } from './sync-events.ts';

/** A peer whose claims came to nothing so often in a row is asked more rarely, up to every so often. */
const IN_ROW_MAX = 3;
const FIRST_PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 30_000;

/** How often in a row the claims of a peer came to nothing: a liar is asked ever more rarely. */
export class FruitlessClaims {
  #inRow = 0;
  #lastAtMs = 0;

  note(result: PullResult, nowMs: number): void {
    if (result === 'nothing') {
      this.#inRow++;
      this.#lastAtMs = nowMs;
    } else if (result !== 'failed') this.#inRow = 0;
  }

  forget(): void {
    this.#inRow = 0;
  }

  /** The peer is not to be asked yet. */
  pauses(nowMs: number): boolean {
    if (this.#inRow < IN_ROW_MAX) return false;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.#inRow - IN_ROW_MAX), PAUSE_MS_MAX);
    const sinceMs = nowMs - this.#lastAtMs;
    return sinceMs >= 0 && sinceMs < pauseMs;
  }
}
