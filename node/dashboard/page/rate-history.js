/** Two minutes at one sample a second. */
const SAMPLES_MAX = 120;
/** Samples closer together than this count as one. */
const SAMPLE_MS = 900;

/** A rate and its last two minutes. */
export class RateHistory {
  static capacity = SAMPLES_MAX;
  /** @type {number[]} */
  #rates = [];
  #atMs = 0;

  /**
   * @param {number} perSecond
   * @param {number} atMs
   */
  sample(perSecond, atMs) {
    if (atMs - this.#atMs < SAMPLE_MS) return;
    this.#atMs = atMs;
    this.#rates.push(perSecond);
    if (this.#rates.length > SAMPLES_MAX) this.#rates.shift();
  }

  /** The newest; `null` while unknown. @returns {number | null} */
  get now() {
    return this.#rates.at(-1) ?? null;
  }

  /** The oldest first. @returns {readonly number[]} */
  get history() {
    return this.#rates;
  }
}
