import type { Disk, DiskFile } from './disk.ts';
import { type KeepUnsynced, MemoryFile } from './memory-file.ts';

/** Something a disk is asked to do. */
export interface DiskOperation {
  readonly kind: 'read' | 'write' | 'truncate' | 'sync' | 'create' | 'rename' | 'remove' | 'sync-directory';
  readonly path: string;
  /** Of a read or write. */
  readonly position?: number;
  readonly length?: number;
}

/** What a power cut does. */
export interface CrashOptions {
  /**
   * `none`: all that was not synced is lost, names included. `all`: the process died and the system lives.
   * `random`: each unsynced write survives, tears or is lost by itself; of names the first few survive.
   */
  readonly keepUnsynced: KeepUnsynced;
  /** 0 to below 1. @defaultValue `Math.random` */
  readonly random?: () => number;
}

interface Directory {
  readonly names: Map<string, MemoryFile>;
  /** Changes of names that are not synced, oldest first, each with the state before. */
  unsynced: Map<string, MemoryFile>[];
}

/** A {@link Disk} in memory that loses, tears, flips, fills up and fails on demand. */
export class MemoryDisk implements Disk {
  readonly #directories: Map<string, Directory>;
  #dead = false;
  #dieAfterChanges = Number.POSITIVE_INFINITY;
  /** Bytes that all files together may take; what does not fit fails with `ENOSPC` after a part. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Sees every operation first and may throw what a failing disk throws. See {@link diskError}. */
  onOperation: ((operation: DiskOperation) => void) | null = null;
  /** Totals since it was made. */
  readonly totals = { readBytes: 0, writtenBytes: 0, syncs: 0, changes: 0 };

  constructor(directories: Map<string, Directory> = new Map()) {
    this.#directories = directories;
  }

  async open(path: string, options: { readonly create: boolean }): Promise<DiskFile> {
    await this.#enter();
    const [directory, name] = this.#split(path);
    const known = this.#directories.get(directory)?.names.get(name);
    if (known !== undefined) return new MemoryHandle(this, path, known);
    if (!options.create) throw diskError('ENOENT', path);
    const file = new MemoryFile();
    await this.#rename({ kind: 'create', path }, directory, (names) => names.set(name, file));
    return new MemoryHandle(this, path, file);
  }

