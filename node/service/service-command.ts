import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SedgeError } from '../../src/errors/index.ts';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** Folders that the service does not see, or that are gone after a boot. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp|dev\/shm)\//;

/**
 * What the service is to run: this Node and this start script. With `reachable`, throws `service.unreachable` where the
 * service's user could not: a version manager's Node below somebody's home is the usual case. Another system's files
 * are not looked at: there the same paths must lead to them.
 */
export function serviceCommand({ reachable }: { readonly reachable: boolean }): string[] {
  const command = [realpathSync(process.execPath), realpathSync(MAIN)];
  if (reachable) command.forEach(requireReachable);
  return command;
}

/** Throws `service.unreachable` with what is in the way. */
export function requireReachable(path: string): void {
  if (HIDDEN.test(path)) throw new SedgeError('service.unreachable', { path });
  for (let at = path; at !== '/'; at = dirname(at)) {
    if (!isOpenToAll(at)) throw new SedgeError('service.unreachable', { path: at });
  }
}

/** Folders must let everybody pass, files let everybody read. */
function isOpenToAll(path: string): boolean {
  const stats = statSync(path);
  return (stats.mode & (stats.isDirectory() ? 0o001 : 0o004)) !== 0;
}
