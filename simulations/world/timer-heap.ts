/** What a {@link TimerHeap} keeps in order. The heap alone writes `heapIndex`. */
export interface Timed {
  /** When it is due. */
  atMs: number;
  /** Breaks ties: the lower comes first. */
  order: number;
  /** Where it lies in the heap; -1 outside. */
  heapIndex: number;
}

/** A binary heap by (time, order) from which any item can be taken out in logarithmic time. */
export class TimerHeap<T extends Timed> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item that is due first. */
  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.#rise(item);
  }

  /** Takes an item out, wherever it lies; nothing happens if it is not in the heap. */
  remove(item: T): void {
    const at = item.heapIndex;
    if (at < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#put(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: T): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1]!;
      if (!isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = item.heapIndex * 2 + 1;
      const a = this.#items[left];
      if (a === undefined) return;
      const b = this.#items[left + 1];
      const least = b !== undefined && isBefore(b, a) ? b : a;
      if (!isBefore(least, item)) return;
      this.#swap(item, least);
    }
  }

  #swap(a: T, b: T): void {
    const at = a.heapIndex;
    this.#put(a, b.heapIndex);
    this.#put(b, at);
  }

  #put(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
