import { createHash } from 'node:crypto';

/**
 * Random numbers that a text decides: xoshiro128** (Blackman and Vigna, 2018), seeded by SHA-256. Each part of a
 * simulation has one of its own, so that what one of them draws changes nothing for the others. Not for secrets.
 */
export class SeededRandom {
  readonly #state: Uint32Array;

  constructor(seed: string) {
    const digest = createHash('sha256').update(seed).digest();
    this.#state = new Uint32Array(4);
    for (let index = 0; index < 4; index++) this.#state[index] = digest.readUInt32LE(index * 4);
  }

  /** 0 to below 1, as `Math.random`. */
  readonly next = (): number => this.#next32() / 0x1_0000_0000;

  /** Random bytes, as `crypto.randomBytes`. */
  readonly bytes = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 4) {
      let word = this.#next32();
      for (let index = at; index < Math.min(count, at + 4); index++) {
        bytes[index] = word & 0xff;
        word >>>= 8;
      }
    }
    return bytes;
  };

  /** 0 to below `end`, whole. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** The items in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
    }
    return shuffled;
  }

  #next32(): number {
    const s = this.#state;
    const [s0, s1, s2, s3] = [s[0]!, s[1]!, s[2]!, s[3]!];
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[2] = s2 ^ s0;
    s[3] = s3 ^ s1;
    s[1] = s1 ^ s[2]!;
    s[0] = s0 ^ s[3]!;
    s[2] = s[2]! ^ (s1 << 9);
    s[3] = rotate(s[3]!, 11);
    return result;
  }
}

function rotate(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}
