/** What {@link Outbox} works with. */
export interface OutboxDependencies<T> {
  /** Sends at once; `false` where there is no room now. */
  readonly send: (item: T) => boolean;
  /** The items were given up: whoever should have had them gets them another way. */
  readonly onLeft: (items: readonly T[]) => void;
  readonly nowMs: () => number;
}

/** How often room is looked for. */
const RETRY_MS = 2;
/** A network that takes nothing for this long is slow: live messages must not wait for it. */
const PATIENCE_MS = 100;
/** What may wait meanwhile. */
const ITEMS_MAX = 256;

/**
 * Evens out short bursts in front of a network that says when it has no room: items wait, in order, while it
 * drains. Where it does not drain, they are left, and nothing waits again until it takes something.
 */
export class Outbox<T> {
  readonly #deps: OutboxDependencies<T>;
  #waiting: T[] = [];
  #sinceMs = 0;
  #slow = false;
  #timer: NodeJS.Timeout | null = null;
  #room: PromiseWithResolvers<void> | null = null;

  constructor(deps: OutboxDependencies<T>) {
    this.#deps = deps;
  }

  /** Resolves when nothing waits; `null` if nothing waits now. Who sends much waits for it. */
  whenRoom(): Promise<void> | null {
    if (this.#waiting.length === 0) return null;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Sends an item behind those that wait. */
  add(item: T): void {
    if (this.#waiting.length === 0 && this.#deps.send(item)) {
      this.#slow = false;
    } else if (this.#slow || this.#waiting.length >= ITEMS_MAX) {
      this.#deps.onLeft([item]);
    } else {
      if (this.#waiting.length === 0) this.#sinceMs = this.#deps.nowMs();
      this.#waiting.push(item);
      this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS);
    }
  }

  /** Leaves what waits. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#giveRoom();
  }

  #retry(): void {
    this.#timer = null;
    let sent = 0;
    while (sent < this.#waiting.length && this.#deps.send(this.#waiting[sent]!)) sent++;
    const nowMs = this.#deps.nowMs();
    if (sent > 0) this.#sinceMs = nowMs;
    this.#waiting.splice(0, sent);
    if (this.#waiting.length > 0 && Math.abs(nowMs - this.#sinceMs) < PATIENCE_MS) {
      this.#timer = setTimeout(() => this.#retry(), RETRY_MS);
      return;
    }
    if (this.#waiting.length > 0) {
      this.#slow = true;
      this.#deps.onLeft(this.#waiting.splice(0));
    }
    this.#giveRoom();
  }

  #giveRoom(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}
