/** Numbers of the same kind in as few bytes each as their spread allows: a segment of many logs keeps some columns of them. */
export class NarrowArray {
  readonly #base: number;
  readonly #values: Uint8Array | Uint16Array | Uint32Array | Float64Array;

  constructor(values: readonly number[]) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.#base = values.length === 0 ? 0 : low;
    this.#values = arrayFor(high - low, values.length);
    for (const [at, value] of values.entries()) this.#values[at] = value - this.#base;
  }

  get length(): number {
    return this.#values.length;
  }

  at(index: number): number {
    return this.#values[index]! + this.#base;
  }

  /** All in order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const value of this.#values) yield value + this.#base;
  }
}

function arrayFor(spread: number, length: number): Uint8Array | Uint16Array | Uint32Array | Float64Array {
  if (!(spread > 0xff)) return new Uint8Array(length);
  if (spread <= 0xffff) return new Uint16Array(length);
  return spread <= 0xffff_ffff ? new Uint32Array(length) : new Float64Array(length);
}
