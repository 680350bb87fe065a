import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** True where the kernel says what a process wrote and holds: Linux. */
export const HAS_PROCESS_FIGURES = process.platform === 'linux';

/**
 * Bytes that a process caused to be written to storage (proc(5), `write_bytes` of /proc/pid/io): whole pages,
 * counted when they are dirtied, so it is what wears out a card and not what the program handed to write(2).
 */
export async function writtenBytes(pid: number): Promise<number> {
  const match = /^write_bytes: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'));
  return Number(match?.[1] ?? 0);
}

/** Resident memory of a process in bytes (proc(5), `VmRSS` of /proc/pid/status). */
export async function residentBytes(pid: number): Promise<number> {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1_024;
}

/** Sum of the sizes of all files below a directory. */
export async function directoryBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    // A file may be renamed away in between.
    files.map((file) =>
      stat(join(file.parentPath, file.name)).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
