import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildProgram, ROOT } from '../build-program.ts';

const C = 'firmware-bridge/c';

/** Builds the virtual device (firmware-bridge/c/ports/posix/virtual_device.c); the program's path. */
export function buildVirtualDevice(): Promise<string> {
  const library = readdirSync(join(ROOT, C, 'src')).filter((file) => file.endsWith('.c'));
  return buildProgram({
    compiler: 'gcc',
    flags: ['-std=c99', '-O1'],
    sources: [
      ...library.map((file) => `${C}/src/${file}`),
      ...['virtual_device.c', 'sedge_posix.c', 'sedge_pty.c'].map((file) => `${C}/ports/posix/${file}`),
    ],
  });
}

/** A device of the project's own C library on a pty, fed and watched by a test. */
export class VirtualDevice {
  readonly #child: ChildProcess;
  readonly #events: string[] = [];
  readonly #waiting: (() => void)[] = [];

  /** `link`: where the end of its wire appears. It measures `site/temp`, and answers the command `relay`. */
  constructor(program: string, { link, nv }: { readonly link: string; readonly nv: string }) {
    const topic = ['--topic', 'site/temp:float:°C', '--command', 'relay'];
    const argv = ['--pty', link, '--nv', nv, '--feed', '0', '--events', '2', ...topic];
    this.#child = spawn(program, argv, { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child.stdin!.on('error', () => {});
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.#events.push(line);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** A line of its feed, such as `r 1 21.5`. */
  feed(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** Resolves with the first event that matches, of those before too. */
  async said(pattern: RegExp): Promise<string> {
    for (;;) {
      const event = this.#events.find((line) => pattern.test(line));
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
