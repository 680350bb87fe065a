import type { Delivery } from './delivery.ts';

/** Where a message lies in a channel's journal on this node. */
export interface JournalPlace {
  readonly channel: string;
  /** Grows with each entry that arrives; see `Mesh.positions`. */
  readonly position: number;
}

/** Whether a message is wanted; asked once for each, as it is read. */
export type AcceptTopic = (topic: string, place: JournalPlace) => boolean;

/**
 * A subscription whose reader decides what it wants and acknowledges one by one: a view for gateways, whose clients
 * come, go and change their filters while their place in the journals stays.
 */
export interface SelectiveSubscription {
  /** Resolves once the subscription exists; a durable one then survives a crash. */
  ready(): Promise<void>;
  /** All that is ready, at least one and at most `max` deliveries; empty after `close`. Acknowledges nothing. */
  take(max: number): Promise<readonly Delivery[]>;
  /**
   * Acknowledges so many of the deliveries that were taken, the oldest first; resolves once that is on disk. With
   * `sync: false` without fsync: the end of the process does not take it back, and a power cut may until a later call.
   */
  acknowledge(deliveries: number, options?: { readonly sync?: boolean }): Promise<void>;
  /** Ends it. What was taken and not acknowledged comes again under the same durable name. */
  close(): Promise<void>;
}

/**
 * Messages (and gaps) that match a subscription's filters. Iterate it with `for await`, or ask with `next` or
 * `nextBatch`; a reader that does not ask holds nothing up, as what is not ready stays on disk.
 *
 * For a durable subscription, asking for the next item acknowledges all that was handed out before, and
 * resolves once that is on disk: a crash repeats only what was not acknowledged. If the disk refuses, it throws
 * and hands nothing out, and the next call tries again. Where an fsync an item costs too much, as on an SD card,
 * take batches.
 */
export interface Subscription extends AsyncIterable<Delivery> {
  /** The next delivery; waits for one. `done` after `close`. */
  next(): Promise<IteratorResult<Delivery, undefined>>;
  /** All that is ready, at least one and at most `max` deliveries; empty after `close`. */
  nextBatch(max: number): Promise<readonly Delivery[]>;
  /** Acknowledges all that was handed out, without asking for more; resolves once that is on disk. */
  acknowledge(): Promise<void>;
  /** Ends the subscription. What was handed out and not acknowledged comes again under the same durable name. */
  close(): Promise<void>;
}
