/** A host that hears nothing for so long asks who is there. */
const SILENT_MS = 6_000;
/** After so much more the port is opened anew: it may be dead without a word. */
const DEAD_AFTER_MS = 9_000;
/** Of the silence that a sleeping device announced. */
const PATIENCE = 1.5;

/** Tells a port that is silent from one that is dead. */
export class SilenceWatch {
  #heardAtMs: number | null = null;
  #isSilent = false;
  #silentMs = SILENT_MS;
  /** Somebody spoke since the port was opened. */
  hasHeard = false;

  get wakeAtMs(): number | null {
    if (this.#heardAtMs === null) return null;
    return this.#heardAtMs + this.#silentMs + (this.#isSilent ? DEAD_AFTER_MS : 0);
  }

  /** When something was heard last, or the port was opened. */
  get sinceMs(): number {
    return this.#heardAtMs ?? 0;
  }

  opened(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#isSilent = false;
    this.#silentMs = SILENT_MS;
    this.hasHeard = false;
  }

  closed(): void {
    this.#heardAtMs = null;
  }

  /** How long the device may be silent; 0 for the default. */
  announced(silenceSeconds: number): void {
    this.#silentMs = Math.max(SILENT_MS, silenceSeconds * 1_000 * PATIENCE);
  }

  /** A valid frame came; true if it ends a silence. */
  heard(nowMs: number): boolean {
    if (this.#heardAtMs === null) return false;
    const wasSilent = this.#isSilent;
    this.#heardAtMs = nowMs;
    this.#isSilent = false;
    this.hasHeard = true;
    return wasSilent;
  }

  /** What begins now. A port that stays dead is told of again and again. */
  check(nowMs: number): 'silent' | 'dead' | null {
    const { wakeAtMs } = this;
    if (wakeAtMs === null || nowMs < wakeAtMs) return null;
    if (!this.#isSilent) {
      this.#isSilent = true;
      return 'silent';
    }
    this.#heardAtMs = nowMs;
    this.#isSilent = false;
    return 'dead';
  }
}
