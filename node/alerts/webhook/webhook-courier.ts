import type { Log } from '../../../src/errors/index.ts';
import type { WebhookStatus } from '../alert.ts';
import { postWebhook } from './post-webhook.ts';
import type { WebhookOptions } from './webhook-options.ts';
import { type WebhookDelivery, type WebhookOutcome, WebhookState } from './webhook-state.ts';

/** What {@link WebhookCourier} works with. */
export interface WebhookCourierDependencies {
  readonly version: string;
  readonly log: Log;
  /** The wall clock. */
  readonly nowMs: () => number;
  /** The clock that never goes back. */
  readonly steadyMs: () => number;
  readonly random: () => number;
  /** What waits has changed: it is to be saved. */
  readonly onChange: () => void;
}

/** Brings deliveries to one webhook, one after the other, for as long as it takes. */
export class WebhookCourier {
  readonly #webhook: WebhookOptions;
  readonly #deps: WebhookCourierDependencies;
  readonly #state: WebhookState;
  readonly #stop = new AbortController();
  readonly #waiters = new Map<string, (outcome: WebhookOutcome) => void>();
  #timer: NodeJS.Timeout | null = null;
  #busy: Promise<void> | null = null;

  constructor(webhook: WebhookOptions, kept: readonly WebhookDelivery[], deps: WebhookCourierDependencies) {
    this.#webhook = webhook;
    this.#deps = deps;
    this.#state = new WebhookState(kept);
  }

  get url(): string {
    return this.#webhook.url;
  }

  get waiting(): readonly WebhookDelivery[] {
    return this.#state.waiting;
  }

  /** Adds one; it goes out with the next {@link wake}. */
  add(delivery: WebhookDelivery): void {
    this.#state.add(delivery);
  }

  /** How the next attempt at a delivery goes. */
  outcomeOf(id: string): Promise<WebhookOutcome> {
    return new Promise((resolve) => this.#waiters.set(id, resolve));
  }

  /** Sees to what waits. */
  wake(): void {
    if (this.#stop.signal.aborted || this.#busy !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const next = this.#state.next(this.#deps.steadyMs(), this.#deps.nowMs());
    if (next === null) return;
    if (next.inMs > 0) {
      this.#timer = setTimeout(() => this.wake(), next.inMs);
      return;
    }
    this.#busy = this.#attempt(next.delivery).finally(() => {
      this.#busy = null;
      this.wake();
    });
  }

  /** Ends what is under way; what waits stays, for the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#busy;
  }

  status(): WebhookStatus {
    const { counts, waiting, lastError, lastAtMs } = this.#state;
    return { url: shownUrl(this.url), ...counts, waiting: waiting.length, lastError, lastAtMs };
  }

  async #attempt(delivery: WebhookDelivery): Promise<void> {
    const { nowMs, steadyMs, random, version, log, onChange } = this.#deps;
    const outcome = await postWebhook(this.#webhook, delivery, {
      atMs: nowMs(),
      signal: this.#stop.signal,
      version,
    });
    if (this.#stop.signal.aborted && outcome.kind !== 'delivered') return;
    this.#state.settle(delivery.id, outcome, { nowMs: steadyMs(), atMs: nowMs(), random: random() });
    if (outcome.kind === 'failed' && delivery.attempts === 0) {
      log.warn(
        { url: shownUrl(this.url), reason: outcome.reason },
        'a webhook did not take an alert; it is tried again',
      );
    }
    if (outcome.kind === 'refused') {
      log.warn({ url: shownUrl(this.url), reason: outcome.reason }, 'a webhook refused an alert');
    }
    if (outcome.kind === 'delivered') log.debug({ url: shownUrl(this.url) }, 'a webhook took an alert');
    this.#waiters.get(delivery.id)?.(outcome);
    this.#waiters.delete(delivery.id);
    onChange();
  }
}

/** Without its query: tokens stand there. Some services have theirs in the path, so that is cut after the first level. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  const [, first = '', ...rest] = pathname.split('/');
  return rest.length === 0 ? `${origin}/${first}` : `${origin}/${first}/…`;
}
