import { type Stats, statSync } from 'node:fs';

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
