import type { Stream } from '@libp2p/interface';

/** Bytes that may wait for the reader before the peer is held back. */
const HIGH_MARK_BYTES = 256 * 1024;

/**
 * Reads a libp2p stream in chunks and holds the peer back while nobody reads. libp2p's own iterator buffers
 * without bound, and a `pause()` inside the `message` event that a `resume()` fired is undone by that
 * `resume()`: so this one pauses from a microtask. At most
 * twice the high mark and one Yamux window wait.
 */
export class HeldBackReads {
  readonly #stream: Stream;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #ended = false;
  #error: Error | null = null;
  #paused = false;
  #primed = false;
  #wake: (() => void) | null = null;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.addEventListener('message', (event) => this.#take(event.data));
    stream.addEventListener('remoteCloseWrite', () => this.#end(null));
    stream.addEventListener('close', (event) => this.#end(event.error ?? null));
    if (stream.status !== 'open' || stream.remoteWriteStatus === 'closed') this.#end(null);
  }

  /** Bytes that wait for the reader. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The chunks that wait, at least one; `null` at the peer's end. Throws the stream's error on a cut. */
  async next(): Promise<Uint8Array[] | null> {
    if (!this.#primed) {
      // What came before there was a listener is handed out in a microtask of its own.
      this.#primed = true;
      await Promise.resolve();
    }
    while (this.#queue.length === 0) {
      if (this.#paused) this.#resume();
      // A paused stream may hold bytes that came before its end: resuming has handed them out by now.
      if (this.#queue.length > 0) break;
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunks = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    // Going on at once keeps the window moving while the reader works on what it just got.
    if (this.#paused) this.#resume();
    return chunks;
  }

  #take(data: Uint8Array | Iterable<Uint8Array>): void {
    if (data instanceof Uint8Array) this.#push(data);
    else for (const chunk of data) this.#push(chunk);
    if (this.#queuedBytes > HIGH_MARK_BYTES) queueMicrotask(() => this.#pause());
    this.#signal();
  }

  #push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
  }

  #pause(): void {
    if (this.#paused || this.#queuedBytes <= HIGH_MARK_BYTES || !this.#readable()) return;
    this.#paused = true;
    this.#stream.pause();
  }

  #resume(): void {
    this.#paused = false;
    if (this.#readable()) this.#stream.resume();
  }

  #readable(): boolean {
    return this.#stream.readStatus === 'readable' || this.#stream.readStatus === 'paused';
  }

  #end(error: Error | null): void {
    this.#ended = true;
    this.#error ??= error;
    this.#signal();
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
