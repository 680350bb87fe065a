import type { Stream } from '@libp2p/interface';
import { type Counters, SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import { HeldBackReads } from './held-back-reads.ts';
import type { OverlayStream } from './overlay.ts';
import { StreamDrain } from './stream-drain.ts';

/** Each frame follows its length, 4 bytes, big-endian. */
const LENGTH_BYTES = 4;
/**
 * Most that goes into one Yamux frame. A frame counts as received, and opens the window, only when all of it is
 * there: a large one blocks every other stream of a slow link and looks like a dead one.
 */
const PIECE_BYTES = 32 * 1024;
/** Frames' bytes after which both directions let the event loop run: promises alone would starve it. */
const YIELD_BYTES = 256 * 1024;
/** Small frames count as this much, because each costs its handling. */
const YIELD_COST_BYTES = 4 * 1024;

/** What a {@link FrameStream} needs to know of its place. */
export interface FrameStreamSettings {
  readonly peer: NodeId;
  readonly frameBytesMax: number;
  readonly counters: Counters;
  /** Told what is sent, lengths included. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** {@link OverlayStream} on a libp2p stream: length-prefixed frames, held back in both directions. */
export class FrameStream implements OverlayStream {
  readonly peer: NodeId;
  readonly protocol: string;
  readonly frames: AsyncIterable<Uint8Array>;
  readonly #stream: Stream;
  readonly #settings: FrameStreamSettings;
  readonly #drain: StreamDrain;
  readonly #sent = new Turns();
  /** Sends take their turns, so that frames of callers that did not wait stay whole and in order. */
  #lastSend: Promise<void> = Promise.resolve();

  constructor(stream: Stream, settings: FrameStreamSettings) {
    this.peer = settings.peer;
    this.protocol = stream.protocol;
    this.#stream = stream;
    this.#settings = settings;
    this.#drain = new StreamDrain(stream);
    const reads = new HeldBackReads(stream);
    let taken = false;
    this.frames = {
      [Symbol.asyncIterator]: () => {
        if (taken) throw new Error('bug: the frames of a stream are read once');
        taken = true;
        return this.#read(reads);
      },
    };
  }

  send(frame: Uint8Array): Promise<void> {
    if (frame.length > this.#settings.frameBytesMax) {
      return Promise.reject(new Error(`bug: a frame of ${frame.length} bytes is over the limit`));
    }
    const sent = this.#lastSend.then(() => this.#send(frame));
    this.#lastSend = sent.catch(() => {});
    return sent;
  }

  async close(): Promise<void> {
    await this.#lastSend;
    try {
      await this.#stream.close();
    } catch {
      // The peer or the link was faster: what was sent is as lost or as delivered as it would be anyway.
      this.abort();
    }
  }

  abort(): void {
    if (this.#stream.status === 'open' || this.#stream.status === 'closing') {
      this.#stream.abort(new SedgeError('overlay.stream-closed', { peer: this.peer }));
    }
  }

  async #send(frame: Uint8Array): Promise<void> {
    // One buffer for length and frame: each send is a packet of its own through Yamux and Noise.
    const packet = Buffer.allocUnsafe(LENGTH_BYTES + frame.length);
    packet.writeUInt32BE(frame.length);
    packet.set(frame, LENGTH_BYTES);
    this.#settings.onSent?.(packet.length);
    for (let at = 0; at < packet.length; at += PIECE_BYTES) {
      this.#assertWritable();
      try {
        this.#stream.send(packet.subarray(at, at + PIECE_BYTES));
      } catch (cause) {
        throw new SedgeError('overlay.stream-closed', { peer: this.peer }, { cause });
      }
      await this.#drain.empty();
    }
    await this.#sent.take(frame.length);
    if (this.#stream.status !== 'open') this.#assertWritable();
  }

  #assertWritable(): void {
    if (this.#stream.writeStatus !== 'writable') {
      throw new SedgeError('overlay.stream-closed', { peer: this.peer, protocol: this.protocol });
    }
  }

  async *#read(reads: HeldBackReads): AsyncGenerator<Uint8Array> {
    const parser = new FrameParser(this.#settings.frameBytesMax);
    const turns = new Turns();
    try {
      for (;;) {
        const chunks = await this.#nextChunks(reads);
        if (chunks === null) break;
        for (const chunk of chunks) {
          parser.append(chunk);
          for (let frame = parser.take(); frame !== null; frame = parser.take()) {
            await turns.take(frame.length);
            yield frame;
          }
        }
        if (parser.tooLarge) throw this.#refuseFrame();
      }
      if (parser.pendingBytes > 0) throw new SedgeError('overlay.stream-closed', { peer: this.peer });
    } finally {
      // A reader that stops early wants no more: holding its peer back for ever would leak the stream.
      if (this.#stream.remoteWriteStatus !== 'closed') this.abort();
    }
  }

  async #nextChunks(reads: HeldBackReads): Promise<Uint8Array[] | null> {
    try {
      return await reads.next();
    } catch (cause) {
      throw new SedgeError('overlay.stream-closed', { peer: this.peer, protocol: this.protocol }, { cause });
    }
  }

  #refuseFrame(): SedgeError {
    this.#settings.counters.count('overlay.frame-too-large');
    this.abort();
    return new SedgeError('overlay.frame-too-large', {
      peer: this.peer,
      bytesMax: this.#settings.frameBytesMax,
    });
  }
}

/** Cuts frames out of chunks. Frames within one chunk are views of it; longer ones are copied once. */
class FrameParser {
  readonly #frameBytesMax: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #wanted = -1;
  tooLarge = false;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes of a frame that is not complete. */
  get pendingBytes(): number {
    return this.#bytes + (this.#wanted >= 0 ? LENGTH_BYTES : 0);
  }

  append(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.tooLarge) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next complete frame, or `null` where more bytes are needed. */
  take(): Uint8Array | null {
    if (this.#wanted < 0) {
      if (this.tooLarge || this.#bytes < LENGTH_BYTES) return null;
      const length = this.#consume(LENGTH_BYTES);
      this.#wanted = new DataView(length.buffer, length.byteOffset, LENGTH_BYTES).getUint32(0);
      this.tooLarge = this.#wanted > this.#frameBytesMax;
    }
    if (this.tooLarge || this.#bytes < this.#wanted) return null;
    const frame = this.#consume(this.#wanted);
    this.#wanted = -1;
    return frame;
  }

  #consume(count: number): Uint8Array {
    this.#bytes -= count;
    const first = this.#chunks[0];
    if (first !== undefined && first.length > count) {
      this.#chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      const part = this.#chunks[0]!;
      if (part.length > missing) {
        parts.push(part.subarray(0, missing));
        this.#chunks[0] = part.subarray(missing);
        missing = 0;
      } else {
        parts.push(part);
        this.#chunks.shift();
        missing -= part.length;
      }
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}

/** Lets the event loop run each so many bytes. */
class Turns {
  #bytes = 0;

  async take(bytes: number): Promise<void> {
    this.#bytes += Math.max(bytes, YIELD_COST_BYTES);
    if (this.#bytes < YIELD_BYTES) return;
    this.#bytes = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
