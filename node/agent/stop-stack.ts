/** What was started, to be stopped again from the top: what came last goes first. */
export class StopStack {
  readonly #stops: (() => unknown)[] = [];

  /** Notes how to stop something that runs, or is about to. */
  push(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  /** Stops everything once, whatever fails on the way; then throws the first failure. */
  async unwind(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
