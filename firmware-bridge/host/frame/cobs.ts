/** Most bytes that one code byte can stand before. */
const RUN_MAX = 254;

/** Largest coded length of so many bytes (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999). */
export function cobsLengthMax(bodyLength: number): number {
  return bodyLength + 1 + Math.floor(bodyLength / RUN_MAX);
}

/** Writes the coded body, which holds no zero, at an offset of `target`; returns the offset after it. */
export function encodeCobs(body: Uint8Array, target: Uint8Array, offset: number): number {
  let codeAt = offset;
  let at = offset + 1;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]!;
    if (byte !== 0) target[at++] = byte;
    const isFull = at - codeAt > RUN_MAX;
    if (byte !== 0 && !(isFull && index + 1 < body.length)) continue;
    target[codeAt] = at - codeAt;
    codeAt = at++;
  }
  target[codeAt] = at - codeAt;
  return at;
}

/** The body that a chunk without zeros codes; `null` if it codes none. */
export function decodeCobs(chunk: Uint8Array): Uint8Array | null {
  const body = new Uint8Array(chunk.length);
  let length = 0;
  let at = 0;
  while (at < chunk.length) {
    const code = chunk[at++]!;
    const end = at + code - 1;
    if (code === 0 || end > chunk.length) return null;
    while (at < end) body[length++] = chunk[at++]!;
    if (code <= RUN_MAX && at < chunk.length) body[length++] = 0;
  }
  return body.subarray(0, length);
}
