/**
 * Where a subscription starts: at what arrives from now on, at all that is held, at the last value of each
 * topic, at a time of receipt (milliseconds since 1970), or after an offset that a delivery carried.
 */
export type SubscribeFrom =
  | 'new'
  | 'all'
  | 'last'
  | { readonly timeMs: number }
  | { readonly offset: string };

/**
 * Options of `subscribe`.
 *
 * A message that its author published again after a fork (`was`) is delivered once: not if the subscription passed
 * its first number and the record there holds the same (topic, payload, time and headers), nor if the same came
 * with the same `was` before. Durable subscriptions keep that over restarts. It can come twice only where the first
 * one was delivered, is on disk no more, and was not itself one that was published again; of those, 16,384 a log are
 * remembered.
 */
export interface SubscribeOptions {
  /** @defaultValue `'new'`; for a durable subscription that exists, where it left off */
  readonly from?: SubscribeFrom;
  /**
   * Keeps the subscription's state on disk under this name (1 to 64 of a-z, A-Z, 0-9, `-`, `_`, `.`). Asking
   * for the next item acknowledges the one before; a crash repeats only what was not acknowledged.
   */
  readonly durable?: string;
  /** `'author'`: each author's messages in its order. `'arrival'`: at once, for live views. @defaultValue `'author'` */
  readonly order?: 'author' | 'arrival';
  /**
   * How long a known gap is waited for while nobody supplies it, in milliseconds, 0 to 2^31 - 1.
   * @defaultValue 10,000: longer than it takes a lost gossip message to be synced
   */
  readonly gapPatienceMs?: number;
  /** Messages held ready for a slow reader, 1 to 65,536; more stay on disk. @defaultValue 4,096 */
  readonly bufferMessages?: number;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
}
