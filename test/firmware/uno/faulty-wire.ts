import { SeededRandom } from '../../../simulations/world/seeded-random.ts';

/** What a wire does to the bytes on it, as chances from 0 to 1 for each byte. */
export interface WireFaults {
  /** A byte is gone. */
  readonly loss?: number;
  /** One of its bits is another. */
  readonly bitError?: number;
  /** Bytes nobody sent come in before it. */
  readonly garbage?: number;
  /** A burst begins with it, in which every byte is gone or any other. */
  readonly burst?: number;
  /** @defaultValue 40 */
  readonly burstBytes?: number;
}

export interface WireCounts {
  carried: number;
  lost: number;
  changed: number;
  inserted: number;
}

/** One direction of a serial line: what goes in, and what of it comes out, decided by a seed. */
export class FaultyWire {
  faults: WireFaults = {};
  /** The plug is out. */
  cut = false;
  readonly counts: WireCounts = { carried: 0, lost: 0, changed: 0, inserted: 0 };
  readonly #random: SeededRandom;
  #burstLeft = 0;

  constructor(seed: string) {
    this.#random = new SeededRandom(`wire ${seed}`);
  }

  /** What arrives for a byte that was sent. */
  carry(byte: number): readonly number[] {
    this.counts.carried += 1;
    if (this.cut) return this.#lose();
    const { loss = 0, burst = 0, burstBytes = 40, garbage = 0, bitError = 0 } = this.faults;
    if (this.#burstLeft === 0 && this.#happens(burst)) this.#burstLeft = burstBytes;
    if (this.#burstLeft > 0) {
      this.#burstLeft -= 1;
      return this.#random.next() < 0.5 ? this.#lose() : this.#change(byte, this.#random.below(256));
    }
    if (this.#happens(loss)) return this.#lose();
    const arrived = this.#happens(bitError)
      ? this.#change(byte, byte ^ (1 << this.#random.below(8)))
      : [byte];
    return this.#happens(garbage) ? [...this.garbage(1 + this.#random.below(20)), ...arrived] : arrived;
  }

  /** Bytes nobody sent. */
  garbage(count: number): number[] {
    this.counts.inserted += count;
    return [...this.#random.bytes(count)];
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random.next() < chance;
  }

  #lose(): readonly number[] {
    this.counts.lost += 1;
    return [];
  }

  #change(byte: number, other: number): readonly number[] {
    if (byte !== other) this.counts.changed += 1;
    return [other];
  }
}
