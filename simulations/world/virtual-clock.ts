import { SedgeError } from '../../src/index.ts';
import { replaceGlobals } from './clock-globals.ts';
import { TimerHeap } from './timer-heap.ts';
import { VirtualImmediate, VirtualTimer } from './virtual-timer.ts';

/** Options of {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** What the clock shows at first, milliseconds since 1970. @defaultValue the start of 2026, UTC */
  readonly startMs?: number;
  /** Stands in for `Math.random` while the clock is installed. */
  readonly random: () => number;
  /**
   * Callbacks in a row without time passing at which `simulation.livelock` ends the wait. @defaultValue 2,000,000:
   * thousands of nodes that start at once need some hundred each
   */
  readonly sameInstantMax?: number;
}

/** Options of a wait on a virtual clock. */
export interface DriveOptions {
  readonly signal?: AbortSignal;
  /** Told several times a second of real time how far virtual time is. */
  readonly onProgress?: (nowMs: number) => void;
  /** Virtual time after which waiting is given up with `simulation.stuck`. @defaultValue for ever */
  readonly withinMs?: number;
  /**
   * What to do where no timer is left: `fail` with `simulation.stuck`, or `wait` for real work that may arm one.
   * @defaultValue `'fail'`
   */
  readonly whenIdle?: 'fail' | 'wait';
}

/** 2026-01-01T00:00:00Z. */
const START_MS = 1_767_225_600_000;
const DELAY_MS_MAX = 2 ** 31 - 1;
/** Callbacks run in one turn of the real event loop, at most: sockets and worker threads have a turn between. */
const BATCH_MAX = 512;
const PROGRESS_MS = 100;
/** Before the limit is met, so many callbacks are traced to where they were made. */
const TRACED = 2_000;

let installed: VirtualClock | null = null;

/**
 * Time that passes only when it is told to. While it is installed, the process's timers, `Date`,
 * `performance.now`, `AbortSignal.timeout` and `Math.random` are its own, so that code which knows nothing of
 * simulations runs in it. What is due runs in order of (time, order of asking); between any two callbacks all
 * microtasks run, as in Node. Immediates come before the next timer and take no time.
 */
export class VirtualClock {
  readonly startMs: number;
  readonly #random: () => number;
  readonly #sameInstantMax: number;
  readonly #timers = new TimerHeap<VirtualTimer>();
  /** Timers that were asked for their number, which hardly any is. */
  readonly #byNumber = new Map<number, WeakRef<VirtualTimer>>();
  readonly #numberOf = new WeakMap<VirtualTimer, number>();
  #immediates: VirtualImmediate[] = [];
  #immediatesAt = 0;
  #elapsedMs = 0;
  #orders = 0;
  #numbers = 0;
  #sameInstant = 0;
  #tracing = false;
  readonly #origins = new Map<string, number>();
  #holds = 0;
  #restore: (() => void) | null = null;
  #driving: Promise<void> | null = null;

  constructor(options: VirtualClockOptions) {
    this.startMs = options.startMs ?? START_MS;
    this.#random = options.random;
    this.#sameInstantMax = options.sameInstantMax ?? 2_000_000;
  }

  /** Virtual time since the clock was made, milliseconds. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** What the clock shows, milliseconds since 1970, whole. */
  get nowMs(): number {
    return Math.floor(this.startMs + this.#elapsedMs);
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Replaces the globals. Throws `simulation.clock-taken` where another virtual clock has. */
  install(): void {
    if (installed !== null || 'clock' in globalThis.setTimeout) {
      throw new SedgeError('simulation.clock-taken');
    }
    installed = this;
    this.#restore = replaceGlobals({
      nowMs: () => this.nowMs,
      elapsedMs: () => this.#elapsedMs,
      random: this.#random,
      later: (run, delayMs, args, repeats = false) => this.#later(run, delayMs, args, repeats),
      soon: (run, args) => this.#soon(run, args),
      cancel: (timer) => this.#cancel(timer),
    });
  }

