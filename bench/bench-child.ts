import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  ChildAnswer,
  ChildCommand,
  ChildOptions,
  ChildRequest,
  ChildResponse,
} from './child/commands.ts';

const MAIN = fileURLToPath(new URL('./child/main.ts', import.meta.url));

/** A process that publishes or subscribes, and is told so over its IPC channel. */
export class BenchChild {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  constructor() {
    // Detached: Ctrl-C reaches it only through the parent, which cleans up in its own order.
    this.#process = fork(MAIN, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true });
    this.#process.on('message', (response: ChildResponse) => this.#settle(response));
    this.#process.once('exit', () => {
      for (const one of this.#waiting.values())
        one.reject(new Error('The process of the benchmark is gone.'));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Sends a command and resolves with its answer. Throws what the child threw, or that it is gone. */
  ask<C extends ChildCommand>(command: C, options: ChildOptions<C>): Promise<ChildAnswer<C>> {
    const request: ChildRequest = { id: ++this.#lastId, command, options };
    return new Promise<ChildAnswer<C>>((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: (answer) => resolve(answer as ChildAnswer<C>), reject });
      this.#process.send(request, (error) => {
        if (error !== null) this.#settle({ id: request.id, ok: false, error: error.message });
      });
    });
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  #settle(response: ChildResponse): void {
    const one = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (response.ok) one?.resolve(response.answer);
    else one?.reject(new Error(response.error));
  }
}
