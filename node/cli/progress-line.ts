import { formatBytes, formatCount } from './human-figures.ts';

/** Where a progress line goes: a terminal's stderr. */
export interface ProgressTarget {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** Redraws ten times a second at most, so that showing progress costs nothing. */
const REDRAW_MS = 100;

/** Cells of the bar, where the total is known. */
const BAR_CELLS = 24;

/** One line on a terminal that counts and says the rate; nothing where stderr is no terminal. */
export class ProgressLine {
  readonly #target: ProgressTarget;
  readonly #noun: string;
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #drawn = false;

  /** `noun` is what is counted; counts of `bytes` are said in kB, MB and GB. */
  constructor(target: ProgressTarget, noun: string, nowMs: () => number = () => performance.now()) {
    this.#target = target;
    this.#noun = noun;
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
  }

  /** Shows `done`, and of how many where that is known. */
  update(done: number, total?: number): void {
    if (this.#target.isTTY !== true) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    this.#drawn = true;
    this.#target.write(`\r\x1b[K${this.#text(done, total, nowMs)}`);
  }

  /** Takes the line away, so that what follows starts on a clean one. */
  clear(): void {
    if (this.#drawn) this.#target.write('\r\x1b[K');
    this.#drawn = false;
  }

  #text(done: number, total: number | undefined, nowMs: number): string {
    const rate = done / Math.max(0.001, (nowMs - this.#startedAtMs) / 1_000);
    const ofBytes = this.#noun === 'bytes';
    const format = ofBytes ? formatBytes : formatCount;
    const of = total === undefined ? '' : ` of ${format(total)}`;
    return `${barOf(done, total)}${format(done)}${of}${ofBytes ? '' : ` ${this.#noun}`}, ${format(rate)}/s`;
  }
}

function barOf(done: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return '';
  const cells = Math.round(Math.min(1, done / total) * BAR_CELLS);
  return `[${'#'.repeat(cells)}${'-'.repeat(BAR_CELLS - cells)}] `;
}
