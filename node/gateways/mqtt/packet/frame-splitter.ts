import { Buffer } from 'node:buffer';
import type { Frame } from './frame.ts';
import { type PacketFault, REASON } from './reason-code.ts';

/** Most bytes of a remaining length. */
const LENGTH_BYTES_MAX = 4;
const NOTHING = Buffer.alloc(0);

/** Cuts a stream of bytes into packets. Holds at most one packet that is not whole, copied once. */
export class FrameSplitter {
  #bytesMax: number;
  #parts: Buffer[] = [];
  #size = 0;
  #ready: Buffer = NOTHING;
  #fault: PacketFault | null = null;

  /** `bytesMax`: the largest packet that is taken. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Changes the largest packet from the next one on. */
  set bytesMax(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held of packets that were not taken out. */
  get bufferedBytes(): number {
    return this.#size + this.#ready.length;
  }

  /** Adds what was read. */
  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
  }

  /** The next whole packet; `null` if it is not whole yet, or a fault for good. */
  next(): Frame | PacketFault | null {
    if (this.#fault !== null) return this.#fault;
    let length = readLength(this.#ready);
    if (length === null && this.#size > 0) {
      this.#gather();
      length = readLength(this.#ready);
    }
    if (length === null) {
      return this.#ready.length > LENGTH_BYTES_MAX ? this.#fail(REASON.malformedPacket, '1.5.5-1') : null;
    }
    const size = length.bodyAt + length.value;
    if (size > this.#bytesMax) return this.#fail(REASON.packetTooLarge, '3.2.2-15');
    // Many small pieces of a large packet are joined once, when they suffice.
    if (this.#ready.length + this.#size < size) return null;
    if (this.#ready.length < size) this.#gather();
    const bytes = this.#ready;
    // An empty view would keep the whole piece that it is of.
    this.#ready = bytes.length === size ? NOTHING : bytes.subarray(size);
    return { bytes: bytes.subarray(0, size), bodyAt: length.bodyAt };
  }

  #gather(): void {
    const parts = this.#ready.length === 0 ? this.#parts : [this.#ready, ...this.#parts];
    this.#ready = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.#parts = [];
    this.#size = 0;
  }

  #fail(reason: PacketFault['reason'], rule: string): PacketFault {
    this.#parts = [];
    this.#size = 0;
    this.#ready = NOTHING;
    this.#fault = { reason, rule };
    return this.#fault;
  }
}

/** Reads the remaining length; `null` if its bytes are not all there, or are too many. */
function readLength(bytes: Buffer): { readonly value: number; readonly bodyAt: number } | null {
  let value = 0;
  for (let at = 1; at <= LENGTH_BYTES_MAX && at < bytes.length; at++) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return { value, bodyAt: at + 1 };
  }
  return null;
}
