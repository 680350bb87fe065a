import { Buffer, isUtf8 } from 'node:buffer';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const DELETE = 0x7f;
/** A fragment of fewer bytes without a line end is more likely noise than text. */
const FRAGMENT_BYTES_MIN = 3;

/** Whether bytes are UTF-8 without control characters but tab, CR and LF. */
export function isPrintable(bytes: Uint8Array): boolean {
  let last = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === DELETE) return false;
    if (byte < 0x20 && byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN) return false;
    // U+0080 to U+009F, among them a second escape character that terminals obey.
    if (last === 0xc2 && byte < 0xa0) return false;
    last = byte;
  }
  return isUtf8(bytes);
}

/** Whether a chunk that is no frame is text of the sketch. */
export function isTextChunk(chunk: Uint8Array): boolean {
  if (chunk.length < FRAGMENT_BYTES_MIN && !chunk.includes(LINE_FEED)) return false;
  return isPrintable(chunk);
}

/** The lines of printable bytes that hold more than white space. */
export function linesOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
}

/** Where to cut bytes so that the first part ends with a line, or at least with a character. */
export function cutPlace(bytes: Uint8Array): number {
  const lineEnd = bytes.lastIndexOf(LINE_FEED);
  if (lineEnd >= 0) return lineEnd + 1;
  let at = bytes.length - 1;
  // Back to the first byte of the last character, at most four bytes away.
  while (at > 0 && bytes.length - at < 4 && (bytes[at]! & 0xc0) === 0x80) at--;
  return bytes[at]! < 0x80 ? bytes.length : Math.max(at, 1);
}
