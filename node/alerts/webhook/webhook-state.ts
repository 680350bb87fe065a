/** A body on its way to a webhook. */
export interface WebhookDelivery {
  /** The same at each attempt, so that a receiver can drop what it has. */
  readonly id: string;
  readonly event: 'fired' | 'ended' | 'acknowledged' | 'test';
  /** When it happened, ms since 1970. */
  readonly atMs: number;
  /** The body as JSON. */
  readonly body: string;
  readonly attempts: number;
}

/** How an attempt went. */
export type WebhookOutcome =
  | { readonly kind: 'delivered' }
  /** To be tried again; not before `afterMs` if the receiver said so. */
  | { readonly kind: 'failed'; readonly reason: string; readonly afterMs: number | null }
  /** The receiver will never take it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Deliveries that wait for one webhook; the oldest is dropped for the next, and counted. */
export const WEBHOOK_WAITING_MAX = 256;
/** So old, a delivery is given up: nobody acts on yesterday's alert, and the state of today comes after it. */
const AGE_MS_MAX = 86_400_000;
const DELAY_MS_FIRST = 1_000;
const DELAY_MS_MAX = 600_000;
const AFTER_MS_MAX = 3_600_000;

/** What waits for one webhook, in order, and when the first of it is tried. Pure. */
export class WebhookState {
  #waiting: WebhookDelivery[];
  #notBeforeMs = 0;
  readonly counts = { delivered: 0, failed: 0, dropped: 0 };
  lastError: string | null = null;
  lastAtMs: number | null = null;

  /** `kept`: what waited when the node was last up; tried at once. */
  constructor(kept: readonly WebhookDelivery[] = []) {
    this.#waiting = kept.slice(-WEBHOOK_WAITING_MAX);
  }

  get waiting(): readonly WebhookDelivery[] {
    return this.#waiting;
  }

  add(delivery: WebhookDelivery): void {
    this.#waiting.push(delivery);
    while (this.#waiting.length > WEBHOOK_WAITING_MAX) this.#drop('too many waited');
  }

  /** The delivery to try now, or in how long; `null` if none waits. */
  next(nowMs: number, atMs: number): { readonly delivery: WebhookDelivery; readonly inMs: number } | null {
    while (this.#waiting[0] !== undefined && atMs - this.#waiting[0].atMs > AGE_MS_MAX)
      this.#drop('it was too old');
    const [delivery] = this.#waiting;
    return delivery === undefined ? null : { delivery, inMs: Math.max(0, this.#notBeforeMs - nowMs) };
  }

  /** `random` from 0 to 1 spreads the attempts of nodes that failed together. */
  settle(
    id: string,
    outcome: WebhookOutcome,
    times: { readonly nowMs: number; readonly atMs: number; readonly random: number },
  ): void {
    const at = this.#waiting.findIndex((delivery) => delivery.id === id);
    if (at < 0) return;
    const delivery = this.#waiting[at]!;
    if (outcome.kind === 'delivered') {
      this.#waiting.splice(at, 1);
      this.counts.delivered++;
      this.lastAtMs = times.atMs;
      this.#notBeforeMs = 0;
      this.lastError = null;
      return;
    }
    this.counts.failed++;
    this.lastError = outcome.reason;
    if (outcome.kind === 'refused') {
      this.#waiting.splice(at, 1);
      this.counts.dropped++;
      return;
    }
    this.#waiting[at] = { ...delivery, attempts: delivery.attempts + 1 };
    const backoffMs = Math.min(DELAY_MS_MAX, DELAY_MS_FIRST * 2 ** Math.min(delivery.attempts, 20));
    const delayMs = Math.max(
      backoffMs * (0.5 + times.random / 2),
      Math.min(outcome.afterMs ?? 0, AFTER_MS_MAX),
    );
    this.#notBeforeMs = times.nowMs + delayMs;
  }

  #drop(reason: string): void {
    this.#waiting.shift();
    this.counts.dropped++;
    this.lastError = `given up: ${reason}`;
  }
}
