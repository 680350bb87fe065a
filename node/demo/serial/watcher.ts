import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ReportedGap, TakenReading } from './reading-ledger.ts';

const MAIN = fileURLToPath(new URL('./watcher-main.ts', import.meta.url));

/** What the watcher got from its agent. */
export type WatcherRecord =
  | ({ readonly kind: 'reading' } & TakenReading)
  | ({ readonly kind: 'gap' } & ReportedGap)
  | { readonly kind: 'status'; readonly state: string; readonly since: number }
  | { readonly kind: 'alarm'; readonly cause: string };

/** A subscriber at another node, as a process of its own: it knows of the device only what the mesh delivers. */
export class Watcher {
  readonly #child: ChildProcess;
  readonly #opened: Promise<unknown>;
  #failure: string | null = null;

  /** Subscribes at the agent in `directory`. */
  constructor(directory: string, onRecord: (record: WatcherRecord) => void) {
    const child = fork(MAIN, [directory], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true });
    this.#child = child;
    let logged = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      logged = (logged + chunk.toString()).slice(-2_000);
    });
    this.#opened = Promise.race([once(child, 'message'), once(child, 'exit')]);
    child.on('message', (records: readonly WatcherRecord[]) => {
      for (const record of records) onRecord(record);
    });
    child.once('exit', () => {
      this.#failure = `The subscriber ended by itself.\n${logged}`;
    });
  }

  /** Why it ended by itself; `null` while it did not. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Resolves when it is subscribed. */
  async opened(): Promise<void> {
    await this.#opened;
    if (this.#failure !== null) throw new Error(this.#failure);
  }

  /** Ends it; what it got is told already. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.removeAllListeners('exit');
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
