import type { SerialPortInfo } from '../discovery/index.ts';

/** A port that was found, while it is looked after. */
export interface FoundPort {
  readonly path: string;
  readonly isOpen: boolean;
  /** Left to another program. */
  readonly isReleased: boolean;
}

/** Ports that are looked after because they were found; more are left alone. */
export const AUTO_PORTS_MAX = 64;

/**
 * What `auto` does now that these ports are there: USB ports that nobody else looks after come, those that are gone go.
 * While one is left to another program, none comes: a board that is flashed goes and comes back, perhaps under another
 * name, and must not be taken away from the flasher.
 */
export function planAutoPorts(
  present: readonly SerialPortInfo[],
  found: readonly FoundPort[],
  isGiven: (path: string) => boolean,
): { readonly add: readonly string[]; readonly drop: readonly string[] } {
  const usb = present
    .filter(({ vendorId, path }) => vendorId !== null && !isGiven(path))
    .map(({ path }) => path);
  const drop = found
    .filter(({ path, isOpen, isReleased }) => !isOpen && !isReleased && !usb.includes(path))
    .map(({ path }) => path);
  const stay = found.filter(({ path }) => !drop.includes(path)).map(({ path }) => path);
  if (found.some(({ isReleased }) => isReleased)) return { add: [], drop };
  const add = usb.filter((path) => !stay.includes(path)).slice(0, Math.max(0, AUTO_PORTS_MAX - stay.length));
  return { add, drop };
}
