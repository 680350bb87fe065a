import type { Log } from '../../src/errors/index.ts';
import type { DeliveredMessage, SubscribeOptions, Subscription } from '../../src/index.ts';
import type { AlertsMesh } from './alerts-mesh.ts';

/** Reads the topics that rules are about, and what other nodes say, until it is closed. */
export class TopicReader {
  readonly #mesh: AlertsMesh;
  readonly #log: Log;
  readonly #subscriptions: Subscription[] = [];
  #closed = false;

  constructor(mesh: AlertsMesh, log: Log) {
    this.#mesh = mesh;
    this.#log = log;
  }

  /** Hands over each message as it arrives, out of its author's order where need be. */
  read(filter: string, from: SubscribeOptions['from'], take: (message: DeliveredMessage) => void): void {
    const subscription = this.#mesh.subscribe(filter, {
      order: 'arrival',
      ...(from === undefined ? {} : { from }),
    });
    this.#subscriptions.push(subscription);
    const reading = async () => {
      for await (const delivery of subscription) if (delivery.kind === 'message') take(delivery);
    };
    reading().catch((error: unknown) => {
      if (!this.#closed) this.#log.error({ reason: String(error) }, 'the alerts no longer hear of a topic');
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }
}
