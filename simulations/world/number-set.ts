/** A set of whole numbers that come mostly one after the other, as ranges. */
export class NumberSet {
  /** First and last number of each range, ascending, never touching. */
  readonly #ranges: [number, number][] = [];

  /** Adds a number; `false` if it was there. */
  add(number: number): boolean {
    const at = this.#after(number);
    const before = this.#ranges[at - 1];
    if (before !== undefined && number <= before[1]) return false;
    const after = this.#ranges[at];
    const joinsBefore = before !== undefined && before[1] === number - 1;
    const joinsAfter = after !== undefined && after[0] === number + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      this.#ranges.splice(at, 1);
    } else if (joinsBefore) before[1] = number;
    else if (joinsAfter) after[0] = number;
    else this.#ranges.splice(at, 0, [number, number]);
    return true;
  }

  has(number: number): boolean {
    const before = this.#ranges[this.#after(number) - 1];
    return before !== undefined && number <= before[1];
  }

  /** Index of the first range that begins above the number. */
  #after(number: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[middle]![0] <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
