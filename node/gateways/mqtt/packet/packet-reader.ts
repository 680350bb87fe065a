import { isUtf8 } from 'node:buffer';
import { type PacketFault, REASON, type ReasonCode } from './reason-code.ts';

/**
 * Walks the fields of a packet. The first fault stays, and what is read after it is empty or 0: callers look at
 * `fault` once, at the end.
 */
export class PacketReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #fault: PacketFault | null = null;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** The first fault that was met. */
  get fault(): PacketFault | null {
    return this.#fault;
  }

  get at(): number {
    return this.#at;
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#fault === null ? this.#end - this.#at : 0;
  }

  fail(reason: ReasonCode, rule: string): void {
    this.#fault ??= { reason, rule };
  }

  byte(): number {
    const at = this.#take(1);
    return at === null ? 0 : this.#bytes[at]!;
  }

  uint16(): number {
    const at = this.#take(2);
    return at === null ? 0 : this.#bytes.readUInt16BE(at);
  }

  uint32(): number {
    const at = this.#take(4);
    return at === null ? 0 : this.#bytes.readUInt32BE(at);
  }

  /** A variable byte integer in its shortest form. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < 4; index++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 128 ** index;
      if (byte < 0x80) {
        if (byte === 0 && index > 0) this.fail(REASON.malformedPacket, '1.5.5-1');
        return value;
      }
    }
    this.fail(REASON.malformedPacket, '1.5.5-1');
    return 0;
  }

  binary(): Buffer {
    const length = this.uint16();
    const at = this.#take(length);
    return at === null ? EMPTY : this.#bytes.subarray(at, at + length);
  }

  /** A text: well-formed UTF-8 without NUL. */
  text(): string {
    const bytes = this.binary();
    if (!isUtf8(bytes)) this.fail(REASON.malformedPacket, '1.5.4-1');
    else if (bytes.includes(0)) this.fail(REASON.malformedPacket, '1.5.4-2');
    return this.#fault === null ? bytes.toString('utf8') : '';
  }

  /** The rest as bytes. */
  rest(): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return this.#fault === null ? bytes : EMPTY;
  }

  /** A reader of the next bytes alone; they count as read. */
  within(length: number): PacketReader {
    const at = this.#take(length);
    return at === null ? new PacketReader(EMPTY) : new PacketReader(this.#bytes, at, at + length);
  }

  /** Takes over the fault of a reader made by {@link PacketReader.within}. */
  join(inner: PacketReader): void {
    if (inner.fault !== null) this.fail(inner.fault.reason, inner.fault.rule);
  }

  #take(length: number): number | null {
    if (this.#fault !== null) return null;
    if (this.#at + length > this.#end) {
      this.fail(REASON.malformedPacket, '4.13');
      return null;
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

const EMPTY = Buffer.alloc(0);
