import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { vi } from 'vitest';

/** Size of the terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const WAIT_MS_MAX = 60_000;
/** Where a frame begins. */
const HOME = '\u001b[H';

/** A real terminal with a command in it: script(1) gives the pty. */
export class Terminal {
  readonly #child: ChildProcess;
  #output = '';
  /** Of the command itself. */
  #pid = 0;
  #device = '';

  constructor(command: readonly string[], size: TerminalSize, env: Readonly<Record<string, string>>) {
    const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const line = `echo PID $$; tty; stty cols ${size.columns} rows ${size.rows}; exec ${words}`;
    this.#child = spawn(
      'script',
      ['-q', '-f', '-e', '-c', `sh -c "${line.replaceAll(/["$\\]/g, '\\$&')}"`, '/dev/null'],
      {
        env: { PATH: process.env.PATH!, TERM: 'xterm', SHELL: '/bin/sh', ...env },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
  }

  /** All that came, with its control sequences. */
  get output(): string {
    return this.#output;
  }

  /** The last whole frame, as it can be read. */
  get screen(): string {
    const frames = this.#output.split(HOME);
    const frame = stripVTControlCharacters(frames.length < 3 ? (frames.at(-1) ?? '') : frames.at(-2)!);
    // The line discipline may add a carriage return of its own.
    return frame.replaceAll(/\r+\n/g, '\n');
  }

  /** Waits until the screen has something. */
  async shows(what: string | RegExp): Promise<void> {
    const has = () => (typeof what === 'string' ? this.screen.includes(what) : what.test(this.screen));
    await vi.waitFor(
      () => {
        if (!has()) throw new Error(`${what} is not on the screen:\n${this.screen}`);
      },
      { timeout: WAIT_MS_MAX, interval: 50 },
    );
    [, this.#pid, this.#device] = this.#start();
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  resize({ columns, rows }: TerminalSize): void {
    spawnSync('stty', ['-F', this.#device, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** Sends the command a signal. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal);
  }

  /** How the terminal is set now, as stty says. */
  settings(): string {
    return spawnSync('stty', ['-F', this.#device, '-a'], { encoding: 'utf8' }).stdout;
  }

  /** Waits for the end of the command; resolves with its exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }

  async cleanUp(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #start(): [string, number, string] {
    const [all = '', pid, device = ''] = /PID (\d+)\s+(\S+)/.exec(this.#output) ?? [];
    return [all, Number(pid), device];
  }
}