  async list(directory: string): Promise<string[]> {
    await this.#enter();
    const known = this.#directories.get(directory);
    const below = [...this.#directories.keys()]
      .filter((path) => path.startsWith(`${directory}/`))
      .map((path) => path.slice(directory.length + 1).split('/')[0]!);
    return [...new Set([...(known?.names.keys() ?? []), ...below])];
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#enter();
    if (!this.#directories.has(path)) this.#directories.set(path, { names: new Map(), unsynced: [] });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#enter();
    const [directory, name] = this.#split(from);
    const [directoryTo, nameTo] = this.#split(to);
    const file = this.#directories.get(directory)?.names.get(name);
    if (file === undefined || directory !== directoryTo) throw diskError('ENOENT', from);
    await this.#rename({ kind: 'rename', path: to }, directory, (names) => {
      names.delete(name);
      names.set(nameTo, file);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#enter();
    const [directory, name] = this.#split(path);
    if (this.#directories.get(directory)?.names.has(name) !== true) return;
    await this.#rename({ kind: 'remove', path }, directory, (names) => names.delete(name));
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#enter();
    this.#see({ kind: 'sync-directory', path });
    this.totals.syncs++;
    const directory = this.#directories.get(path);
    if (directory === undefined) throw diskError('ENOENT', path);
    directory.unsynced = [];
  }

  /** The power goes after that many more changes (writes, sizes, names): all later operations fail. */
  dieAfter(changes: number): void {
    this.#dieAfterChanges = this.totals.changes + changes;
  }

  /** True once the power went. */
  get dead(): boolean {
    return this.#dead;
  }

  /**
   * Cuts the power. This disk is dead from now on, so that a process that still holds it cannot write; the
   * returned one holds what survived.
   */
  crash(options: CrashOptions): MemoryDisk {
    this.#dead = true;
    const random = options.random ?? Math.random;
    const survived = new Map<string, Directory>();
    for (const [path, directory] of this.#directories) {
      survived.set(path, { names: namesAfterCut(directory, options.keepUnsynced, random), unsynced: [] });
    }
    const files = new Set([...survived.values()].flatMap(({ names }) => [...names.values()]));
    for (const file of files) file.cut(options.keepUnsynced, random);
    const disk = new MemoryDisk(survived);
    disk.capacityBytes = this.capacityBytes;
    return disk;
  }

  /** A copy of all files, as of an SD card: both go on by themselves. */
  clone(): MemoryDisk {
    const copy = new Map<string, Directory>();
    for (const [path, { names }] of this.#directories) {
      copy.set(path, {
        names: new Map([...names].map(([name, file]) => [name, file.clone()])),
        unsynced: [],
      });
    }
    return new MemoryDisk(copy);
  }

  /** Turns bits of a byte over. */
  flip(path: string, at: number, mask = 1): void {
    this.file(path).flip(at, mask);
  }

  /** A file's contents, to look at. Throws `ENOENT`. */
  file(path: string): MemoryFile {
    const [directory, name] = this.#split(path);
    const file = this.#directories.get(directory)?.names.get(name);
    if (file === undefined) throw diskError('ENOENT', path);
    return file;
  }

  /** Bytes of all files. */
  get usedBytes(): number {
    let bytes = 0;
    for (const { names } of this.#directories.values()) for (const file of names.values()) bytes += file.size;
    return bytes;
  }

  /** For the disk's own handles: lets an operation pass, or throws. */
  async admit(operation: DiskOperation): Promise<void> {
    await this.#enter();
    this.#see(operation);
  }

  /** For the disk's own handles: counts a change, at which the power may go. */
  changed(path: string): void {
    this.totals.changes++;
    if (this.totals.changes < this.#dieAfterChanges) return;
    this.#dead = true;
    throw diskError('EIO', path);
  }

  async #rename(
    operation: DiskOperation,
    directory: string,
    change: (names: Map<string, MemoryFile>) => void,
  ): Promise<void> {
    this.#see(operation);
    const known = this.#directories.get(directory);
    if (known === undefined) throw diskError('ENOENT', operation.path);
    known.unsynced.push(new Map(known.names));
    change(known.names);
    this.changed(operation.path);
  }

  async #enter(): Promise<void> {
    await Promise.resolve();
    if (this.#dead) throw diskError('EIO', 'the power is off');
  }

  #see(operation: DiskOperation): void {
    this.onOperation?.(operation);
  }

  #split(path: string): [string, string] {
    const slash = path.lastIndexOf('/');
    return [path.slice(0, slash), path.slice(slash + 1)];
  }
}

/** An error as the system throws it. */
export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

class MemoryHandle implements DiskFile {
  readonly #disk: MemoryDisk;
  readonly #path: string;
  readonly #file: MemoryFile;
  #open = true;

  constructor(disk: MemoryDisk, path: string, file: MemoryFile) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
  }

  async size(): Promise<number> {
    await this.#admit({ kind: 'read', path: this.#path, position: 0, length: 0 });
    return this.#file.size;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    await this.#admit({ kind: 'read', path: this.#path, position, length: into.length });
    const bytes = this.#file.read(into, position);
    this.#disk.totals.readBytes += bytes;
    return bytes;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.#admit({ kind: 'write', path: this.#path, position, length: bytes.length });
    const growth = Math.max(0, position + bytes.length - this.#file.size);
    const limited = this.#disk.capacityBytes !== Number.POSITIVE_INFINITY && growth > 0;
    const room = limited ? this.#disk.capacityBytes - this.#disk.usedBytes : growth;
    const fits = growth <= room ? bytes.length : Math.max(0, bytes.length - (growth - Math.max(0, room)));
    this.#file.write(bytes.subarray(0, fits), position);
    this.#disk.totals.writtenBytes += fits;
    this.#disk.changed(this.#path);
    if (fits < bytes.length) throw diskError('ENOSPC', this.#path);
  }

  async sync(): Promise<void> {
    await this.#admit({ kind: 'sync', path: this.#path });
    this.#disk.totals.syncs++;
    this.#file.sync();
  }

  async truncate(size: number): Promise<void> {
    await this.#admit({ kind: 'truncate', path: this.#path, length: size });
    this.#file.truncate(size);
    this.#disk.changed(this.#path);
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  async #admit(operation: DiskOperation): Promise<void> {
    if (!this.#open) throw diskError('EBADF', this.#path);
    await this.#disk.admit(operation);
  }
}

function namesAfterCut(
  directory: Directory,
  keep: KeepUnsynced,
  random: () => number,
): Map<string, MemoryFile> {
  // Names are journalled: those changed first are on disk first.
  const states = [...directory.unsynced, directory.names];
  const at = keep === 'all' ? states.length - 1 : keep === 'none' ? 0 : Math.floor(random() * states.length);
  return new Map(states[at]!);
}
