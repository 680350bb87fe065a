import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';

/** Another screen, the cursor hidden, and lines cut at the edge rather than wrapped. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** A frame is shown at once by terminals that know this, and the rest ignores it. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Where a terminal that does not say its size is taken for. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

/** What a {@link TopScreen} calls. */
export interface TopScreenHandlers {
  readonly onInput: (input: string) => void;
  readonly onResize: () => void;
}

/**
 * The whole terminal, as long as it is open. However the process ends, but by SIGKILL, the terminal is as it was before.
 */
export class TopScreen {
  readonly #out: WriteStream;
  readonly #in: ReadStream;
  readonly #handlers: TopScreenHandlers;
  #isOpen = false;

  constructor(out: WriteStream, input: ReadStream, handlers: TopScreenHandlers) {
    this.#out = out;
    this.#in = input;
    this.#handlers = handlers;
  }

  get width(): number {
    return this.#out.columns || COLUMNS_DEFAULT;
  }

  get height(): number {
    return this.#out.rows || ROWS_DEFAULT;
  }

  /** Takes the terminal. Idempotent. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    process.once('exit', this.#restore);
    this.#out.write(ENTER);
    this.#out.on('resize', this.#handlers.onResize);
    if (this.#in.isTTY !== true) return;
    this.#in.setRawMode(true);
    this.#in.setEncoding('utf8').on('data', this.#handlers.onInput).resume();
  }

  /** Gives it back. Idempotent. */
  close(): void {
    process.off('exit', this.#restore);
    this.#out.off('resize', this.#handlers.onResize);
    this.#in.off('data', this.#handlers.onInput);
    if (this.#isOpen && this.#in.isTTY === true) this.#in.pause();
    this.#restore();
  }

  /** Shows the lines, in one write and without clearing first, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const text = lines.map((line) => `${line}${CLEAR_LINE_END}`).join('\r\n');
    this.#out.write(`${BEGIN}${HOME}${text}${CLEAR_BELOW}${END}`);
  }

  /** Stops as Ctrl-Z does, and goes on where `fg` brings it back. */
  suspend(onResumed: () => void): void {
    this.close();
    process.once('SIGCONT', () => {
      this.open();
      onResumed();
    });
    process.kill(process.pid, 'SIGTSTP');
  }

  /** At once, as the process may be gone after it. */
  readonly #restore = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      if (this.#in.isTTY === true) this.#in.setRawMode(false);
      writeSync(process.stdout.fd, LEAVE);
    } catch {
      // The terminal is gone.
    }
  };
}
