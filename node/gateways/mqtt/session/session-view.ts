import type { Log } from '../../../../src/errors/index.ts';
import type { Delivery, SelectiveSubscription } from '../../../../src/index.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import { REASON } from '../packet/reason-code.ts';
import { type ClientDeliveries, positionOf } from './client-deliveries.ts';
import type { ClientLink } from './client-link.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import type { SubscriptionSet } from './subscription-set.ts';

/** Whose view it is. */
export interface ViewOwner {
  readonly clientId: string;
  /** Name of its place in the journals; `null` where that ends with the connection. */
  readonly durable: string | null;
}

/** What a {@link SessionView} works with. */
export interface ViewDependencies {
  readonly mesh: Pick<MqttMesh, 'node' | 'subscribeWhere'>;
  readonly log: Log;
  readonly deliveries: ClientDeliveries;
  /** What the client wants. */
  readonly filters: SubscriptionSet;
  /** Resolves when the retained values are sent that come before what is delivered. */
  readonly whenRetainedSent: () => Promise<void>;
}

/** Deliveries taken from the mesh at once. */
const BATCH_MAX = 64;
/** Messages that the mesh holds ready for a session; more stay on disk. */
const BUFFER_MESSAGES = 256;
/** Deliveries that a client may be done with before that is kept. */
const UNACKNOWLEDGED_MAX = 1_024;

/**
 * A session's view on the mesh while its client is there: takes from the journals what the filters want, gives it to the
 * client as it has room, and acknowledges there, in order, what the client is done with.
 */
export class SessionView {
  readonly #owner: ViewOwner;
  readonly #deps: ViewDependencies;
  #subscription: SelectiveSubscription | null = null;
  #ledger = new DeliveryLedger();
  #feeding: Promise<void> = Promise.resolve();
  #acknowledging: Promise<void> = Promise.resolve();
  /** What was acknowledged last may still be taken back by a power cut. */
  #placeUnsynced = false;

  constructor(owner: ViewOwner, deps: ViewDependencies) {
    this.#owner = owner;
    this.#deps = deps;
  }

  /** Begins, or goes on. What it returns exists once it is `ready`. */
  open(link: ClientLink): SelectiveSubscription {
    if (this.#subscription !== null) return this.#subscription;
    const { mesh, filters, log } = this.#deps;
    const { clientId, durable } = this.#owner;
    const subscription = mesh.subscribeWhere((topic, place) => filters.matchAt(topic, place).length > 0, {
      bufferMessages: BUFFER_MESSAGES,
      ...(durable === null ? {} : { durable }),
    });
    this.#subscription = subscription;
    this.#ledger = new DeliveryLedger();
    this.#feeding = this.#feed(subscription, link).catch((error: unknown) => {
      log.error({ client: clientId, error: String(error) }, 'an MQTT session cannot read the journal');
      link.end(REASON.unspecified, 'journal');
    });
    return subscription;
  }

  /** Keeps the place and ends. Nobody waits for room any more. */
  async close(): Promise<void> {
    const subscription = this.#subscription;
    if (subscription === null) return;
    this.#subscription = null;
    await this.#acknowledge(subscription);
    await subscription.close();
    await this.#feeding;
    this.#deps.deliveries.carryOver();
  }

  /** Writes how far the client is; with `sync: false` a power cut may take it back, the end of the process not. */
  async keepPlace(options: { readonly sync: boolean }): Promise<void> {
    const subscription = this.#subscription;
    if (subscription === null) return;
    this.#acknowledging = this.#acknowledging.then(() => this.#acknowledge(subscription, options));
    await this.#acknowledging;
  }

  async #feed(subscription: SelectiveSubscription, link: ClientLink): Promise<void> {
    const { deliveries, whenRetainedSent } = this.#deps;
    while (await deliveries.whenRoom(link)) {
      const batch = await subscription.take(Math.min(BATCH_MAX, Math.max(1, deliveries.room)));
      if (batch.length === 0) return;
      await whenRetainedSent();
      for (const delivery of batch) {
        if (!(await deliveries.whenRoom(link))) return;
        this.#deliver(delivery);
      }
      const isFull = this.#ledger.open >= UNACKNOWLEDGED_MAX;
      if (this.#owner.durable === null || isFull) await this.#acknowledge(subscription);
    }
  }

  #deliver(delivery: Delivery): void {
    const { deliveries, filters, mesh } = this.#deps;
    const ledger = this.#ledger;
    const number = ledger.take();
    const onDone = () => ledger.done(number);
    if (delivery.kind === 'gap') {
      deliveries.noteGap(delivery.last - delivery.first + 1);
      onDone();
      return;
    }
    if (deliveries.isCarried(delivery, onDone)) return;
    const isOwn = delivery.author === mesh.node && delivery.client?.id === this.#owner.clientId;
    const place = { channel: delivery.channel, position: positionOf(delivery) };
    const matches = filters.matchAt(delivery.topic, place).filter(({ noLocal }) => !noLocal || !isOwn);
    if (matches.length === 0) onDone();
    else deliveries.send(delivery, matches, { retained: false, onDone, shared: null });
  }

  async #acknowledge(subscription: SelectiveSubscription, { sync = true } = {}): Promise<void> {
    const settled = this.#ledger.settle();
    if (settled === 0 && !(sync && this.#placeUnsynced)) return;
    this.#placeUnsynced = !sync;
    try {
      await subscription.acknowledge(settled, { sync });
    } catch (error) {
      // The place on disk stays behind: after a crash more is sent again than need be.
      this.#deps.log.warn(
        { client: this.#owner.clientId, error: String(error) },
        'an acknowledgement of MQTT was not kept',
      );
    }
  }
}
