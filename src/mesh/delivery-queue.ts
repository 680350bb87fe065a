import type { Delivery } from './delivery.ts';
import type { LogReader } from './log-reader.ts';
import type { WasMark } from './was-marks.ts';

/** A delivery that is ready, and what it means for its log once it is acknowledged. */
export interface QueuedDelivery {
  /**
   * `null` for a message that was had under another number: it is not handed out, and stands here so that it is
   * acknowledged only with what is queued before it.
   */
  readonly delivery: Delivery | null;
  /** `null` where the subscription does not go by logs. */
  readonly reader: LogReader | null;
  /** The last number that it stands for. */
  readonly last: number;
  readonly late: boolean;
  /** What another log is to keep: a message of it was delivered as it was published again. */
  readonly mark: { readonly reader: LogReader; readonly mark: WasMark } | null;
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
