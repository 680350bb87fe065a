import type { Log } from '../../../../src/errors/index.ts';
import type { DeliveredMessage } from '../../../../src/index.ts';
import type { GatewayCounters } from '../gateway-counters.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import type { ClientDeliveries } from './client-deliveries.ts';
import type { ClientLink } from './client-link.ts';
import { type MqttSubscription, SubscriptionSet } from './subscription-set.ts';

/** What {@link RetainedSending} works with. */
export interface RetainedDependencies {
  readonly mesh: Pick<MqttMesh, 'retained'>;
  readonly counters: GatewayCounters;
  readonly log: Log;
  readonly deliveries: ClientDeliveries;
}

/** Batches of retained values that may wait behind each other before their client is not read. */
const WAITING_MAX = 4;

/** Sends the retained values of new subscriptions, those of one SUBSCRIBE behind those of another. */
export class RetainedSending {
  readonly #clientId: string;
  readonly #deps: RetainedDependencies;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(clientId: string, deps: RetainedDependencies) {
    this.#clientId = clientId;
    this.#deps = deps;
  }

  /** Resolves when all that is to be sent now is on its way. */
  get whenSent(): Promise<void> {
    return this.#last;
  }

  /** The retained values of new subscriptions as of now, for `send`; `null` if there are none to subscribe to. */
  of(fresh: readonly MqttSubscription[], link: ClientLink | null): AsyncIterable<unknown> | null {
    if (fresh.length === 0) return null;
    const set = new SubscriptionSet();
    for (const subscription of fresh) set.add(subscription);
    // Fixed here, in the same turn in which the subscription begins.
    const messages = this.#deps.mesh.retained((topic) => set.match(topic).length > 0);
    const sendOne = (message: DeliveredMessage) => this.#sendOne(message, set.match(message.topic), link);
    return (async function* () {
      for await (const message of messages) {
        // The client is gone.
        if (!(await sendOne(message))) return;
        yield message;
      }
    })();
  }

  /** Sends them; resolves when not too many wait: a client that subscribes all the time is not read meanwhile. */
  async send(retained: AsyncIterable<unknown>): Promise<void> {
    this.#waiting++;
    const before = this.#last;
    this.#last = before
      .then(async () => {
        for await (const _ of retained);
      })
      .catch((error: unknown) => {
        this.#deps.log.error(
          { client: this.#clientId, error: String(error) },
          'retained values could not be read',
        );
      })
      .finally(() => {
        this.#waiting--;
      });
    if (this.#waiting > WAITING_MAX) await before;
  }

  async #sendOne(
    message: DeliveredMessage,
    matches: readonly MqttSubscription[],
    link: ClientLink | null,
  ): Promise<boolean> {
    const { deliveries, counters } = this.#deps;
    if (link === null || !(await deliveries.whenRoom(link))) return false;
    counters.count('retainedOut');
    deliveries.send(message, matches, { retained: true, onDone: null, shared: null });
    return true;
  }
}
