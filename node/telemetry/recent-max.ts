/** The highest of the last values, for figures that a moment spoils. Pure. */
export class RecentMax {
  readonly #size: number;
  readonly #values: number[] = [];

  /** Of so many values. */
  constructor(size: number) {
    this.#size = size;
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.#size) this.#values.shift();
  }

  /** 0 while there is none. */
  get max(): number {
    return Math.max(0, ...this.#values);
  }

  /** The value added last; 0 while there is none. */
  get last(): number {
    return this.#values.at(-1) ?? 0;
  }
}
