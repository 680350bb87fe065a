/** Faults of one direction of a line, each a probability. */
export interface LineFaults {
  /** That a byte is lost. */
  readonly byteLoss?: number;
  /** That a bit is flipped. */
  readonly bitError?: number;
  /** That a burst begins at a byte; it damages `burstBytes`. */
  readonly burst?: number;
  readonly burstBytes?: number;
}

/** Numbers that follow from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One direction of a serial line on virtual time: bytes take their time, may be lost or damaged, never overtake. */
export class NoisyLine {
  readonly #random: () => number;
  readonly #byteMs: number;
  readonly #queue: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  #freeAtMs = 0;
  #burstLeft = 0;
  faults: LineFaults;
  /** Wire time used, in bytes. */
  bytesSent = 0;

  constructor(faults: LineFaults, random: () => number, baudRate = 115_200) {
    this.faults = faults;
    this.#random = random;
    this.#byteMs = 10_000 / baudRate;
  }

  /** When the next bytes arrive; `null` if none are under way. */
  get arrivesAtMs(): number | null {
    return this.#queue[0]?.atMs ?? null;
  }

  send(bytes: Uint8Array, nowMs: number): void {
    this.bytesSent += bytes.length;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + bytes.length * this.#byteMs;
    this.#queue.push({ atMs: this.#freeAtMs, bytes: this.#damaged(bytes) });
  }

  /** What has arrived by now. */
  receive(nowMs: number): Uint8Array {
    const arrived: Uint8Array[] = [];
    while (this.#queue.length > 0 && this.#queue[0]!.atMs <= nowMs) arrived.push(this.#queue.shift()!.bytes);
    return new Uint8Array(Buffer.concat(arrived));
  }

  /** What is under way is gone: unplugged. */
  cut(): void {
    this.#queue.length = 0;
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const { byteLoss = 0, bitError = 0, burst = 0, burstBytes = 8 } = this.faults;
    const arriving: number[] = [];
    for (const byte of bytes) {
      if (burst > 0 && this.#burstLeft === 0 && this.#random() < burst) this.#burstLeft = burstBytes;
      if (this.#burstLeft > 0) {
        this.#burstLeft--;
        if (this.#random() < 0.5) arriving.push(Math.floor(this.#random() * 256));
        continue;
      }
      if (byteLoss > 0 && this.#random() < byteLoss) continue;
      let seen = byte;
      if (bitError > 0) {
        for (let bit = 0; bit < 8; bit++) if (this.#random() < bitError) seen ^= 1 << bit;
      }
      arriving.push(seen);
    }
    return Uint8Array.from(arriving);
  }
}
