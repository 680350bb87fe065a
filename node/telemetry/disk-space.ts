import { statfs } from 'node:fs/promises';

/** Room on a file system; `null` where the system does not say. */
export interface DiskSpace {
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
}

/** What was found is good for so long. */
const FRESH_MS = 5_000;

/**
 * How much room there is where a directory lies. Asking takes long where a disk is busy or hangs: only the first who asks
 * waits for it, the others get what was found last while it is asked for anew.
 */
export class DiskSpaceWatch {
  readonly #directory: string;
  #latest: DiskSpace | null = null;
  #asking: Promise<DiskSpace> | null = null;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async space(nowMs: number): Promise<DiskSpace> {
    if (nowMs - this.#askedAtMs >= FRESH_MS && this.#asking === null) {
      this.#askedAtMs = nowMs;
      this.#asking = this.#ask().finally(() => {
        this.#asking = null;
      });
    }
    return this.#latest ?? (await (this.#asking ?? this.#ask()));
  }

  async #ask(): Promise<DiskSpace> {
    const found = await statfs(this.#directory).catch(() => null);
    this.#latest =
      found === null
        ? { freeBytes: null, totalBytes: null }
        : { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
    return this.#latest;
  }
}
