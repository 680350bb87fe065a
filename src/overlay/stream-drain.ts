import type { Stream } from '@libp2p/interface';

/**
 * Waits for room in a stream's write buffer. libp2p's own `onDrain()` keeps its first promise, which is resolved
 * for ever after the first drain, so a second wait returns at once and holds nobody back.
 */
export class StreamDrain {
  readonly #stream: Stream;
  #waiting: (() => void)[] = [];

  constructor(stream: Stream) {
    this.#stream = stream;
    const wake = () => this.#wakeAll();
    // `drain` comes before the buffer is sent on; the check that follows it runs a microtask later.
    stream.addEventListener('drain', () => queueMicrotask(wake));
    stream.addEventListener('idle', wake);
    stream.addEventListener('close', wake);
  }

  /** Resolves when nothing waits to be sent, or when the stream is closed. */
  async empty(): Promise<void> {
    while (this.#stream.writeBufferLength > 0 && this.#stream.status === 'open') {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #wakeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
