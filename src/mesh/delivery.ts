import type { EpochId, Message } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';

/** A message as a subscriber gets it. */
export interface DeliveredMessage extends Message {
  readonly kind: 'message';
  readonly author: NodeId;
  /** Name of the author in the realm; the empty string if it has none. */
  readonly name: string;
  readonly channel: string;
  readonly epoch: EpochId;
  readonly seq: number;
  /**
   * `<incarnation>:<position>`, with `.<n>` where further messages of the same entry follow: resume with `from`
   * and this text; valid in this node's channel alone.
   */
  readonly offset: string;
  /** It fills a gap that was reported before, so it is out of its author's order. */
  readonly late: boolean;
  /** What was left of the lifetime that its author gave it when it was made ready, milliseconds; absent without one. */
  readonly lifetimeLeftMs?: number;
}

/** Numbers that exist and that this node does not hold: the subscription went on without them. */
export interface DeliveredGap {
  readonly kind: 'gap';
  readonly author: NodeId;
  readonly name: string;
  readonly channel: string;
  readonly epoch: EpochId;
  /** First and last number missing. */
  readonly first: number;
  readonly last: number;
  /**
   * `missing`: nobody that was met has them. `let-go`: they were held here, and retention dropped them before they
   * were delivered.
   */
  readonly reason: 'missing' | 'let-go';
}

/** What a subscription hands out: a message, or a gap that will not be waited for any longer. */
export type Delivery = DeliveredMessage | DeliveredGap;
