/** Writes that the system has not taken yet, and who waits until it has. */
export class WritesUnderWay {
  #count = 0;
  #wakes: (() => void)[] = [];

  /** To be called with each write, and given as its callback. */
  begin(): () => void {
    this.#count++;
    return this.#done;
  }

  /** Resolves when all that was begun is done, or the other end is gone. */
  whenDone(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#wakes.push(resolve));
  }

  /** The other end is gone: nobody waits any longer. */
  end(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  readonly #done = (): void => {
    this.#count--;
    if (this.#count === 0) this.end();
  };
}
