import type { Alert, AlertTest, WebhookStatus } from '../alert.ts';
import { WebhookCourier, type WebhookCourierDependencies } from './webhook-courier.ts';
import type { WebhookOptions } from './webhook-options.ts';
import type { WebhookDelivery } from './webhook-state.ts';

/** Of the body. */
const BODY_VERSION = 1;
const TEST_PATIENCE_MS = 12_000;

/** What {@link Webhooks} works with. */
export interface WebhooksDependencies extends WebhookCourierDependencies {
  readonly mesh: { readonly node: string; readonly name: string };
}

/** All webhooks of a node. */
export class Webhooks {
  readonly #deps: WebhooksDependencies;
  readonly #couriers: readonly WebhookCourier[];

  /** `kept`: what waited when the node was last up, by URL. */
  constructor(
    webhooks: readonly WebhookOptions[],
    kept: Readonly<Record<string, readonly WebhookDelivery[]>>,
    deps: WebhooksDependencies,
  ) {
    this.#deps = deps;
    this.#couriers = webhooks.map((webhook) => new WebhookCourier(webhook, kept[webhook.url] ?? [], deps));
  }

  /** What waits, by URL. */
  get waiting(): Readonly<Record<string, readonly WebhookDelivery[]>> {
    return Object.fromEntries(this.#couriers.map(({ url, waiting }) => [url, waiting]));
  }

  /** Adds what happened, for all; it goes out with the next {@link wake}. Returns the id of the delivery. */
  add(kind: 'fired' | 'ended' | 'acknowledged', alert: Alert, revision: number): string {
    const { nowMs, mesh } = this.#deps;
    const event = alert.watch === 'test' ? ('test' as const) : kind;
    const atMs = nowMs();
    const id = `${mesh.node}-${revision}`;
    const { node, name } = mesh;
    const body = JSON.stringify({ version: BODY_VERSION, delivery: id, event, atMs, node, name, alert });
    for (const courier of this.#couriers) courier.add({ id, event, atMs, body, attempts: 0 });
    return id;
  }

  /** Sees to what waits. */
  wake(): void {
    for (const courier of this.#couriers) courier.wake();
  }

  /** How the next attempt at a delivery goes, at each webhook. */
  outcomes(delivery: string): Promise<AlertTest['webhooks']> {
    return Promise.all(this.#couriers.map((courier) => outcomeOf(courier, delivery)));
  }

  status(): WebhookStatus[] {
    return this.#couriers.map((courier) => courier.status());
  }

  /** Ends what is under way; what waits stays, for the next start. */
  async stop(): Promise<void> {
    await Promise.all(this.#couriers.map((courier) => courier.stop()));
  }
}

async function outcomeOf(courier: WebhookCourier, delivery: string): Promise<AlertTest['webhooks'][number]> {
  const { url } = courier.status();
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), TEST_PATIENCE_MS).unref();
  const outcome = await Promise.race([courier.outcomeOf(delivery), promise]);
  clearTimeout(timer);
  if (outcome === null)
    return { url, ok: false, error: 'others wait before it, or it did not answer in time' };
  const delivered = outcome.kind === 'delivered';
  return { url, ok: delivered, error: delivered ? null : outcome.reason };
}
