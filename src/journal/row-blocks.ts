import { Buffer } from 'node:buffer';
import type { OpenFiles } from './open-files.ts';

/** The most recently used blocks of index files. */
export class RowBlocks {
  readonly #files: OpenFiles;
  readonly #max: number;
  readonly #blocks = new Map<string, Promise<Buffer>>();

  constructor(files: OpenFiles, max: number) {
    this.#files = files;
    this.#max = max;
  }

  /** The bytes of a block; fewer than asked for if the file ends before. */
  get(path: string, block: number, place: { position: number; length: number }): Promise<Buffer> {
    const key = `${block} ${path}`;
    const known = this.#blocks.get(key);
    if (known !== undefined) {
      this.#blocks.delete(key);
      this.#blocks.set(key, known);
      return known;
    }
    const loading = this.#load(path, place);
    this.#blocks.set(key, loading);
    loading.catch(() => this.#blocks.delete(key));
    if (this.#blocks.size > this.#max) this.#blocks.delete(this.#blocks.keys().next().value!);
    return loading;
  }

  /** Drops what was read of a file. */
  forget(path: string): void {
    for (const key of this.#blocks.keys()) if (key.endsWith(` ${path}`)) this.#blocks.delete(key);
  }

  async #load(path: string, place: { position: number; length: number }): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(place.length);
    return bytes.subarray(0, await this.#files.read(path, bytes, place.position));
  }
}
