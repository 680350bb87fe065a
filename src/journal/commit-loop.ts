import { SedgeError } from '../errors/index.ts';

/**
 * After a failure writing is tried again after this long, then ever more rarely: each try writes what fits of all that
 * waits, and a card would wear out on a disk that stays full.
 */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/** What the loop drives. */
export interface CommitTarget {
  /** Writes all that waits and, if asked, makes it durable. Throws {@link SedgeError}; nothing is lost by it. */
  flush(sync: boolean): Promise<void>;
  /** Told when all up to a position is durable. */
  durable(position: number): void;
  /** Told of the first failure, and with `null` when writing works again. */
  fault(error: SedgeError | null): void;
  /** Bytes not durable yet. */
  backlogBytes(): number;
}

/** Groups writes and syncs: while one batch is on its way to the disk, the next gathers. */
export class CommitLoop {
  readonly #intervalMs: number;
  readonly #backlogMark: number;
  readonly #target: CommitTarget;
  #appended: number;
  #written: number;
  #durable: number;
  #lastSyncAt = Number.NEGATIVE_INFINITY;
  #forced = false;
  #roundAsked = false;
  #running: Promise<void> | null = null;
  #stopped = false;
  #fault: SedgeError | null = null;
  /** Since it last worked. */
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #gathering = quietDeferred();
  #syncing: { readonly through: number; readonly deferred: PromiseWithResolvers<void> } | null = null;

  constructor(
    options: { readonly intervalMs: number; readonly backlogMark: number; readonly position: number },
    target: CommitTarget,
  ) {
    this.#intervalMs = options.intervalMs;
    this.#backlogMark = options.backlogMark;
    this.#target = target;
    this.#appended = options.position;
    this.#written = options.position;
    this.#durable = options.position;
  }

  /** All up to here survives a power cut. */
  get durablePosition(): number {
    return this.#durable;
  }

  /** Why nothing can be stored now; `null` if all is well. */
  get fault(): SedgeError | null {
    return this.#fault;
  }

  /** Begins in a state of failure: appends are refused until an attempt to write works. */
  beginWithFault(error: SedgeError): void {
    this.#fail(error);
    this.#armTimer();
  }

  /** Takes note of an append; it is written in the next macrotask. */
  appended(position: number): void {
    this.#appended = position;
    if (this.#fault === null) this.#run();
  }

  /** One promise a commit: resolves when `position` is durable, rejects when an attempt to store it failed. */
  whenDurable(position: number): Promise<void> {
    if (position <= this.#durable) return Promise.resolve();
    if (this.#stopped) return Promise.reject(new SedgeError('journal.stopped'));
    const syncing = this.#syncing;
    return syncing !== null && position <= syncing.through
      ? syncing.deferred.promise
      : this.#gathering.promise;
  }

  /** Makes all that was appended durable now, also in a state of failure. */
  commit(): Promise<void> {
    if (!this.#isDue()) return Promise.resolve();
    const done = this.#fault === null ? this.whenDurable(this.#appended) : this.#gathering.promise;
    this.#forced = true;
    this.#run();
    return done;
  }

  /** One more round even if nothing waits: segments that were left behind are sealed by it. */
  round(): Promise<void> {
    const done = this.#gathering.promise;
    this.#roundAsked = true;
    this.#forced = true;
    this.#run();
    return done;
  }

  /** Commits a last time and ends. Does not throw: who waited is told. */
  async stop(): Promise<void> {
    this.#forced = true;
    this.#clearTimer();
    await this.#running;
    if (this.#isDue() && !this.#stopped) {
      this.#forced = true;
      this.#run();
      await this.#running;
    }
    this.#stopped = true;
    this.#clearTimer();
    this.#gathering.reject(new SedgeError('journal.stopped'));
  }

  #run(): void {
    if (this.#running !== null || this.#stopped) return;
    this.#clearTimer();
    this.#running = this.#pump().finally(() => {
      this.#running = null;
      // Asked for after the last round had begun.
      if (this.#forced && this.#isDue()) this.#run();
      else this.#armTimer();
    });
  }

  async #pump(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#isDue()) {
      if (!(await this.#round())) return;
      if (this.#written === this.#appended && !this.#syncDue()) return;
    }
  }

  /** One write, and a sync if it is due. `false` after a failure. */
  async #round(): Promise<boolean> {
    const through = this.#appended;
    const sync = this.#syncDue();
    const deferred = this.#gathering;
    if (sync) {
      this.#forced = false;
      this.#roundAsked = false;
      this.#syncing = { through, deferred };
      this.#gathering = quietDeferred();
    }
    try {
      await this.#target.flush(sync);
    } catch (error) {
      this.#fail(error as SedgeError);
      return false;
    }
    this.#written = through;
    if (sync) this.#synced(through, deferred);
    return true;
  }

  #synced(through: number, deferred: PromiseWithResolvers<void>): void {
    this.#durable = through;
    this.#lastSyncAt = performance.now();
    this.#syncing = null;
    this.#failures = 0;
    if (this.#fault !== null) {
      this.#fault = null;
      this.#target.fault(null);
    }
    this.#target.durable(through);
    deferred.resolve();
  }

  #fail(error: SedgeError): void {
    this.#written = this.#durable;
    this.#failures++;
    if (this.#fault === null) this.#target.fault(error);
    this.#fault = error;
    this.#syncing?.deferred.reject(error);
    this.#syncing = null;
    this.#gathering.reject(error);
    this.#gathering = quietDeferred();
  }

  #isDue(): boolean {
    return this.#durable < this.#appended || this.#fault !== null || this.#roundAsked;
  }

  #syncDue(): boolean {
    return (
      this.#intervalMs === 0 ||
      this.#forced ||
      this.#fault !== null ||
      performance.now() - this.#lastSyncAt >= this.#intervalMs ||
      this.#target.backlogBytes() >= this.#backlogMark
    );
  }

  #armTimer(): void {
    if (this.#stopped || this.#timer !== null || !this.#isDue()) return;
    const delayMs =
      this.#fault === null
        ? this.#lastSyncAt + this.#intervalMs - performance.now()
        : Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MS_MAX);
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#forced = true;
        this.#run();
      },
      Math.max(0, delayMs),
    );
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Those who never ask for the outcome must not crash the process by it. */
function quietDeferred(): PromiseWithResolvers<void> {
  const deferred = Promise.withResolvers<void>();
  deferred.promise.catch(() => {});
  return deferred;
}
