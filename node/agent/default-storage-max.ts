import { statfs } from 'node:fs/promises';

/** Never more than this by itself, however large the disk. */
const BYTES_MOST = 4 * 1024 ** 3;
/** Nor less: a realm of its own needs room even on the smallest disk. */
const BYTES_LEAST = 64 * 1024 ** 2;
/** As systemd's journal does: a tenth of the file system. */
const PART = 1 / 10;

/**
 * Bytes that all channels may take where nobody said how much: a tenth of the file system that the directory is
 * on, at most 4 GiB. Of the size, not of what is free: it must not change with what others store.
 */
export async function defaultStorageMax(directory: string): Promise<number> {
  try {
    const { blocks, bsize } = await statfs(directory);
    return Math.round(Math.min(BYTES_MOST, Math.max(BYTES_LEAST, blocks * bsize * PART)));
  } catch {
    return BYTES_MOST;
  }
}
