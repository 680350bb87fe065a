import { type Dirent, readdirSync, type Stats, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../cli/human-figures.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Below it a clock was surely never set; sedge is younger. */
const YEAR_MIN = 2_024;
/** Journals need room to grow, and SD cards room to level wear. */
const FREE_BYTES_WARN = 256 * 1_048_576;
const FREE_BYTES_FAIL = 16 * 1_048_576;

/** Node's version, clock, directory, rights of the files, room on the disk. */
export async function checkMachine(directory: string, nowMs: number): Promise<Finding[]> {
  const findings = [ok('node version', `Node ${process.versions.node}`), checkClock(nowMs)];
  const stats = statOrNull(directory);
  if (stats === null) {
    const next =
      'Run "sedge init", "sedge join TOKEN" or "sedge start", or name another directory with --dir.';
    return [...findings, fail('directory', `${directory} does not exist`, next)];
  }
  if (!stats.isDirectory()) {
    return [...findings, fail('directory', `${directory} is a file`, 'Name a directory with --dir.')];
  }
  return [...findings, checkDirectory(directory, stats), ...checkFiles(directory), checkDisk(directory)];
}

/** A clock that is off harms nobody's order; only times shown, tokens and lifetimes suffer. */
export function checkClock(nowMs: number): Finding {
  const date = new Date(nowMs);
  if (date.getUTCFullYear() >= YEAR_MIN) return ok('clock', `${date.toISOString()} is plausible`);
  const sentence = `${date.toISOString()} cannot be right; times that are shown and tokens suffer, messages do not`;
  return warn('clock', sentence, 'Set the clock, or let NTP do it ("timedatectl set-ntp true").');
}

function checkDirectory(directory: string, { mode, uid }: Stats): Finding {
  const own = process.getuid?.();
  if (own !== undefined && own !== 0 && uid !== own) {
    return fail(
      'directory',
      `${directory} belongs to another user`,
      'Run sedge as that user, or use another --dir.',
    );
  }
  if ((mode & 0o022) !== 0) {
    return warn('directory', `${directory} can be written by others`, `Run "chmod 700 ${directory}".`);
  }
  return ok('directory', directory);
}

/** Whatever holds a key or a token is for its owner alone. */
function checkFiles(directory: string): Finding[] {
  const files = filesIn(directory);
  // One of another user, which another check tells of.
  if (files === null) return [];
  const open = files
    .filter((file) => file.isFile() && /key|realm|grant/.test(file.name))
    .filter((file) => ((statOrNull(join(directory, file.name))?.mode ?? 0) & 0o077) !== 0)
    .map((file) => file.name);
  if (open.length === 0) return [ok('key files', 'for their owner alone')];
  const paths = open.map((name) => join(directory, name)).join(' ');
  return [warn('key files', `${open.join(', ')} can be read by others`, `Run "chmod 600 ${paths}".`)];
}

function checkDisk(directory: string): Finding {
  const { bavail, bsize, ffree, files } = statfsSync(directory);
  const freeBytes = bavail * bsize;
  const next = 'Free space on that disk; the agent goes on by itself.';
  if (freeBytes < FREE_BYTES_FAIL) return fail('disk', `only ${formatBytes(freeBytes)} are free`, next);
  if (files > 0 && ffree === 0) return fail('disk', 'no further file can be made on it (no inodes)', next);
  if (freeBytes < FREE_BYTES_WARN) return warn('disk', `only ${formatBytes(freeBytes)} are free`, next);
  return ok('disk', `${formatBytes(freeBytes)} are free`);
}

function filesIn(directory: string): Dirent[] | null {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return null;
  }
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
