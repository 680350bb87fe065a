/** Turns a source that pushes into batches that are asked for. Unbounded, as the source has no backpressure. */
export class PayloadQueue implements AsyncIterable<readonly Uint8Array[]> {
  #waiting: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #isClosed = false;

  push(payload: Uint8Array): void {
    this.#waiting.push(payload);
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Uint8Array[]> {
    while (true) {
      if (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        yield batch;
      } else if (this.#isClosed) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
  }
}
