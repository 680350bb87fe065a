import { access, realpath } from 'node:fs/promises';
import { listSerialPorts, type SerialPortInfo } from '../discovery/index.ts';

/** Stable names of a port, as the system gave them when it was open last. */
export type StableNames = Pick<SerialPortInfo, 'byId' | 'byPath'>;

/** What is known of the port behind a path; `null` where the system says nothing. */
export async function describePort(path: string): Promise<SerialPortInfo | null> {
  const file = await realpath(path).catch(() => path);
  return (await listSerialPorts()).find((port) => port.path === file) ?? null;
}

/**
 * The file to open for a port: its own, or where that is gone the one that now has its stable names, as a board that is
 * plugged in again may come back as `ttyUSB1`. `isTaken`: that file serves another port.
 */
export async function followPort(
  path: string,
  names: StableNames | null,
  isTaken: (path: string) => boolean,
): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there || names === null) return path;
  return sameBoard(await listSerialPorts(), names, isTaken)?.path ?? path;
}

/** By what the board says of itself, if only one does, then by where it is plugged in. */
export function sameBoard(
  ports: readonly SerialPortInfo[],
  { byId, byPath }: StableNames,
  isTaken: (path: string) => boolean,
): SerialPortInfo | null {
  const free = ports.filter(({ path }) => !isTaken(path));
  const sameId = byId === null ? [] : free.filter((port) => port.byId === byId);
  if (sameId.length === 1) return sameId[0]!;
  return (byPath === null ? undefined : free.find((port) => port.byPath === byPath)) ?? null;
}
