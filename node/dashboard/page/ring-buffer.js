/**
 * The newest items, at most `capacity` of them.
 * @template Item
 */
export class RingBuffer {
  /** @type {Item[]} */
  #items = [];
  #start = 0;
  #capacity;

  /** @param {number} capacity */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  get size() {
    return this.#items.length;
  }

  /** @param {Item} item */
  push(item) {
    if (this.#items.length < this.#capacity) this.#items.push(item);
    else {
      this.#items[this.#start] = item;
      this.#start = (this.#start + 1) % this.#capacity;
    }
  }

  /** The newest item. @returns {Item | undefined} */
  newest() {
    return this.#items.at(this.#start - 1);
  }

  /** All, the oldest first. @returns {Item[]} */
  toArray() {
    return [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)];
  }

  clear() {
    this.#items = [];
    this.#start = 0;
  }
}
