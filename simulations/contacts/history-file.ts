import { closeSync, openSync, writeSync } from 'node:fs';
import { SedgeError } from '../../src/index.ts';
import type { HistoryEvent } from '../world/history.ts';

const FLUSH_CHARACTERS = 65_536;

/** Writes events as JSON lines as they happen, in their order. Throws `cli.output`. */
export class HistoryFile {
  readonly #path: string;
  readonly #file: number;
  #waiting: string[] = [];
  #characters = 0;
  #isOpen = true;

  constructor(path: string) {
    this.#path = path;
    this.#file = this.#tried(() => openSync(path, 'w'));
  }

  write(event: HistoryEvent): void {
    const line = JSON.stringify(event);
    this.#waiting.push(line);
    this.#characters += line.length;
    if (this.#characters >= FLUSH_CHARACTERS) this.#flush();
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }

  /** Synchronous: while virtual time passes, nothing waits for the real world. */
  #flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.from(`${this.#waiting.join('\n')}\n`);
    this.#waiting = [];
    this.#characters = 0;
    this.#tried(() => {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    });
  }

  #tried<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SedgeError('cli.output', { file: this.#path, reason }, { cause: error });
    }
  }
}
