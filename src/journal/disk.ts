/**
 * What sedge needs of a file system. Two implementations: the real one, and one in memory that can lose
 * unsynced writes, tear, flip, fill up and fail on demand. Paths use `/`. Failures are thrown as the system's
 * errors with their `code` (`ENOSPC`, `EIO`, `ENOENT`); the callers turn them into sedge's.
 */
export interface Disk {
  /** Opens for reading and writing at positions, and makes the file if `create` is set. */
  open(path: string, options: { readonly create: boolean }): Promise<DiskFile>;
  /** Names (no paths) in a directory; empty if it does not exist. */
  list(directory: string): Promise<string[]>;
  /** Makes a directory and its parents. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces `to` in one step. Durable after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; no error if it does not exist. */
  remove(path: string): Promise<void>;
  /** Makes names in a directory (new, renamed, removed files) durable. */
  syncDirectory(path: string): Promise<void>;
}

/** An open file. */
export interface DiskFile {
  /** Bytes in the file. */
  size(): Promise<number>;
  /** Fills `into` from `position`; returns how many bytes there were. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all bytes at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes data (and size) durable: fdatasync. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
