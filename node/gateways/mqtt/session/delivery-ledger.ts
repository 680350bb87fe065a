/** Which of the deliveries taken from a subscription are done with; acknowledged there is only what has no open one before it. Pure. */
export class DeliveryLedger {
  readonly #done = new Set<number>();
  #taken = 0;
  #settled = 0;

  /** Takes up a delivery; its number. */
  take(): number {
    return ++this.#taken;
  }

  /** A delivery is done with. */
  done(number: number): void {
    this.#done.add(number);
  }

  /** Taken and not settled at the last call of `settle`. */
  get open(): number {
    return this.#taken - this.#settled;
  }

  /** How many became settled since the last call: done, and all before them. */
  settle(): number {
    const before = this.#settled;
    while (this.#done.delete(this.#settled + 1)) this.#settled++;
    return this.#settled - before;
  }
}
