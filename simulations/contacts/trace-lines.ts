import { type ErrorCode, SedgeError } from '../../src/index.ts';

/** A line of a file that people write or other programs made. */
export interface TraceLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Latest time that a file may name, seconds: the year 2286 for times that count from 1970. */
export const SECONDS_MAX = 10_000_000_000;

/** Lines of a text without its byte order mark, whatever ends them (LF or CRLF). */
export function* linesOf(text: string): Generator<TraceLine> {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let number = 1; start <= text.length; number++) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    yield { number, text: text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end) };
    start = end + 1;
  }
}

/** Says which line of which file cannot be used, and why. */
export class LineFault {
  readonly #code: ErrorCode;
  readonly #file: string;

  constructor(code: ErrorCode, file: string) {
    this.#code = code;
    this.#file = file;
  }

  at(line: number, reason: string): SedgeError {
    return new SedgeError(this.#code, { file: this.#file, line, reason });
  }

  ofFile(reason: string): SedgeError {
    return new SedgeError(this.#code, { file: this.#file, reason });
  }
}

/** Milliseconds of a time in seconds as people and programs write it (`90`, `0.25`, `1e3`); else what is wrong with it. */
export function parseTimeMs(word: string): number | string {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word)) return `"${shown(word)}" is not a number`;
  const seconds = Number(word);
  if (seconds < 0) return `the time ${shown(word)} is negative`;
  if (seconds > SECONDS_MAX) return `the time ${shown(word)} is over ${SECONDS_MAX} seconds`;
  return Math.round(seconds * 1_000);
}

/** A word of a file in an error: short, and without what a terminal would obey. */
export function shown(word: string): string {
  const plain = word.replaceAll(/\p{C}/gu, '\ufffd');
  return plain.length <= 40 ? plain : `${plain.slice(0, 39)}…`;
}
