import type { Delivery } from './delivery.ts';
import type { LogReader } from './log-reader.ts';

/** A delivery that is ready, and what it means for its log once it is acknowledged. */
export interface QueuedDelivery {
  readonly delivery: Delivery;
  /** `null` where the subscription does not go by logs. */
  readonly reader: LogReader | null;
}

/** Deliveries ready for a reader, first in first out, without moving the rest at each step. */
export class DeliveryQueue {
  #items: (QueuedDelivery | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: QueuedDelivery): void {
    this.#items.push(item);
  }

  shift(): QueuedDelivery | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 4_096) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
