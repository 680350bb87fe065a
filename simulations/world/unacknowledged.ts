import type { Delivery } from '../../src/index.ts';

/** Numbers of a gap that are noted; more in a row are no gap of a scenario. */
const NUMBERS_MAX = 100_000;

/**
 * What the application behind a durable subscription was handed and does not know to be acknowledged: that, and nothing
 * else, may be handed to it once more by each reader that begins anew. A new reader may come to hand out only a part of it
 * before it fails too, and in another order of the logs: the rest stays.
 */
export class Unacknowledged {
  /** Numbers with their logs. */
  readonly #numbers = new Set<string>();
  /** Of those, what the current reader has not handed out yet. */
  #mayRepeat = new Set<string>();
  #lastBatch: string[] = [];

  /** A reader begins behind what is known to be acknowledged. */
  beginReading(): void {
    this.#mayRepeat = new Set(this.#numbers);
    this.#lastBatch = [];
  }

  /** The next batch was there: the reader's batch before it is acknowledged. */
  acknowledgeBatch(): void {
    for (const number of this.#lastBatch) this.#numbers.delete(number);
    this.#lastBatch = [];
  }

  /** Notes what the reader handed out; `true` if it, or something of a gap, may have been handed out before. */
  handOut(delivery: Delivery): boolean {
    let again = false;
    for (const number of numbersOf(delivery)) {
      again = this.#mayRepeat.delete(number) || again;
      this.#numbers.add(number);
      this.#lastBatch.push(number);
    }
    return again;
  }
}

/** A message that was published again after a fork has two numbers: it may have been handed out under either. */
function numbersOf(delivery: Delivery): string[] {
  const { author, channel, epoch } = delivery;
  const place = (of: string, seq: number) => `${channel} ${author}/${of} ${seq}`;
  if (delivery.kind === 'message') {
    const { seq, was } = delivery;
    return [place(epoch, seq), ...(was === undefined ? [] : [place(was.epoch, was.seq)])];
  }
  const { first, last } = delivery;
  const length = Math.min(last - first + 1, NUMBERS_MAX);
  return Array.from({ length }, (_, index) => place(epoch, first + index));
}
