/** A device's clock was read: it said `uptimeMs` at some time between `sentAtMs` and `heardAtMs` of the host's clock. */
export interface ClockExchange {
  readonly sentAtMs: number;
  readonly heardAtMs: number;
  readonly uptimeMs: number;
}

/** A time of the device by the host's clock. */
export interface HostTime {
  readonly atMs: number;
  /** How far `atMs` may be off; {@link UNCERTAINTY_MS_MAX} where nothing is known. */
  readonly uncertaintyMs: number;
}

/** Stands for "not known": the time after which a device's clock wraps. */
export const UNCERTAINTY_MS_MAX = 2 ** 32;
/** Exchanges that are kept. */
const EXCHANGES_MAX = 16;
/** More than any clock differs with which a UART still works. */
const DRIFT_MAX = 0.02;
/** Never trusted better than this: a resonator drifts with its temperature. */
const DRIFT_UNCERTAINTY_MIN = 100e-6;
/** Both clocks tell whole milliseconds. */
const RESOLUTION_MS = 1;

interface Fix {
  readonly atMs: number;
  readonly uptimeMs: number;
  /** The device said it at most this long before or after `atMs`. */
  readonly errorMs: number;
}

/**
 * Maps one boot's clock of a device to the host's, from exchanges: the best one for a time is that with the smallest
 * sum of half its round trip and what the clocks may have drifted apart since. How fast the device's clock runs is
 * measured between exchanges that lie far apart. Pure: no clock of its own.
 */
export class DeviceClock {
  /** In order of time. */
  readonly #fixes: Fix[] = [];
  /** Host milliseconds per device millisecond, less one. */
  #drift = 0;
  #driftUncertainty = DRIFT_MAX;

  /** Relative error of the device's clock as measured, and how far that may be off: 0.001 is a tenth of a percent. */
  get drift(): { readonly rate: number; readonly uncertainty: number } {
    return { rate: this.#drift, uncertainty: this.#driftUncertainty };
  }

  /** Takes an exchange; one that cannot be (it ends before it begins) is passed over. */
  note({ sentAtMs, heardAtMs, uptimeMs }: ClockExchange): void {
    const roundTripMs = heardAtMs - sentAtMs;
    if (!(roundTripMs >= 0) || !(uptimeMs >= 0)) return;
    const fix = { atMs: sentAtMs + roundTripMs / 2, uptimeMs, errorMs: roundTripMs / 2 + RESOLUTION_MS };
    if (this.#fixes.some((before) => contradicts(before, fix))) this.#fixes.length = 0;
    this.#fixes.push(fix);
    this.#fixes.sort((a, b) => a.uptimeMs - b.uptimeMs);
    if (this.#fixes.length > EXCHANGES_MAX) this.#dropLeastUseful();
    this.#measureDrift();
  }

  /**
   * When, by the host's clock, the device's showed `uptimeMs`, given that it was heard to do so at `heardAtMs`: it
   * was not later than that. Where every exchange says that it was, one of the clocks stood still (the host slept, or
   * the device did): nothing is known then until the next exchange.
   */
  hostTimeOf(uptimeMs: number, heardAtMs: number): HostTime {
    let best: HostTime = { atMs: heardAtMs, uncertaintyMs: UNCERTAINTY_MS_MAX };
    for (const fix of this.#fixes) {
      const sinceMs = uptimeMs - fix.uptimeMs;
      const uncertaintyMs = fix.errorMs + Math.abs(sinceMs) * this.#driftUncertainty;
      if (uncertaintyMs >= best.uncertaintyMs) continue;
      best = { atMs: fix.atMs + sinceMs * (1 + this.#drift), uncertaintyMs };
    }
    if (best.atMs - best.uncertaintyMs > heardAtMs + RESOLUTION_MS) {
      this.#fixes.length = 0;
      return { atMs: heardAtMs, uncertaintyMs: UNCERTAINTY_MS_MAX };
    }
    // What lies in the future of its being heard is cut off: the rest of the interval is where it can be.
    const latestMs = Math.min(best.atMs + best.uncertaintyMs, heardAtMs);
    const earliestMs = Math.min(best.atMs - best.uncertaintyMs, latestMs);
    if (best.uncertaintyMs === UNCERTAINTY_MS_MAX || best.atMs <= latestMs) return best;
    return { atMs: latestMs, uncertaintyMs: latestMs - earliestMs };
  }

  /** Of two neighbours in time the less exact one: what stays is exact, and spread over the whole time. */
  #dropLeastUseful(): void {
    let closest = 1;
    let closestMs = Number.POSITIVE_INFINITY;
    // The newest stays, as most readings are young.
    for (let index = 1; index < this.#fixes.length - 1; index++) {
      const apartMs = this.#fixes[index]!.uptimeMs - this.#fixes[index - 1]!.uptimeMs;
      if (apartMs < closestMs) [closest, closestMs] = [index, apartMs];
    }
    const lessExact =
      this.#fixes[closest]!.errorMs > this.#fixes[closest - 1]!.errorMs ? closest : closest - 1;
    this.#fixes.splice(lessExact, 1);
  }

  /** From the pair of exchanges that leaves the least doubt. */
  #measureDrift(): void {
    this.#drift = 0;
    this.#driftUncertainty = DRIFT_MAX;
    for (const [index, later] of this.#fixes.entries()) {
      for (const earlier of this.#fixes.slice(0, index)) {
        const apartMs = later.uptimeMs - earlier.uptimeMs;
        const uncertainty = (later.errorMs + earlier.errorMs) / apartMs;
        if (!(uncertainty < this.#driftUncertainty)) continue;
        this.#drift = (later.atMs - earlier.atMs) / apartMs - 1;
        this.#driftUncertainty = uncertainty;
      }
    }
    this.#drift = Math.min(Math.max(this.#drift, -DRIFT_MAX), DRIFT_MAX);
    this.#driftUncertainty = Math.max(this.#driftUncertainty, DRIFT_UNCERTAINTY_MIN);
  }
}

/** No two clocks that run could show both. */
function contradicts(one: Fix, other: Fix): boolean {
  const deviceMs = other.uptimeMs - one.uptimeMs;
  const hostMs = other.atMs - one.atMs;
  const allowedMs = Math.abs(deviceMs) * DRIFT_MAX + one.errorMs + other.errorMs;
  return Math.abs(hostMs - deviceMs) > allowedMs;
}
