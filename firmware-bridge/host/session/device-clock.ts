/** The device's clock wraps here, ms: after 49.7 days. */
const WRAP_MS = 2 ** 32;
/** A reading may seem so much younger than the clock before it is taken to be from before a wrap. */
const SLACK_MS = 60_000;
/** Cheap resonators are off by so much; a good exchange of long ago is worth less than a fair one of now. */
const DRIFT = 0.005;

/** When the device said what its clock showed. */
export interface ClockSample {
  readonly sentAtMs: number;
  readonly heardAtMs: number;
  readonly uptimeMs: number;
}

/** Where a device's clock stands, and how often it has wrapped. One a boot of the device. */
export class DeviceClock {
  /** Of the host and of the device at the same moment, as well as is known. */
  #point: { readonly atMs: number; readonly uptimeMs: number; readonly doubtMs: number } | null = null;

  /** @param expected Where the clock is thought to be, from before the agent started; tells the number of wraps. */
  constructor(expected?: { readonly atMs: number; readonly uptimeMs: number }) {
    if (expected !== undefined) this.#point = { ...expected, doubtMs: Number.POSITIVE_INFINITY };
  }

  /** Whether the device has told its time since it booted. */
  get isKnown(): boolean {
    return this.#point !== null && Number.isFinite(this.#point.doubtMs);
  }

  /** The device's ms since boot at a time of the host; `null` before anything is known. */
  uptimeAt(atMs: number): number | null {
    return this.#point === null
      ? null
      : Math.max(Math.round(this.#point.uptimeMs + atMs - this.#point.atMs), 0);
  }

  /** Unwraps the `t` of what happened just now, and takes it as what the clock shows if nothing better is known. */
  unwrapNow(t: number, nowMs: number): number {
    const expected = this.uptimeAt(nowMs);
    // The nearest time that has these low 32 bits.
    const uptimeMs = expected === null ? t : t + WRAP_MS * Math.max(Math.round((expected - t) / WRAP_MS), 0);
    if (!this.isKnown) this.#point = { atMs: nowMs, uptimeMs, doubtMs: Number.POSITIVE_INFINITY };
    return uptimeMs;
  }

  /** Unwraps the `t` of something that happened any time up to now. */
  unwrapPast(t: number, nowMs: number): number {
    const expected = this.uptimeAt(nowMs);
    if (expected === null) return this.unwrapNow(t, nowMs);
    return t + WRAP_MS * Math.max(Math.floor((expected + SLACK_MS - t) / WRAP_MS), 0);
  }

  /** The device's clock showed this at some time between two of the host. */
  sample({ sentAtMs, heardAtMs, uptimeMs }: ClockSample): void {
    const doubtMs = (heardAtMs - sentAtMs) / 2;
    const point = this.#point;
    if (point !== null && point.doubtMs + (heardAtMs - point.atMs) * DRIFT < doubtMs) return;
    this.#point = { atMs: heardAtMs - doubtMs, uptimeMs, doubtMs };
  }
}
