import { fstatSync } from 'node:fs';

const STDERR = 2;

/** Whether stderr goes to systemd's journal, as `JOURNAL_STREAM` says (systemd.exec(5)): `<device>:<inode>` of the stream. */
export function isJournald(env: Readonly<Record<string, string | undefined>>): boolean {
  const named = env.JOURNAL_STREAM;
  if (named === undefined) return false;
  try {
    const { dev, ino } = fstatSync(STDERR, { bigint: true });
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
