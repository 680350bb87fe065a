/** How bad a line is. */
export interface NoiseRates {
  /** Bytes that vanish, in parts of all. */
  readonly lost: number;
  /** Bytes with one bit turned over, in parts of all. */
  readonly flipped: number;
  /** Pieces of text that a sketch printed into the line, in parts of all chunks. */
  readonly printed: number;
}

/** What a line did to its bytes so far. */
export interface NoiseTally {
  readonly passed: number;
  readonly lost: number;
  readonly flipped: number;
  readonly printed: number;
}

/** Where the chance comes from; seeded, so that a run can be played again. */
export interface Chance {
  /** A number from 0 up to, not including, 1. */
  next(): number;
}

/** What a sketch prints where it likes. */
const PRINTED = Buffer.from('free memory: 812 bytes\r\n');

/** A line that loses bytes, turns bits over and carries text between and inside of frames. */
export class LineNoise {
  readonly #chance: Chance;
  readonly #rates: NoiseRates;
  #passed = 0;
  #lost = 0;
  #flipped = 0;
  #printed = 0;

  constructor(chance: Chance, rates: NoiseRates) {
    this.#chance = chance;
    this.#rates = rates;
  }

  get tally(): NoiseTally {
    return { passed: this.#passed, lost: this.#lost, flipped: this.#flipped, printed: this.#printed };
  }

  /** What comes out at the other end. */
  pass(chunk: Uint8Array): Buffer {
    const { lost, flipped, printed } = this.#rates;
    const out: number[] = [];
    const printAt = this.#chance.next() < printed ? Math.floor(this.#chance.next() * chunk.length) : -1;
    for (const [index, byte] of chunk.entries()) {
      if (index === printAt) {
        out.push(...PRINTED);
        this.#printed++;
      }
      const draw = this.#chance.next();
      if (draw < lost) {
        this.#lost++;
      } else if (draw < lost + flipped) {
        out.push(byte ^ (1 << Math.floor(this.#chance.next() * 8)));
        this.#flipped++;
      } else {
        out.push(byte);
      }
    }
    this.#passed += out.length;
    return Buffer.from(out);
  }
}
