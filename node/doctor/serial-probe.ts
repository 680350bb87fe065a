import {
  accessSync,
  constants,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';

/** Processes that are looked through, and files of each: more than any small machine has. */
const PROCESSES_MAX = 8_192;
const FILES_MAX = 4_096;
/** Major number of the terminals of windows and tests (Unix 98 ptys); the kernel shows them nowhere else. */
const PTY_MAJORS = { first: 136, last: 143 } as const;

/** What there is at a path where a serial port should be. */
export interface PortFile {
  readonly isTty: boolean;
  /** The device file behind links such as those of `/dev/serial/by-id`. */
  readonly path: string;
  /** Group that the file belongs to; its number where it has no name. */
  readonly group: string;
  /** Its group may read and write it. */
  readonly isGroups: boolean;
  /** Whether this process may read and write it. */
  readonly isAllowed: boolean;
}

/** A process, as `/proc` tells of it. */
export interface ProcessName {
  readonly pid: number;
  readonly name: string;
}

/** What the check of serial ports asks the machine; tests bring their own. */
export interface SerialProbe {
  /** `null` where nothing is. */
  file(path: string): PortFile | null;
  /** Name of the user that this process runs as, and whether `/etc/group` has it in a group. */
  readonly user: string;
  isMember(group: string): boolean;
  /** Who has the device file open; others' processes are only seen by root. */
  holders(path: string): readonly ProcessName[];
  /** Programs of these names that run. */
  running(names: readonly string[]): readonly ProcessName[];
}

/** Where a machine keeps what {@link machineProbe} reads. */
export interface ProbeDirectories {
  readonly etc?: string;
  readonly proc?: string;
  readonly sys?: string;
}

/** The machine itself. */
export function machineProbe(directories: ProbeDirectories = {}): SerialProbe {
  const { etc = '/etc', proc = '/proc', sys = '/sys' } = directories;
  const groups = (): readonly Group[] => readGroups(join(etc, 'group'));
  return {
    file: (path) => portFile(path, sys, groups()),
    user: userName(),
    isMember: (name) => groups().some((group) => group.name === name && group.members.includes(userName())),
    holders: (path) => processes(proc).filter(({ pid }) => hasOpen(join(proc, String(pid), 'fd'), path)),
    running: (names) => processes(proc).filter(({ name }) => names.includes(name)),
  };
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function portFile(path: string, sys: string, groups: readonly Group[]): PortFile | null {
  try {
    const real = realpathSync(path);
    const stats = statSync(real);
    const { gid, mode, rdev } = stats;
    return {
      isTty: stats.isCharacterDevice() && isTty(rdev, sys),
      path: real,
      group: groups.find((group) => group.gid === gid)?.name ?? String(gid),
      isGroups: (mode & 0o060) === 0o060,
      isAllowed: mayUse(real),
    };
  } catch {
    return null;
  }
}

/** By its number, as opening a port would reset many boards. Where the kernel tells nothing it may be one. */
function isTty(rdev: number, sys: string): boolean {
  const major = (rdev >> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
  if (major >= PTY_MAJORS.first && major <= PTY_MAJORS.last) return true;
  try {
    return basename(readlinkSync(join(sys, 'dev/char', `${major}:${minor}`, 'subsystem'))) === 'tty';
  } catch {
    return true;
  }
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readGroups(path: string): readonly Group[] {
  const lines = textOf(path).split('\n');
  return lines.flatMap((line) => {
    const [name, , gid, members] = line.split(':');
    if (name === undefined || gid === undefined) return [];
    return [{ name, gid: Number(gid), members: members?.split(',') ?? [] }];
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry, as in containers.
    return String(process.getuid?.() ?? '$USER');
  }
}

function processes(proc: string): ProcessName[] {
  const pids = namesIn(proc).filter((name) => /^\d+$/.test(name));
  return pids.slice(0, PROCESSES_MAX).map((pid) => ({
    pid: Number(pid),
    name: nameOf(join(proc, pid)),
  }));
}

/** Node calls its first thread `MainThread`, and the kernel a process by its first thread. */
function nameOf(process: string): string {
  const name = textOf(join(process, 'comm')).trim();
  if (name !== 'MainThread') return name;
  return basename(textOf(join(process, 'cmdline')).split('\0')[0]!) || name;
}

function hasOpen(descriptors: string, path: string): boolean {
  return namesIn(descriptors)
    .slice(0, FILES_MAX)
    .some((name) => {
      try {
        return readlinkSync(join(descriptors, name)) === path;
      } catch {
        return false;
      }
    });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
