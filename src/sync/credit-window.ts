/** What a pull may have under way at first, and at least. Bytes. */
const FIRST_BYTES = 32_768;
const LEAST_BYTES = 16_384;
/** So much of what arrives is to be under way, milliseconds: what waits behind it waits no longer. */
const QUEUE_MS = 1_000;

/**
 * How much a receiver lets a sender have under way: little at first, then about a second's worth of what arrives,
 * so that a bulk pull neither starves a fast link nor fills the buffers of a slow one, where everything else would
 * queue behind it. No I/O, no clock.
 */
export class CreditWindow {
  readonly #mostBytes: number;
  #windowBytes: number;
  #underWayBytes: number;
  #arrivedBytes = 0;
  #measuredAtMs: number;
  #bytesPerMs = 0;

  constructor(mostBytes: number, nowMs: number) {
    this.#mostBytes = mostBytes;
    this.#windowBytes = Math.min(FIRST_BYTES, mostBytes);
    this.#underWayBytes = this.#windowBytes;
    this.#measuredAtMs = nowMs;
  }

  /** Credit to begin with. */
  get firstBytes(): number {
    return this.#windowBytes;
  }

  /** Takes note of bytes that arrived; returns the credit to grant now, 0 for none yet. */
  arrived(bytes: number, nowMs: number): number {
    this.#underWayBytes -= bytes;
    this.#arrivedBytes += bytes;
    if (this.#arrivedBytes < this.#windowBytes / 4) return 0;
    const rate = this.#arrivedBytes / Math.max(1, nowMs - this.#measuredAtMs);
    this.#bytesPerMs = this.#bytesPerMs === 0 ? rate : (this.#bytesPerMs + rate) / 2;
    this.#arrivedBytes = 0;
    this.#measuredAtMs = nowMs;
    const wanted = Math.max(LEAST_BYTES, Math.ceil(this.#bytesPerMs * QUEUE_MS));
    this.#windowBytes = Math.min(this.#mostBytes, wanted);
    const credit = this.#windowBytes - this.#underWayBytes;
    if (credit <= 0) return 0;
    this.#underWayBytes += credit;
    return credit;
  }
}
