import { type Stats, statSync } from 'node:fs';
import { SedgeError } from '../../src/errors/index.ts';
import { SERVICE_DIRECTORY } from '../service/unit-text.ts';

/** Throws `service.needs-root` where nobody named a directory, it is the service's, and the user is neither root nor the service. */
export function requireServiceRights(directory: string, isNamed: boolean): void {
  if (isNamed || directory !== SERVICE_DIRECTORY) return;
  const user = process.getuid?.();
  if (user === 0 || user === statOrNull(directory)?.uid) return;
  throw new SedgeError('service.needs-root', { directory });
}

/**
 * Lets a command that root runs on somebody else's directory act as that user from here on: what it writes there would
 * else be root's, and the agent could not read it. Files that the command is told of must be open to that user too.
 */
export function actAsOwner(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const stats = statOrNull(directory);
  if (stats === null || stats.uid === 0) return;
  const { uid, gid } = stats;
  process.setgroups!([gid]);
  process.setgid!(gid);
  process.setuid!(uid);
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
