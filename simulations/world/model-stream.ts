import { type NodeId, type OverlayStream, SedgeError } from '../../src/index.ts';
import type { ModelConnectionEnd } from './model-connection.ts';
import { ModelFlow } from './model-link.ts';

/** What a sender may be ahead of the reader, as Yamux's windows of the real overlay. */
const WINDOW_BYTES = 262_144;
/** Lengths and headers around a frame. */
const FRAME_OVERHEAD_BYTES = 16;

/** One end of a stream of a {@link ModelOverlay}. */
export class ModelStream implements OverlayStream {
  readonly peer: NodeId;
  readonly protocol: string;
  readonly #end: ModelConnectionEnd;
  readonly #flow = new ModelFlow();
  readonly #frameBytesMax: number;
  #frames: Uint8Array[] = [];
  /** Bytes sent by the far end that were not read here. */
  #unreadBytes = 0;
  #ended = false;
  #failure: SedgeError | null = null;
  #wakes: (() => void)[] = [];
  #far!: ModelStream;

  private constructor(end: ModelConnectionEnd, protocol: string, frameBytesMax: number) {
    this.#end = end;
    this.peer = end.peer;
    this.protocol = protocol;
    this.#frameBytesMax = frameBytesMax;
  }

  /** Opens a stream over a connection; `accept` gets the far end when word of it arrives. */
  static open(
    end: ModelConnectionEnd,
    options: {
      readonly protocol: string;
      readonly near: { readonly frameBytesMax: number };
      readonly far: { readonly frameBytesMax: number };
      readonly accept: (far: ModelStream) => void;
    },
  ): ModelStream {
    const { protocol, accept } = options;
    const near = new ModelStream(end, protocol, options.near.frameBytesMax);
    const far = new ModelStream(end.far, protocol, options.far.frameBytesMax);
    near.#far = far;
    far.#far = near;
    end.streams.add(near);
    near.#transmit(protocol.length, () => {
      if (!end.far.isOpen) return;
      end.far.streams.add(far);
      accept(far);
    });
    return near;
  }

  async send(frame: Uint8Array): Promise<void> {
    const data = frame.slice();
    if (this.#failure !== null) throw this.#failure;
    const fate = this.#end.network.tap.onFrame?.({
      from: this.#far.peer,
      to: this.peer,
      protocol: this.protocol,
      frame: data,
    });
    if (fate === 'cut') this.abort();
    const far = this.#far;
    far.#unreadBytes += data.length;
    if (fate === 'hold') this.#transmit(data.length, () => {});
    else this.#transmit(data.length, () => far.#take(data));
    while (far.#unreadBytes > WINDOW_BYTES && this.#failure === null) await far.#changed();
    if (this.#failure !== null) throw this.#failure;
  }

  get frames(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  }

  async close(): Promise<void> {
    // In line behind the frames that were sent.
    const far = this.#far;
    this.#transmit(0, () => {
      far.#ended = true;
      far.#wake();
    });
  }

  abort(): void {
    if (this.#failure !== null) return;
    const far = this.#far;
    this.fail();
    // What was in line is given up; word of the end is not.
    const flow = new ModelFlow();
    this.#end.link.send(flow, { kind: this.protocol, bytes: FRAME_OVERHEAD_BYTES, arrive: () => far.fail() });
  }

  /** The stream ended without a word. */
  fail(): void {
    this.#failure ??= new SedgeError('overlay.stream-closed');
    this.#end.link.end(this.#flow);
    this.#end.streams.delete(this);
    this.#wake();
    this.#far.#wake();
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    while (this.#frames.length === 0 && !this.#ended && this.#failure === null) await this.#changed();
    if (this.#failure !== null) throw this.#failure;
    const frame = this.#frames.shift();
    if (frame === undefined) return { done: true, value: undefined };
    if (frame.length > this.#frameBytesMax) {
      this.abort();
      throw new SedgeError('overlay.frame-too-large');
    }
    this.#unreadBytes -= frame.length;
    this.#wake();
    return { done: false, value: frame };
  }

  #transmit(bytes: number, arrive: () => void): void {
    const packet = { kind: this.protocol, bytes: bytes + FRAME_OVERHEAD_BYTES, arrive };
    this.#end.link.send(this.#flow, packet);
  }

  #take(frame: Uint8Array): void {
    if (this.#failure !== null || this.#ended) return;
    this.#frames.push(frame);
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wakes.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}
