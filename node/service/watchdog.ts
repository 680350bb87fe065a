import type { Log } from '../../src/errors/index.ts';

/** So many looks fit into the time after which the service manager ends a process that says nothing. */
const LOOKS = 4;

/** What {@link Watchdog} works with. */
export interface WatchdogParts {
  /** Resolves with a sentence on how the agent is once it has got on: never, if it is stuck. */
  readonly progress: () => Promise<string>;
  /** Told each time that it has. */
  readonly onAlive: (sentence: string) => Promise<void>;
  readonly log: Log;
}

/**
 * Says that the agent gets on, as long as it does. A timer alone would say so of an agent whose disk hangs or whose
 * socket answers nobody; here each message follows upon work that was done since the last one.
 */
export class Watchdog {
  readonly #intervalMs: number;
  readonly #parts: WatchdogParts;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #isLate = false;

  /** `withinMs`: a process that is silent for so long is ended. */
  constructor({ withinMs }: { readonly withinMs: number }, parts: WatchdogParts) {
    this.#intervalMs = withinMs / LOOKS;
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#look(), this.#intervalMs).unref();
    void this.#look();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    const { progress, onAlive, log } = this.#parts;
    if (this.#looking) {
      if (!this.#isLate)
        log.warn({ waitedMs: this.#intervalMs }, 'the agent does not get on; the watchdog waits');
      this.#isLate = true;
      return;
    }
    this.#looking = true;
    try {
      const sentence = await progress();
      if (this.#isLate) log.info({}, 'the agent gets on again');
      this.#isLate = false;
      if (this.#timer !== null) await onAlive(sentence);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, 'the agent cannot tell whether it gets on');
    } finally {
      this.#looking = false;
    }
  }
}
