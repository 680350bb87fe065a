/** 16 bits at an offset, low byte first. */
export function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** 32 bits at an offset, low byte first. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;
}

/** Writes the lowest `length` bytes of an integer below 2^53, low byte first. */
export function writeUint(bytes: Uint8Array, at: number, { value, length }: UintToWrite): void {
  let rest = value;
  for (let index = 0; index < length; index++) {
    bytes[at + index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** An integer and the bytes that it takes. */
export interface UintToWrite {
  readonly value: number;
  readonly length: number;
}
