import type { Log } from '../../../src/errors/index.ts';
import type { Subscription } from '../../../src/index.ts';
import type { MqttMesh } from './mqtt-mesh.ts';
import type { SystemValue } from './system-topics.ts';

/** Filters that start so are about what nodes say when something is wrong. */
export const ALERTS_PREFIX = '$alerts/';
/** Alerts that are kept in mind; those beyond are sent when they come, and not at a subscription. */
const VALUES_MAX = 1_024;

/** What nodes say on `$alerts`: the last values, and each change as it comes. Nothing of it is kept for a session. */
export class AlertTopics {
  readonly #mesh: MqttMesh;
  readonly #log: Log;
  readonly #onValue: (value: SystemValue) => void;
  readonly #values = new Map<string, string>();
  #subscription: Subscription | null = null;

  constructor(
    mesh: MqttMesh,
    { log, onValue }: { readonly log: Log; readonly onValue: (value: SystemValue) => void },
  ) {
    this.#mesh = mesh;
    this.#log = log;
    this.#onValue = onValue;
  }

  /** What fires now. */
  get values(): readonly SystemValue[] {
    return [...this.#values].map(([topic, value]) => ({ topic, value }));
  }

  start(): void {
    const subscription = this.#mesh.subscribe(`${ALERTS_PREFIX}#`, { from: 'last', order: 'arrival' });
    this.#subscription = subscription;
    this.#read(subscription).catch((error: unknown) => {
      this.#log.error({ error: String(error) }, 'MQTT clients no longer hear of alerts');
    });
  }

  async stop(): Promise<void> {
    await this.#subscription?.close();
  }

  async #read(subscription: Subscription): Promise<void> {
    for await (const delivery of subscription) {
      if (delivery.kind !== 'message') continue;
      const { topic, payload, retain = false } = delivery;
      const value = Buffer.from(payload).toString('utf8');
      if (!retain || value === '') this.#values.delete(topic);
      else if (this.#values.has(topic) || this.#values.size < VALUES_MAX) this.#values.set(topic, value);
      // The empty one clears a topic that was said to have ended just before.
      if (value !== '') this.#onValue({ topic, value });
    }
  }
}
