import { formatSpan } from '../cli/human-figures.ts';
import type { ProgressTarget } from '../cli/progress-line.ts';

/** Redraws ten times a second at most. */
const REDRAW_MS = 100;
const WIDTH = 24;

/** Taken before a simulation puts its own time in the place of the process's. */
const realNowMs = performance.now.bind(performance);

/** What a {@link ProgressBar} shows. */
export interface Progress {
  /** 0 to 1; `null` where it is not known how much there is. */
  readonly share: number | null;
  readonly what: string;
  readonly virtualSeconds?: number;
}

/** A bar on a terminal with the virtual time and the real one; nothing where stderr is no terminal. */
export class ProgressBar {
  readonly #target: ProgressTarget;
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(target: ProgressTarget, nowMs: () => number = realNowMs) {
    this.#target = target;
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
  }

  update(progress: Progress): void {
    if (this.#target.isTTY !== true) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    this.#drawn = true;
    this.#target.write(`\r\x1b[K${this.#text(progress, nowMs)}`);
  }

  /** Takes the bar away, so that what follows starts on a clean line. */
  clear(): void {
    if (this.#drawn) this.#target.write('\r\x1b[K');
    this.#drawn = false;
    this.#drawnAtMs = Number.NEGATIVE_INFINITY;
  }

  #text({ share, what, virtualSeconds }: Progress, nowMs: number): string {
    const filled = Math.round(Math.min(1, Math.max(0, share ?? 0)) * WIDTH);
    const bar =
      share === null
        ? ''
        : `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} %  `;
    const virtual = virtualSeconds === undefined ? '' : `${formatSpan(virtualSeconds * 1_000)} virtual, `;
    return `${bar}${what}  ${virtual}${formatSpan(nowMs - this.#startedAtMs)} real`;
  }
}
