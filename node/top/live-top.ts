import type { ReadStream, WriteStream } from 'node:tty';
import type { AgentClient } from '../control/client/index.ts';
import { pause } from './pause.ts';
import { readFigures, type TopFigures } from './top-figures.ts';
import type { TopInk } from './top-ink.ts';
import { pressKeys, type TopKeys } from './top-keys-state.ts';
import { TopScreen } from './top-screen.ts';
import type { TopSort } from './top-sort.ts';
import { topFrame } from './top-view.ts';

/** How a {@link LiveTop} is to look and how long it runs. */
export interface LiveTopOptions {
  readonly intervalMs: number;
  /** Ends after so many looks; `null` for never. */
  readonly count: number | null;
  readonly sort: TopSort;
  readonly ink: TopInk;
}

/** `sedge top` on a terminal. */
export class LiveTop {
  readonly #agent: AgentClient;
  readonly #options: LiveTopOptions;
  readonly #screen: TopScreen;
  readonly #quit = new AbortController();
  #keys: TopKeys;
  #figures: TopFigures | null = null;
  #notice: string | null = null;
  #wake = new AbortController();

  constructor(
    agent: AgentClient,
    { stdout, stdin }: { readonly stdout: WriteStream; readonly stdin: ReadStream },
    options: LiveTopOptions,
  ) {
    this.#agent = agent;
    this.#options = options;
    this.#keys = { sort: options.sort, help: false };
    this.#screen = new TopScreen(stdout, stdin, {
      onInput: (input) => this.#press(input),
      onResize: () => this.#draw(),
    });
  }

  /** Runs until a key, `signal` or the count ends it. Throws where no agent answers at first; later it waits for one. */
  async run(signal: AbortSignal): Promise<void> {
    const end = () => this.#end();
    signal.addEventListener('abort', end, { once: true });
    process.once('SIGHUP', end);
    try {
      this.#figures = await readFigures(this.#agent);
      this.#screen.open();
      for (let looks = 1; ; looks++) {
        this.#draw();
        if (looks === this.#options.count) break;
        await pause(this.#options.intervalMs, this.#wake.signal);
        if (this.#quit.signal.aborted || signal.aborted) break;
        await this.#read();
      }
    } finally {
      this.#screen.close();
      process.off('SIGHUP', end);
      signal.removeEventListener('abort', end);
    }
  }

  async #read(): Promise<void> {
    this.#wake = new AbortController();
    try {
      this.#figures = await readFigures(this.#agent);
      this.#notice = null;
    } catch {
      this.#notice = 'the agent does not answer; these are its last figures. Still trying; q quits';
    }
  }

  #press(input: string): void {
    const { state, action } = pressKeys(this.#keys, input);
    this.#keys = state;
    if (action === 'quit') this.#end();
    else if (action === 'read') this.#wake.abort();
    else if (action === 'draw') this.#draw();
    else if (action === 'suspend') this.#screen.suspend(() => this.#draw());
  }

  #end(): void {
    this.#quit.abort();
    this.#wake.abort();
    // What is asked of the agent now may take long to be answered.
    this.#screen.close();
  }

  #draw(): void {
    if (this.#figures === null) return;
    const { width, height } = this.#screen;
    const options = { width, height, keys: this.#keys, ink: this.#options.ink, notice: this.#notice };
    this.#screen.draw(topFrame(this.#figures, options));
  }
}
