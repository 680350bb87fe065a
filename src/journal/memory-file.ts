/** A change of a file that is not synced: how to undo it, and how to do it again. */
interface Change {
  readonly position: number;
  /** Bytes written; `null` for a change of size alone. */
  readonly data: Uint8Array | null;
  readonly sizeAfter: number;
  readonly sizeBefore: number;
  /** What stood from `position` (or the new end) to the old end or the end of the write. */
  readonly before: Uint8Array;
}

/** What a power cut leaves of unsynced changes. */
export type KeepUnsynced = 'none' | 'all' | 'random';

/** Contents of a file in memory, with what is not synced kept apart. */
export class MemoryFile {
  #bytes = new Uint8Array(256);
  #size = 0;
  #unsynced: Change[] = [];

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** A copy of the contents. */
  contents(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  read(into: Uint8Array, position: number): number {
    const from = this.#bytes.subarray(
      Math.min(position, this.#size),
      Math.min(this.#size, position + into.length),
    );
    into.set(from);
    return from.length;
  }

  write(data: Uint8Array, position: number): void {
    const end = position + data.length;
    const before = this.#bytes.slice(Math.min(position, this.#size), Math.min(end, this.#size));
    const sizeAfter = Math.max(this.#size, end);
    this.#unsynced.push({ position, data: data.slice(), sizeAfter, sizeBefore: this.#size, before });
    this.#put(data, position);
  }

  truncate(size: number): void {
    const before = this.#bytes.slice(Math.min(size, this.#size), this.#size);
    this.#unsynced.push({ position: size, data: null, sizeAfter: size, sizeBefore: this.#size, before });
    this.#resize(size);
  }

  sync(): void {
    this.#unsynced = [];
  }

  /** Turns bits of a byte over, as a failing medium does. */
  flip(at: number, mask: number): void {
    this.#bytes[at]! ^= mask;
  }

  /** Loses unsynced changes: none or all of them, or each by itself wholly, from some byte on, or not at all. */
  cut(keep: KeepUnsynced, random: () => number): void {
    const changes = this.#unsynced;
    this.#unsynced = [];
    if (keep === 'all') return;
    for (const change of changes.toReversed()) this.#undo(change);
    if (keep === 'none') return;
    for (const change of changes) this.#redoPart(change, random);
  }

  /** A file of the same contents, all of it synced. */
  clone(): MemoryFile {
    const copy = new MemoryFile();
    copy.#put(this.contents(), 0);
    return copy;
  }

  #undo(change: Change): void {
    this.#resize(change.sizeBefore);
    this.#bytes.set(change.before, Math.min(change.position, change.sizeBefore));
  }

  #redoPart(change: Change, random: () => number): void {
    const fate = random();
    if (fate < 1 / 3) return;
    if (change.data === null) this.#resize(change.sizeAfter);
    else if (fate < 2 / 3) this.#put(change.data, change.position);
    else this.#put(change.data.subarray(0, Math.floor(random() * change.data.length)), change.position);
  }

  #put(data: Uint8Array, position: number): void {
    this.#resize(Math.max(this.#size, position + data.length));
    this.#bytes.set(data, position);
  }

  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }
}
