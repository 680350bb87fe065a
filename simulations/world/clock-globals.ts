import { promisify } from 'node:util';
import type { VirtualImmediate, VirtualTimer } from './virtual-timer.ts';

type Run = (...args: unknown[]) => void;

/** What the replaced globals call. */
export interface ClockHands {
  readonly nowMs: () => number;
  readonly elapsedMs: () => number;
  readonly random: () => number;
  readonly later: (run: Run, delayMs: number, args: readonly unknown[], repeats?: boolean) => VirtualTimer;
  readonly soon: (run: Run, args: readonly unknown[]) => VirtualImmediate;
  readonly cancel: (timer: unknown) => void;
}

/** Puts a virtual clock's functions in the place of the process's; returns how to undo it. */
export function replaceGlobals(hands: ClockHands): () => void {
  const undo = [
    ...Object.entries(timerFunctions(hands)).map(([name, value]) => replace(globalThis, name, value)),
    replace(globalThis, 'Date', virtualDate(hands)),
    replace(performance, 'now', hands.elapsedMs),
    replace(AbortSignal, 'timeout', (ms: number) => abortAfter(hands, ms)),
    replace(Math, 'random', hands.random),
  ];
  return () => {
    for (const restore of undo.toReversed()) restore();
  };
}

function timerFunctions({ later, soon, cancel }: ClockHands) {
  const setTimeout = (run: unknown, delayMs = 1, ...args: unknown[]) =>
    later(requireFunction(run), Number(delayMs), args);
  const setImmediate = (run: unknown, ...args: unknown[]) => soon(requireFunction(run), args);
  // `util.promisify` of both means this, as it does of Node's.
  const sleep = (ms: number, value: unknown) => new Promise((resolve) => later(resolve as Run, ms, [value]));
  const yieldTurn = (value: unknown) => new Promise((resolve) => soon(resolve as Run, [value]));
  return {
    setTimeout: Object.assign(setTimeout, { [promisify.custom]: sleep }),
    setInterval: (run: unknown, delayMs = 1, ...args: unknown[]) =>
      later(requireFunction(run), Number(delayMs), args, true),
    setImmediate: Object.assign(setImmediate, { [promisify.custom]: yieldTurn }),
    clearTimeout: cancel,
    clearInterval: cancel,
    clearImmediate: cancel,
  };
}

/** `Date` with another now; its instances are ordinary ones. */
function virtualDate({ nowMs }: ClockHands): DateConstructor {
  return new Proxy(globalThis.Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget),
    apply: (target) => new target(nowMs()).toString(),
    get: (target, key) => (key === 'now' ? nowMs : Reflect.get(target, key)),
  });
}

function abortAfter({ later }: ClockHands, ms: number): AbortSignal {
  const controller = new AbortController();
  const reason = () => new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  later(() => controller.abort(reason()), ms, []).unref();
  return controller.signal;
}

function requireFunction(run: unknown): Run {
  if (typeof run === 'function') return run as Run;
  throw new TypeError('The "callback" argument must be of type function');
}

function replace(owner: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? false,
  });
  return () => {
    if (before === undefined) delete (owner as Record<string, unknown>)[name];
    else Object.defineProperty(owner, name, before);
  };
}
