import { SedgeError } from '../../../src/errors/index.ts';
import { type Transport, type TransportListener, WAITING_BYTES_MAX } from './transport.ts';

/** One end of a line that exists only in this process; for tests and simulations. */
export class MemoryTransport implements Transport {
  #listener: TransportListener | null = null;
  #ended = false;
  #peer: MemoryTransport | null = null;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #delivering = false;

  /** The two ends of a line. Bytes sent before the other end is open are lost, as on a wire. */
  static pair(): readonly [MemoryTransport, MemoryTransport] {
    const ends = [new MemoryTransport(), new MemoryTransport()] as const;
    ends[0].#peer = ends[1];
    ends[1].#peer = ends[0];
    return ends;
  }

  async open(listener: TransportListener): Promise<void> {
    if (this.#ended) throw new SedgeError('serial.port-missing', { port: 'memory' });
    this.#listener = listener;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#listener === null || this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) return false;
    this.#waiting.push(bytes.slice());
    this.#waitingBytes += bytes.length;
    this.#deliverSoon();
    return true;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#listener = null;
    this.#ended = true;
    this.#peer?.hangUp();
  }

  /** Ends this end as an unplugged cable does. */
  hangUp(): void {
    if (this.#ended) return;
    const listener = this.#listener;
    this.#listener = null;
    this.#ended = true;
    listener?.onClosed(new SedgeError('serial.port-missing', { port: 'memory' }));
    this.#peer?.hangUp();
  }

  #hear(bytes: Uint8Array): void {
    this.#listener?.onBytes(bytes);
  }

  /** Never within `write`: the other end could write back into a state that is being changed. */
  #deliverSoon(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    setImmediate(() => {
      this.#delivering = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      const peer = this.#peer;
      if (peer === null) return;
      for (const bytes of waiting) peer.#hear(bytes);
    });
  }
}
