import { assert } from '../../../src/errors/index.ts';
import { permute } from './ascon-permutation.ts';

export const ASCON_KEY_BYTES = 16;
export const ASCON_NONCE_BYTES = 16;
/** Uncut; shorter tags are its first bytes. */
export const ASCON_TAG_BYTES = 16;

const RATE_BYTES = 16;
/** Initial value of Ascon-AEAD128, 0x00001000808c0001. */
const IV_LOW = 0x808c0001 | 0;
const IV_HIGH = 0x00001000;
/** The bit that parts associated data from text. */
const DOMAIN_BIT = 0x8000_0000 | 0;

/** 128 bits as four little-endian 32-bit words. */
export type Words128 = readonly [number, number, number, number];

/** Sixteen bytes as words. */
export function wordsOf(bytes: Uint8Array): Words128 {
  assert(bytes.length === 16, '128 bits are 16 bytes');
  return [load(bytes, 0), load(bytes, 4), load(bytes, 8), load(bytes, 12)];
}

/**
 * Ascon-AEAD128 (NIST SP 800-232, section 4) under one key, with the tag cut to `tagBytes` as section 4.2 allows.
 * Written for this project and unaudited; its time does not depend on keys or texts as far as the engine permits.
 */
export class AsconAead {
  readonly #key: Words128;
  readonly #tagBytes: number;
  readonly #state = new Int32Array(10);

  constructor(key: Uint8Array, tagBytes: number) {
    this.#key = wordsOf(key);
    this.#tagBytes = tagBytes;
  }

  /** The text encrypted, its tag behind it. No nonce may come twice under a key. */
  seal(nonce: Words128, associated: Uint8Array, text: Uint8Array): Uint8Array {
    this.#begin(nonce, associated);
    const sealed = new Uint8Array(text.length + this.#tagBytes);
    this.#crypt(text, sealed, false);
    this.#finish();
    for (let at = 0; at < this.#tagBytes; at++) sealed[text.length + at] = this.#tagByte(at);
    return sealed;
  }

  /** The text of sealed bytes; `null` if they were not sealed under this key, nonce and associated data. */
  open(nonce: Words128, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    const length = sealed.length - this.#tagBytes;
    if (length < 0) return null;
    this.#begin(nonce, associated);
    const text = new Uint8Array(length);
    this.#crypt(sealed.subarray(0, length), text, true);
    this.#finish();
    let difference = 0;
    for (let at = 0; at < this.#tagBytes; at++) difference |= sealed[length + at]! ^ this.#tagByte(at);
    return difference === 0 ? text : null;
  }

  #begin(nonce: Words128, associated: Uint8Array): void {
    const state = this.#state;
    const key = this.#key;
    state[0] = IV_LOW;
    state[1] = IV_HIGH;
    for (let word = 0; word < 4; word++) {
      state[2 + word] = key[word]!;
      state[6 + word] = nonce[word]!;
    }
    permute(state, 12);
    for (let word = 0; word < 4; word++) state[6 + word]! ^= key[word]!;
    if (associated.length > 0) this.#absorb(associated);
    state[9]! ^= DOMAIN_BIT;
  }

  #absorb(bytes: Uint8Array): void {
    const state = this.#state;
    let at = 0;
    for (; at + RATE_BYTES <= bytes.length; at += RATE_BYTES) {
      for (let word = 0; word < 4; word++) state[word]! ^= load(bytes, at + 4 * word);
      permute(state, 8);
    }
    for (let index = at; index < bytes.length; index++) {
      state[(index - at) >> 2]! ^= bytes[index]! << (8 * ((index - at) & 3));
    }
    this.#pad(bytes.length - at);
    permute(state, 8);
  }

  /** Between text and cipher text; the state takes in the cipher text either way. */
  #crypt(from: Uint8Array, to: Uint8Array, isCipher: boolean): void {
    const state = this.#state;
    let at = 0;
    for (; at + RATE_BYTES <= from.length; at += RATE_BYTES) {
      for (let word = 0; word < 4; word++) {
        const input = load(from, at + 4 * word);
        const output = state[word]! ^ input;
        store(to, at + 4 * word, output);
        state[word] = isCipher ? input : output;
      }
      permute(state, 8);
    }
    for (let index = at; index < from.length; index++) {
      const shift = 8 * ((index - at) & 3);
      const input = from[index]!;
      const output = ((state[(index - at) >> 2]! >>> shift) & 0xff) ^ input;
      to[index] = output;
      state[(index - at) >> 2]! ^= (isCipher ? output : input) << shift;
    }
    this.#pad(from.length - at);
  }

  #pad(at: number): void {
    this.#state[at >> 2]! ^= 1 << (8 * (at & 3));
  }

  #finish(): void {
    const state = this.#state;
    const key = this.#key;
    for (let word = 0; word < 4; word++) state[4 + word]! ^= key[word]!;
    permute(state, 12);
    for (let word = 0; word < 4; word++) state[6 + word]! ^= key[word]!;
  }

  #tagByte(at: number): number {
    return (this.#state[6 + (at >> 2)]! >>> (8 * (at & 3))) & 0xff;
  }
}

function load(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function store(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}
