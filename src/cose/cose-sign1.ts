import { Buffer } from 'node:buffer';
import { accept, type Result, refuse } from '../errors/index.ts';
import { ed25519InUse } from './ed25519-in-use.ts';
import { isKnownOrAcceptable } from './native-ed25519.ts';
import type { SigningKey } from './signing-key.ts';

/** A COSE_Sign1 object (RFC 9052, section 4.2) of the one frame that sedge uses. */
export interface Cose1 {
  /** Raw Ed25519 public key of the signer, 32 bytes: a view of `bytes`. */
  readonly author: Uint8Array;
  /** What was signed: a view of `bytes`. */
  readonly payload: Uint8Array;
  /** 64 bytes: a view of `bytes`. */
  readonly signature: Uint8Array;
  /** The whole object as it came. */
  readonly bytes: Uint8Array;
}

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Tag 18, array of 4, byte string of 38: the map {1: -8, 4: bytes .size 32} up to the key. README.md has the template. */
const HEAD = Buffer.from('d28458' + '26' + 'a201270458' + '20', 'hex');
/** Where the key ends and `a0`, the empty unprotected header, follows. */
const KEY_END = HEAD.length + KEY_BYTES;
const PAYLOAD_HEAD = KEY_END + 1;
/** Byte string of 64. */
const SIGNATURE_HEAD = Buffer.from('5840', 'hex');
const TAIL_BYTES = SIGNATURE_HEAD.length + SIGNATURE_BYTES;

/** Array of 4, "Signature1", then the protected header up to the key, as in HEAD (RFC 9052, section 4.4). */
const SIG_STRUCTURE_HEAD = Buffer.concat([
  Buffer.from('846a', 'hex'),
  Buffer.from('Signature1'),
  HEAD.subarray(2),
]);

/**
 * Signs a payload as COSE_Sign1: EdDSA, key id in the protected header, nothing unprotected.
 * @param externalAad - bytes that are signed without being carried, such as the realm
 */
export function signCose1(payload: Uint8Array, key: SigningKey, externalAad: Uint8Array): Uint8Array {
  const signature = key.sign(sigStructure(key.publicKey, payload, externalAad));
  const headBytes = bytesHeadSize(payload.length);
  const frame = Buffer.allocUnsafe(PAYLOAD_HEAD + headBytes + payload.length + TAIL_BYTES);
  frame.set(HEAD);
  frame.set(key.publicKey, HEAD.length);
  frame[KEY_END] = 0xa0;
  let at = writeBytesHead(frame, PAYLOAD_HEAD, payload.length);
  frame.set(payload, at);
  at += payload.length;
  frame.set(SIGNATURE_HEAD, at);
  frame.set(signature, at + SIGNATURE_HEAD.length);
  return frame;
}

/**
 * Takes the frame apart without looking at the signature. Refuses (`cose.bad-frame`) every byte string but the
 * one that {@link signCose1} would make of the same parts: a relay must not be able to dress one object as two.
 */
export function parseCose1(bytes: Uint8Array): Result<Cose1> {
  const length = bytes.length;
  if (length < PAYLOAD_HEAD + 1 + TAIL_BYTES) return refuse('cose.bad-frame');
  for (let at = 0; at < HEAD.length; at++) if (bytes[at] !== HEAD[at]) return refuse('cose.bad-frame');
  if (bytes[KEY_END] !== 0xa0) return refuse('cose.bad-frame');
  const end = length - TAIL_BYTES;
  const start = PAYLOAD_HEAD + bytesHeadSizeAt(bytes, PAYLOAD_HEAD);
  if (start > end || readBytesHead(bytes, PAYLOAD_HEAD) !== end - start) return refuse('cose.bad-frame');
  if (bytes[end] !== 0x58 || bytes[end + 1] !== 0x40) return refuse('cose.bad-frame');
  return accept({
    author: bytes.subarray(HEAD.length, KEY_END),
    payload: bytes.subarray(start, end),
    signature: bytes.subarray(end + SIGNATURE_HEAD.length),
    bytes,
  });
}

/** Checks the signature. Refuses `cose.bad-key` and `cose.bad-signature`. */
export function verifyCose1(cose1: Cose1, externalAad: Uint8Array): Result<true> {
  if (!isKnownOrAcceptable(cose1.author)) return refuse('cose.bad-key');
  const signed = sigStructure(cose1.author, cose1.payload, externalAad);
  return ed25519InUse().verify(cose1.author, signed, cose1.signature)
    ? accept(true)
    : refuse('cose.bad-signature');
}

/** Sig_structure of RFC 9052, section 4.4, as bytes: what the signature is over. */
function sigStructure(author: Uint8Array, payload: Uint8Array, externalAad: Uint8Array): Buffer {
  const aadAt = SIG_STRUCTURE_HEAD.length + KEY_BYTES;
  const bytes = Buffer.allocUnsafe(
    aadAt +
      bytesHeadSize(externalAad.length) +
      externalAad.length +
      bytesHeadSize(payload.length) +
      payload.length,
  );
  bytes.set(SIG_STRUCTURE_HEAD);
  bytes.set(author, SIG_STRUCTURE_HEAD.length);
  let at = writeBytesHead(bytes, aadAt, externalAad.length);
  bytes.set(externalAad, at);
  at = writeBytesHead(bytes, at + externalAad.length, payload.length);
  bytes.set(payload, at);
  return bytes;
}

/** Size of the shortest head of a byte string (RFC 8949, section 4.2.1). */
function bytesHeadSize(length: number): number {
  return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
}

/** Writes the head of a byte string; returns the offset after it. */
function writeBytesHead(into: Buffer, at: number, length: number): number {
  if (length < 24) return into.writeUInt8(0x40 + length, at);
  if (length < 0x100) return into.writeUInt16BE(0x5800 + length, at);
  if (length < 0x1_0000) return into.writeUInt16BE(length, into.writeUInt8(0x59, at));
  return into.writeUInt32BE(length, into.writeUInt8(0x5a, at));
}

/** Size of the head at an offset, as its first byte tells; more than any object has where that is no byte string. */
function bytesHeadSizeAt(bytes: Uint8Array, at: number): number {
  const initial = bytes[at]!;
  if (initial >= 0x40 && initial < 0x58) return 1;
  return initial === 0x58 ? 2 : initial === 0x59 ? 3 : initial === 0x5a ? 5 : Number.POSITIVE_INFINITY;
}

/** Length that the head at an offset tells, or -1 where a shorter head would do. The head lies within the bytes. */
function readBytesHead(bytes: Uint8Array, at: number): number {
  const size = bytesHeadSizeAt(bytes, at);
  let length = size === 1 ? bytes[at]! - 0x40 : 0;
  for (let index = 1; index < size; index++) length = length * 256 + bytes[at + index]!;
  return bytesHeadSize(length) === size ? length : -1;
}
