import type { Timed } from './timer-heap.ts';

/** What a callback of a timer may be given. */
export type TimerArguments = readonly unknown[];

/** The clock as its timers see it. */
export interface TimerKeeper {
  /** Arms the timer anew, its delay from now. */
  arm(timer: VirtualTimer): void;
  disarm(timer: VirtualTimer): void;
  /** The number by which `clearTimeout` knows the timer, as it does of Node's. */
  numberOf(timer: VirtualTimer): number;
}

/** A timer of a virtual clock, with the methods of Node's. */
export class VirtualTimer implements Timed {
  atMs = 0;
  order = 0;
  heapIndex = -1;
  readonly run: (...args: unknown[]) => void;
  readonly args: TimerArguments;
  readonly delayMs: number;
  readonly repeats: boolean;
  /** Where it was made; only while the clock looks for what keeps time from passing. */
  origin: string | null = null;
  readonly #keeper: TimerKeeper;
  #ref = true;

  constructor(
    keeper: TimerKeeper,
    run: (...args: unknown[]) => void,
    options: { readonly delayMs: number; readonly repeats: boolean; readonly args: TimerArguments },
  ) {
    this.#keeper = keeper;
    this.run = run;
    this.args = options.args;
    this.delayMs = options.delayMs;
    this.repeats = options.repeats;
  }

  ref(): this {
    this.#ref = true;
    return this;
  }

  unref(): this {
    this.#ref = false;
    return this;
  }

  hasRef(): boolean {
    return this.#ref;
  }

  refresh(): this {
    this.#keeper.arm(this);
    return this;
  }

  close(): this {
    this.#keeper.disarm(this);
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.#keeper.numberOf(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A callback for the next turn of a virtual clock, with the methods of Node's. */
export class VirtualImmediate {
  run: ((...args: unknown[]) => void) | null;
  readonly args: TimerArguments;
  origin: string | null = null;
  #ref = true;

  constructor(run: (...args: unknown[]) => void, args: TimerArguments) {
    this.run = run;
    this.args = args;
  }

  ref(): this {
    this.#ref = true;
    return this;
  }

  unref(): this {
    this.#ref = false;
    return this;
  }

  hasRef(): boolean {
    return this.#ref;
  }

  [Symbol.dispose](): void {
    this.run = null;
  }
}
