import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';

/** A pseudo terminal as a serial port that can be plugged in and pulled out. */
export class PtyEnd {
  readonly #program: string;
  readonly #link: string;
  readonly #onData: (chunk: Buffer) => void;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | null = null;

  /** `program` is the built `pty-end`; the port appears as `link`. What the port's user writes goes to `onData`. */
  constructor(program: string, link: string, onData: (chunk: Buffer) => void) {
    this.#program = program;
    this.#link = link;
    this.#onData = onData;
  }

  get isPlugged(): boolean {
    return this.#child !== null;
  }

  /** Resolves when the port is there. Throws an `Error` with what the program said if it will not be. */
  async plug(): Promise<void> {
    if (this.#child !== null) return;
    const child = spawn(this.#program, [this.#link], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    child.stdout.on('data', this.#onData);
    // The port may be pulled out while something is on its way into it.
    child.stdin.on('error', () => {});
    const [said] = (await Promise.race([once(child.stderr, 'data'), once(child, 'exit')])) as [unknown];
    if (String(said) !== 'plugged\n') throw new Error(`No pseudo terminal: ${String(said).trim()}`);
  }

  /** The other end says something; it goes nowhere while the port is pulled out. */
  write(chunk: Uint8Array): void {
    this.#child?.stdin.write(chunk);
  }

  /** Pulls it out: whoever has the port open sees it go. */
  async unplug(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(this.#link, { force: true });
  }
}
