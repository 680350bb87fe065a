import type { Disk, DiskFile } from './disk.ts';

/** Keeps the most recently used files open for reading, and closes the rest. */
export class OpenFiles {
  readonly #disk: Disk;
  readonly #max: number;
  readonly #files = new Map<string, Promise<DiskFile>>();

  constructor(disk: Disk, max: number) {
    this.#disk = disk;
    this.#max = max;
  }

  /** Reads up to `into.length` bytes at `position`. */
  async read(path: string, into: Uint8Array, position: number): Promise<number> {
    const file = await this.#open(path);
    return file.read(into, position);
  }

  /** Closes a file, so that it can be replaced or removed. */
  async forget(path: string): Promise<void> {
    const file = this.#files.get(path);
    this.#files.delete(path);
    if (file !== undefined) await close(file);
  }

  /** Closes all. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(close));
  }

  #open(path: string): Promise<DiskFile> {
    const known = this.#files.get(path);
    if (known !== undefined) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    const opening = this.#disk.open(path, { create: false });
    this.#files.set(path, opening);
    opening.catch(() => {
      if (this.#files.get(path) === opening) this.#files.delete(path);
    });
    if (this.#files.size > this.#max) this.#closeOldest();
    return opening;
  }

  #closeOldest(): void {
    const [path, file] = this.#files.entries().next().value!;
    this.#files.delete(path);
    // Reads under way end first: a file handle's close waits for them.
    void close(file);
  }
}

async function close(file: Promise<DiskFile>): Promise<void> {
  try {
    await (await file).close();
  } catch {
    // Only reading was done with it; nothing is lost.
  }
}
