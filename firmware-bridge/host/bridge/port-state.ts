import type { ErrorCode } from '../../../src/errors/index.ts';

/** What happens to a port that the bridge looks after. */
export type PortEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'open-failed'; readonly code: ErrorCode }
  /** It ended by itself. */
  | { readonly kind: 'ended'; readonly code: ErrorCode }
  /** The session wants a new opening; `heard`: somebody spoke in this one. */
  | { readonly kind: 'reopen'; readonly heard: boolean }
  /** What was to be closed is closed. */
  | { readonly kind: 'closed' }
  /** A device is served: whatever went wrong before is over. */
  | { readonly kind: 'served' }
  /** Ports came or went on this machine. */
  | { readonly kind: 'ports-changed' }
  /** Somebody waits for it: do not wait for the next attempt. */
  | { readonly kind: 'hurry' }
  /** Leave it to another program until `reclaim`. */
  | { readonly kind: 'release' }
  | { readonly kind: 'reclaim' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'stop' };

/** What is to be done about it: a new transport each time. */
export type PortEffect = { readonly kind: 'open' } | { readonly kind: 'close' };

/** Where a port stands. */
export type PortPhase = 'waiting' | 'opening' | 'open' | 'closing' | 'released' | 'stopped';

/** Options of {@link PortState}. */
export interface PortStateOptions {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A port that nobody named, perhaps with a device of another kind: it is left in peace where nobody speaks. */
  readonly isGuess: boolean;
}

/** First wait after a failure; doubled each time. */
const WAIT_MS_MIN = 250;
/** Most, by what failed: a port that is missing costs nothing to try, and looking for it is how it is found again. */
const WAIT_MS_MAX = { missing: 2_000, other: 10_000, silent: 60_000, guess: 600_000 } as const;

/**
 * Keeps one port open for ever: a wait with jitter, doubled and capped, between attempts. Pure: events and the time
 * go in, effects come out.
 */
export class PortState {
  readonly #options: PortStateOptions;
  #phase: PortPhase = 'stopped';
  #failures = 0;
  #retryAtMs: number | null = null;
  #missing = false;
  /** What comes when the closing is done. */
  #after: 'wait' | 'released' | 'stopped' = 'wait';
  #waitMsMax: number = WAIT_MS_MAX.other;
  #changedWhileOpening = false;

  constructor(options: PortStateOptions) {
    this.#options = options;
  }

  get phase(): PortPhase {
    return this.#phase;
  }

  /** When `wake` is due; `null` if nothing waits for the time. */
  get wakeAtMs(): number | null {
    return this.#phase === 'waiting' ? this.#retryAtMs : null;
  }

  /** Takes one event; the effects are to be carried out in order. */
  handle(event: PortEvent, nowMs: number): PortEffect[] {
    switch (event.kind) {
      case 'start':
      case 'reclaim':
        return this.#begin();
      case 'opened':
        return this.#opened();
      case 'open-failed':
      case 'ended':
        this.#missing = event.code === 'serial.port-missing';
        return this.#failed(this.#missing ? WAIT_MS_MAX.missing : WAIT_MS_MAX.other, nowMs);
      case 'reopen':
        return this.#reopen(event.heard);
      case 'closed':
        return this.#closed(nowMs);
      case 'served':
        this.#failures = 0;
        return [];
      case 'ports-changed':
        return this.#portsChanged();
      case 'hurry':
        return this.#phase === 'waiting' ? this.#open() : [];
      case 'release':
        return this.#leave('released');
      case 'stop':
        return this.#leave('stopped');
      case 'wake':
        return this.#phase === 'waiting' && nowMs >= this.#retryAtMs! ? this.#open() : [];
      default:
        return event satisfies never;
    }
  }

  #begin(): PortEffect[] {
    const isLeaving = this.#phase === 'closing' || this.#phase === 'opening';
    if (isLeaving && this.#after !== 'wait') {
      this.#after = 'wait';
      this.#failures = 0;
      this.#waitMsMax = WAIT_MS_MAX.missing;
      return [];
    }
    if (this.#phase !== 'stopped' && this.#phase !== 'released') return [];
    this.#failures = 0;
    return this.#open();
  }

  #open(): PortEffect[] {
    this.#phase = 'opening';
    this.#retryAtMs = null;
    this.#after = 'wait';
    this.#changedWhileOpening = false;
    return [{ kind: 'open' }];
  }

  #opened(): PortEffect[] {
    if (this.#phase !== 'opening') return [];
    // It was asked to let go while it opened.
    if (this.#after !== 'wait') return this.#close();
    this.#phase = 'open';
    this.#missing = false;
    return [];
  }

  #failed(waitMsMax: number, nowMs: number): PortEffect[] {
    if (this.#phase !== 'opening' && this.#phase !== 'open') return [];
    if (this.#after !== 'wait') {
      this.#phase = this.#after;
      return [];
    }
    if (this.#missing && this.#changedWhileOpening) return this.#open();
    this.#wait(waitMsMax, nowMs);
    return [];
  }

  #reopen(heard: boolean): PortEffect[] {
    if (this.#phase !== 'open') return [];
    if (heard) this.#failures = 0;
    const silent = this.#options.isGuess ? WAIT_MS_MAX.guess : WAIT_MS_MAX.silent;
    this.#waitMsMax = heard ? WAIT_MS_MAX.other : silent;
    this.#after = 'wait';
    return this.#close();
  }

  #closed(nowMs: number): PortEffect[] {
    if (this.#phase !== 'closing') return [];
    if (this.#after === 'wait') this.#wait(this.#waitMsMax, nowMs);
    else this.#phase = this.#after;
    return [];
  }

  #portsChanged(): PortEffect[] {
    if (this.#phase === 'opening') this.#changedWhileOpening = true;
    // A port that is busy or forbidden is not so because of what was plugged in.
    return this.#phase === 'waiting' && this.#missing ? this.#open() : [];
  }

  #leave(after: 'released' | 'stopped'): PortEffect[] {
    if (this.#phase === 'stopped') return [];
    this.#after = after;
    if (this.#phase === 'open') return this.#close();
    if (this.#phase !== 'opening' && this.#phase !== 'closing') this.#phase = after;
    return [];
  }

  #close(): PortEffect[] {
    this.#phase = 'closing';
    return [{ kind: 'close' }];
  }

  #wait(waitMsMax: number, nowMs: number): void {
    this.#phase = 'waiting';
    const fullMs = Math.min(WAIT_MS_MIN * 2 ** Math.min(this.#failures, 16), waitMsMax);
    // Half of it by chance: ports that failed together do not all come back at once.
    this.#retryAtMs = nowMs + fullMs / 2 + (fullMs / 2) * this.#options.random();
    this.#failures++;
  }
}
