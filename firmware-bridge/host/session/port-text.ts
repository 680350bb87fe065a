import type { Counters } from '../../../src/errors/index.ts';
import { isPrintable, linesOf } from '../frame/index.ts';
import type { LogLevel, SessionEffect } from './session-events.ts';

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
/** Shown in a second; a sketch that prints more than this says nothing with it. */
const LINES_MAX = 50;
const SECOND_MS = 1_000;

/** Text of the sketch, between frames or in them: to be shown, never trusted. */
export class PortText {
  readonly #counters: Counters;
  #secondAtMs = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** A line that was printed. */
  line(text: string, nowMs: number): SessionEffect | null {
    return this.#mayShow(nowMs) ? { kind: 'text', level: null, text } : null;
  }

  /** The lines of a LOG frame. */
  log(payload: Uint8Array, nowMs: number): SessionEffect[] {
    const text = payload.subarray(1);
    if (!isPrintable(text)) {
      this.#counters.count('frame.text-dropped');
      return [];
    }
    const level = LEVELS[payload[0] ?? -1] ?? null;
    return linesOf(text)
      .filter(() => this.#mayShow(nowMs))
      .map((line) => ({ kind: 'text', level, text: line }));
  }

  #mayShow(nowMs: number): boolean {
    if (nowMs - this.#secondAtMs >= SECOND_MS) {
      this.#secondAtMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines++ < LINES_MAX) return true;
    this.#counters.count('frame.text-dropped');
    return false;
  }
}
