import {
  type Delivery,
  type Mesh,
  type SubscribeOptions,
  type Subscription,
  TopicFilter,
} from '../../src/index.ts';
import { NumberSet } from './number-set.ts';
import { Unacknowledged } from './unacknowledged.ts';

/** What a {@link SimulatedSubscription} tells. */
export interface SubscriptionSink {
  /** A delivery was handed to the application; `again` where it may have been so before a crash. */
  delivered(subscription: SimulatedSubscription, delivery: Delivery, again: boolean): void;
}

/** Before an application subscribes again whose subscription failed: at first, and at most. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 300_000;
/** How many deliveries the application takes at once; durable ones are acknowledged together. */
const BATCH = 1_024;

/**
 * An application that reads a subscription as fast as it can, for as long as its node lives, and goes on after each
 * restart: a durable one where it left off, another one with what is new then.
 */
export class SimulatedSubscription {
  /** Place among the subscriptions of its node, from 0. */
  readonly index: number;
  readonly filters: readonly string[];
  readonly options: SubscribeOptions;
  /** When it was made, virtual milliseconds since the mesh was ready. */
  readonly sinceMs: number;
  /** Messages that it got. */
  received = 0;
  gaps = 0;
  closed = false;
  readonly #sink: SubscriptionSink;
  readonly #matchers: readonly TopicFilter[];
  readonly #numbers = new Map<string, NumberSet>();
  readonly #unacknowledged = new Unacknowledged();
  #current: Subscription | null = null;
  /** Since it was told of something new. */
  #failures = 0;

  constructor(
    place: { readonly index: number; readonly sinceMs: number },
    request: { readonly filters: readonly string[]; readonly options: SubscribeOptions },
    sink: SubscriptionSink,
  ) {
    this.index = place.index;
    this.sinceMs = place.sinceMs;
    this.filters = request.filters;
    this.options = request.options;
    this.#sink = sink;
    this.#matchers = request.filters.flatMap((text) => {
      const parsed = TopicFilter.parse(text);
      return parsed.ok ? [parsed.value] : [];
    });
  }

  /** True if one of the filters matches the topic. */
  matches(topic: string): boolean {
    return this.#matchers.some((filter) => filter.matches(topic));
  }

  /** True if the message was handed to the application at least once. */
  got(message: {
    readonly author: string;
    readonly channel: string;
    readonly epoch: string;
    readonly seq: number;
  }): boolean {
    return this.#numbers.get(logOf(message))?.has(message.seq) ?? false;
  }

  /** Reads from a node that has started, in the background. Throws as `Mesh.subscribe`. */
  attach(mesh: Mesh): void {
    if (this.closed) return;
    const { durable } = this.options;
    // Another one starts anew after a restart: all that its node holds was delivered, or was not asked for.
    const options =
      this.#current === null || durable !== undefined
        ? this.options
        : { ...this.options, from: 'new' as const };
    const subscription = mesh.subscribe(this.filters, options);
    this.#current = subscription;
    void this.#read(subscription, mesh);
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.closed = true;
    await this.#current?.close();
  }

  async #read(subscription: Subscription, mesh: Mesh): Promise<void> {
    this.#unacknowledged.beginReading();
    try {
      for (;;) {
        const batch = await subscription.nextBatch(BATCH);
        // The end acknowledges nothing.
        if (batch.length === 0) return;
        this.#unacknowledged.acknowledgeBatch();
        for (const delivery of batch) this.#take(delivery);
      }
    } catch {
      // The node went down, or its disk did not take a durable place; what was handed out and not acknowledged may come again.
      await subscription.close().catch(() => {});
      this.#tryAgain(subscription, mesh);
    }
  }

  /** As an application does that was told of a full disk: it subscribes again after a while, if its node lives. */
  #tryAgain(failed: Subscription, mesh: Mesh): void {
    setTimeout(
      () => {
        if (this.closed || this.#current !== failed) return;
        try {
          this.attach(mesh);
        } catch {
          // The node is gone; its next start attaches.
        }
      },
      Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX),
    );
  }

  #note(log: string, seq: number): void {
    let numbers = this.#numbers.get(log);
    if (numbers === undefined) {
      numbers = new NumberSet();
      this.#numbers.set(log, numbers);
    }
    numbers.add(seq);
  }

  #take(delivery: Delivery): void {
    if (delivery.kind === 'gap') this.gaps++;
    else {
      this.received++;
      this.#note(logOf(delivery), delivery.seq);
      // Published again after a fork: its first number counts as had.
      const { was } = delivery;
      if (was !== undefined) this.#note(logOf({ ...delivery, epoch: was.epoch }), was.seq);
    }
    const again = this.options.durable !== undefined && this.#unacknowledged.handOut(delivery);
    if (!again) this.#failures = 0;
    this.#sink.delivered(this, delivery, again);
  }
}

function logOf({
  author,
  channel,
  epoch,
}: {
  readonly author: string;
  readonly channel: string;
  readonly epoch: string;
}): string {
  return `${channel} ${author}/${epoch}`;
}