  /** Gives the globals back. Idempotent; timers that are still armed never fire. */
  uninstall(): void {
    if (installed !== this) return;
    installed = null;
    this.#restore?.();
    this.#restore = null;
  }

  /**
   * Real work is under way (a socket, a worker thread) whose end the clock cannot see: no time passes until the
   * returned function is called.
   */
  hold(): () => void {
    let held = true;
    this.#holds++;
    return () => {
      if (held) this.#holds--;
      held = false;
    };
  }

  /** Lets time pass. May be called from within, also by several at once: each waits for its own time. */
  async advance(ms: number, options: DriveOptions = {}): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Not `#later`: a wait may be longer than a timer's longest delay.
    const timer = new VirtualTimer(this.#keeper, () => resolve(), {
      delayMs: Math.max(0, ms),
      repeats: false,
      args: [],
    });
    this.#arm(timer);
    try {
      await this.settle(promise, options);
    } finally {
      this.#timers.remove(timer);
    }
  }

  /** Lets time pass until a promise is settled, and returns what it resolves to. */
  async settle<T>(promise: Promise<T>, options: DriveOptions = {}): Promise<T> {
    const { withinMs = Number.POSITIVE_INFINITY } = options;
    const endMs = this.#elapsedMs + withinMs;
    let settled = false;
    const end = () => {
      settled = true;
    };
    promise.then(end, end);
    await Promise.resolve();
    while (!settled) {
      // Whoever drives already runs what this wait is for.
      if (this.#driving !== null) await Promise.race([this.#driving.catch(() => {}), promise.then(end, end)]);
      else await this.#drive(() => settled, { ...options, endMs });
    }
    return promise;
  }

  #drive(isDone: () => boolean, options: DriveOptions & { readonly endMs: number }): Promise<void> {
    const driving = this.#run(isDone, options).finally(() => {
      this.#driving = null;
    });
    this.#driving = driving;
    driving.catch(() => {});
    return driving;
  }

  /**
   * One callback an immediate of the real event loop, many of them a turn: Node drains microtasks between any two,
   * and a whole turn for each would cost ten times as much.
   */
  #run(isDone: () => boolean, options: DriveOptions & { readonly endMs: number }): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let ended = false;
    let idle = false;
    const endWith = (act: () => void) => {
      ended = true;
      act();
    };
    const step = () => {
      if (ended || idle) return;
      try {
        if (isDone()) endWith(resolve);
        else idle = !this.#fire(options);
      } catch (error) {
        endWith(() => reject(error));
      }
    };
    let batch = 8;
    let toldAt = realNow();
    const turn = () => {
      if (ended) return;
      if (options.signal?.aborted) return endWith(() => reject(options.signal!.reason));
      if (options.onProgress !== undefined && realNow() - toldAt >= PROGRESS_MS) {
        toldAt = realNow();
        options.onProgress(this.nowMs);
      }
      batch = this.#holds > 0 || idle ? 1 : Math.min(BATCH_MAX, batch * 2);
      idle = false;
      for (let steps = 0; steps < batch; steps++) realSetImmediate(step);
      realSetImmediate(turn);
    };
    turn();
    return promise;
  }

  /** Runs the next immediate, or else the next timer; `false` if there is nothing to run now. */
  #fire({ endMs, whenIdle }: DriveOptions & { readonly endMs: number }): boolean {
    if (this.#immediatesAt < this.#immediates.length) {
      this.#fireImmediate();
      return true;
    }
    if (this.#holds > 0) return false;
    const timer = this.#timers.first;
    if (timer === undefined && whenIdle === 'wait') return false;
    if (timer === undefined || timer.atMs > endMs) {
      throw new SedgeError('simulation.stuck', { virtualMs: Math.round(this.#elapsedMs) });
    }
    if (timer.atMs > this.#elapsedMs) {
      this.#elapsedMs = timer.atMs;
      this.#sameInstant = 0;
      if (this.#tracing) this.#endTrace();
    } else this.#noteSameInstant(timer.origin);
    this.#timers.remove(timer);
    if (timer.repeats) this.#arm(timer);
    timer.run(...timer.args);
    return true;
  }

  #fireImmediate(): void {
    const immediate = this.#immediates[this.#immediatesAt]!;
    this.#immediatesAt++;
    if (this.#immediatesAt === this.#immediates.length) {
      this.#immediates = [];
      this.#immediatesAt = 0;
    } else if (this.#immediatesAt >= 4_096) {
      this.#immediates = this.#immediates.slice(this.#immediatesAt);
      this.#immediatesAt = 0;
    }
    const { run } = immediate;
    if (run === null) return;
    immediate.run = null;
    this.#noteSameInstant(immediate.origin);
    run(...immediate.args);
  }

  // ---- what the globals call ---------------------------------------------------------------------------------

  readonly #keeper = {
    arm: (timer: VirtualTimer) => {
      this.#timers.remove(timer);
      this.#arm(timer);
    },
    disarm: (timer: VirtualTimer) => this.#timers.remove(timer),
    numberOf: (timer: VirtualTimer) => {
      const known = this.#numberOf.get(timer);
      if (known !== undefined) return known;
      const number = ++this.#numbers;
      this.#numberOf.set(timer, number);
      this.#byNumber.set(number, new WeakRef(timer));
      return number;
    },
  };

  #later(
    run: (...args: unknown[]) => void,
    delayMs: number,
    args: readonly unknown[],
    repeats: boolean,
  ): VirtualTimer {
    // As in Node: what is no delay, and what is too long for one, is a millisecond.
    const delay = delayMs >= 1 && delayMs <= DELAY_MS_MAX ? delayMs : 1;
    const timer = new VirtualTimer(this.#keeper, run, { delayMs: delay, repeats, args });
    if (this.#tracing) timer.origin = new Error().stack ?? null;
    this.#arm(timer);
    return timer;
  }

  #arm(timer: VirtualTimer): void {
    // To the microsecond: what is finer is rounding, and would grow with time.
    timer.atMs = Math.round((this.#elapsedMs + timer.delayMs) * 1_000) / 1_000;
    timer.order = this.#orders++;
    this.#timers.add(timer);
  }

  #soon(run: (...args: unknown[]) => void, args: readonly unknown[]): VirtualImmediate {
    const immediate = new VirtualImmediate(run, args);
    if (this.#tracing) immediate.origin = new Error().stack ?? null;
    this.#immediates.push(immediate);
    return immediate;
  }

  #cancel(timer: unknown): void {
    if (timer instanceof VirtualTimer) this.#timers.remove(timer);
    else if (timer instanceof VirtualImmediate) timer.run = null;
    else {
      const number = Number(timer);
      const known = this.#byNumber.get(number)?.deref();
      if (known !== undefined) this.#timers.remove(known);
      this.#byNumber.delete(number);
    }
  }

  // ---- what keeps time from passing --------------------------------------------------------------------------

  #noteSameInstant(origin: string | null): void {
    this.#sameInstant++;
    if (this.#sameInstant < this.#sameInstantMax - TRACED) return;
    this.#tracing = true;
    const place = placeOf(origin);
    if (place !== null) this.#origins.set(place, (this.#origins.get(place) ?? 0) + 1);
    if (this.#sameInstant < this.#sameInstantMax) return;
    const [culprit] = [...this.#origins].sort(([, a], [, b]) => b - a);
    const callbacks = this.#sameInstant;
    this.#endTrace();
    this.#sameInstant = 0;
    throw new SedgeError('simulation.livelock', { callbacks, madeAt: culprit?.[0] ?? 'unknown' });
  }

  #endTrace(): void {
    this.#tracing = false;
    this.#origins.clear();
  }
}

/** The first frame of a stack that is not the clock's. */
function placeOf(stack: string | null): string | null {
  const frames = (stack ?? '').split('\n').slice(1);
  const frame = frames.find((line) => !/world\/(virtual-clock|clock-globals)\.ts/.test(line));
  return frame === undefined ? null : frame.trim().replace(/^at /, '');
}

/** Taken when the module is loaded: before any clock is installed. */
const realSetImmediate = globalThis.setImmediate;
const realNow = performance.now.bind(performance);
