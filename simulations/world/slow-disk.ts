import type { Disk, DiskFile } from '../../src/index.ts';

/** How long a disk takes, virtual milliseconds. */
export interface DiskLatency {
  /** Of a sync of a file or directory: 5 to 20 on SD cards. @defaultValue 0 */
  readonly syncMs?: number;
  /** Of a read. @defaultValue 0 */
  readonly readMs?: number;
}

/** A disk that takes its time, in front of one that does not. */
export class SlowDisk implements Disk {
  readonly #disk: Disk;
  readonly #latency: DiskLatency;

  constructor(disk: Disk, latency: DiskLatency) {
    this.#disk = disk;
    this.#latency = latency;
  }

  async open(path: string, options: { readonly create: boolean }): Promise<DiskFile> {
    const file = await this.#disk.open(path, options);
    const { readMs = 0, syncMs = 0 } = this.#latency;
    return {
      size: () => file.size(),
      read: async (into, position) => {
        await sleep(readMs);
        return file.read(into, position);
      },
      write: (bytes, position) => file.write(bytes, position),
      sync: async () => {
        await sleep(syncMs);
        return file.sync();
      },
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  }

  list(directory: string): Promise<string[]> {
    return this.#disk.list(directory);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#disk.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await sleep(this.#latency.syncMs ?? 0);
    return this.#disk.syncDirectory(path);
  }
}

function sleep(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
