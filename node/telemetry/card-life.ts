/** What wears a card. */
export interface CardWear {
  /** Size of the card. */
  readonly bytes: number;
  /** How often each cell can be written. */
  readonly enduranceCycles: number;
  /** Bytes that the card writes to its cells for each byte that it is given. */
  readonly writeAmplification: number;
  /** Part of its life that is gone, 0 to 1, where the card says so; else it counts as new. */
  readonly wornFraction: number | null;
  /** Bytes that all programs together write a second. */
  readonly bytesPerSecond: number;
}

/**
 * Each cell of a consumer's card with three bits a cell lasts about so long; "endurance" cards are sold for three times
 * that and more.
 */
export const ENDURANCE_CYCLES_DEFAULT = 1_000;

/**
 * A card rewrites at least a page of 16 KiB, and now and then a block of megabytes, where it is given 4 KiB. Four is
 * what small writes in order cost on a card that is not full; random ones cost more.
 */
export const WRITE_AMPLIFICATION = 4;

/**
 * How long a card lasts at the rate at which it is written now, seconds: cells that can still be written, over cells
 * that are written a second. `null` where nothing is written. An estimate within a factor of three at best: cards do not say
 * what they are made of.
 */
export function remainingSeconds(wear: CardWear): number | null {
  const { bytes, enduranceCycles, writeAmplification, wornFraction, bytesPerSecond } = wear;
  if (bytesPerSecond <= 0) return null;
  const left = Math.max(0, 1 - (wornFraction ?? 0));
  return (bytes * enduranceCycles * left) / (bytesPerSecond * writeAmplification);
}
