const POLYNOMIAL = 0x1021;
const INITIAL = 0xffff;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0);
  return crc & 0xffff;
});

/** CRC-16/CCITT-FALSE (polynomial 0x1021, initial 0xffff, nothing reflected, no final xor) of bytes. */
export function crc16(bytes: Uint8Array, end = bytes.length): number {
  let crc = INITIAL;
  for (let at = 0; at < end; at++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ bytes[at]!]!;
  return crc;
}
