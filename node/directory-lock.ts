import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SedgeError } from '../src/errors/index.ts';
import { controlSocketPath } from './control/control-socket.ts';

/** Name of the lock file in the directory of a node. */
export const LOCK_FILE = 'agent.lock';

/** Tries to take over a stale lock while others try the same. */
const ATTEMPTS_MAX = 8;
/** How long a socket may take to answer; a Unix socket with a listener answers at once. */
const PROBE_MS = 1_000;

/** Who holds a lock: a process, told from a later one of the same number by when it started. */
export interface LockHolder {
  readonly pid: number;
  /** Start of the process in clock ticks since boot, from `/proc`; `null` where there is none. */
  readonly startTicks: string | null;
}

/** Locks of this very process, which its number alone cannot tell from those of an earlier one. */
const heldHere = new Set<string>();

/**
 * The right to be the one agent of a directory. Node has no `flock`, so it is a file that names its process; the
 * lock of a process that is gone, killed or rebooted away, is taken over at once.
 */
export class DirectoryLock {
  readonly #path: string;
  readonly #directory: string;
  readonly #holder: LockHolder;

  private constructor(directory: string, holder: LockHolder) {
    this.#directory = directory;
    this.#path = join(directory, LOCK_FILE);
    this.#holder = holder;
  }

  /** Takes the lock. Throws `agent.running` where another agent has it, also one in another container. */
  static async take(directory: string): Promise<DirectoryLock> {
    const lock = new DirectoryLock(
      directory,
      processIdentity(process.pid) ?? { pid: process.pid, startTicks: null },
    );
    lock.#acquire();
    if (await answers(directory)) {
      lock.release();
      throw new SedgeError('agent.running', { directory });
    }
    return lock;
  }

  /** Gives the lock back. */
  release(): void {
    heldHere.delete(this.#path);
    try {
      unlinkSync(this.#path);
    } catch {
      // It is gone already: somebody cleaned the directory.
    }
  }

  #acquire(): void {
    const own = `${this.#path}.${process.pid}`;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      writeOwn(this.#directory, own, JSON.stringify(this.#holder));
      try {
        // A link appears with its content and fails if the name is taken: nobody ever sees half a lock.
        linkSync(own, this.#path);
        heldHere.add(this.#path);
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EEXIST') throw cannotUse(this.#directory, error);
      } finally {
        unlinkSync(own);
      }
      this.#removeStale();
    }
    throw new SedgeError('agent.running', { directory: this.#directory, reason: 'others are starting too' });
  }

  /** Moves a stale lock away. Throws `agent.running` if its process lives. */
  #removeStale(): void {
    const text = readText(this.#path);
    if (text === null) return;
    const holder = parseHolder(text);
    if (holder !== null && this.#isAlive(holder)) {
      throw new SedgeError('agent.running', { directory: this.#directory, pid: holder.pid });
    }
    const aside = `${this.#path}.stale.${process.pid}`;
    try {
      renameSync(this.#path, aside);
      // Another may have taken the lock between the look and the move: then it gets it back.
      if (readText(aside) !== text) linkSync(aside, this.#path);
      unlinkSync(aside);
    } catch {
      // Another was quicker; the next attempt sees what it did.
    }
  }

  #isAlive(holder: LockHolder): boolean {
    if (holder.pid === process.pid && holder.startTicks === this.#holder.startTicks)
      return heldHere.has(this.#path);
    const now = processIdentity(holder.pid);
    return now !== null && (holder.startTicks === null || now.startTicks === holder.startTicks);
  }
}

/** Who holds the lock of a directory, alive or not; `null` if nobody. */
export function lockHolder(directory: string): (LockHolder & { readonly isAlive: boolean }) | null {
  const holder = parseHolder(readText(join(directory, LOCK_FILE)) ?? '');
  if (holder === null) return null;
  const now = processIdentity(holder.pid);
  return { ...holder, isAlive: now !== null && now.startTicks === holder.startTicks };
}

/** A running process; `null` if there is none, or only its remains (a zombie). */
function processIdentity(pid: number): LockHolder | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat !== null) {
    // The name in parentheses may hold anything; state is the first field after it, start time the twentieth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : { pid, startTicks: fields[19] ?? null };
  }
  try {
    process.kill(pid, 0);
    return { pid, startTicks: null };
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM' ? { pid, startTicks: null } : null;
  }
}

function parseHolder(text: string): LockHolder | null {
  try {
    const { pid, startTicks } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return null;
    return { pid, startTicks: typeof startTicks === 'string' ? startTicks : null };
  } catch {
    return null;
  }
}

/** True if something accepts connections on the control socket, whatever process namespace it lives in. */
async function answers(directory: string): Promise<boolean> {
  const socket = controlSocketPath(directory);
  const connection = connect(socket.path);
  try {
    return await new Promise<boolean>((resolve) => {
      connection.once('connect', () => resolve(true));
      connection.once('error', () => resolve(false));
      connection.setTimeout(PROBE_MS, () => resolve(false));
    });
  } finally {
    connection.destroy();
    socket.release();
  }
}

function writeOwn(directory: string, path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw cannotUse(directory, error);
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function cannotUse(directory: string, error: unknown): SedgeError {
  const reason = error instanceof Error ? error.message : String(error);
  return new SedgeError('agent.directory', { directory, reason }, { cause: error });
}
