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

/** Clock ticks a second of `/proc` (sysconf(_SC_CLK_TCK)), 100 on every Linux. */
const TICKS_PER_SECOND = 100;

/** Processor seconds that a process has used, in user and system mode; 0 where there is no `/proc`. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return 0;
  // The name in parentheses may hold anything; user time is the 12th field after it, system time the 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
