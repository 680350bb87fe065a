export { compareBytes, concatBytes, equalBytes } from './byte-arrays.ts';
export { CBOR_DEPTH_MAX, cborInt, cborUint, decodeCbor, encodeCbor } from './cbor.ts';
export { crc32c, RunningSha256, sha256, sha256Hex16 } from './hashes.ts';
export { fromBase64Url, fromHex, fromUtf8, toBase64, toBase64Url, toHex, toUtf8 } from './text-codecs.ts';
