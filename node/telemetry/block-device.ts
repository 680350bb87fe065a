import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The disk or card that a directory lies on. */
export interface BlockDevice {
  /** As the kernel has it: `mmcblk0`, `sda`. */
  readonly name: string;
  /** Its whole size. */
  readonly bytes: number;
  /** Part of its life that is gone, 0 to 1, as an eMMC says in tenths; the worst of its areas. `null` where it does not say. */
  readonly wornFraction: number | null;
}

/** Units of sizes and counts below `/sys/block`, whatever the disk has. */
const SECTOR_BYTES = 512;
/** Place of "sectors written" in the `stat` of a disk (Documentation/block/stat.rst of Linux). */
const SECTORS_WRITTEN = 6;

/** The disk of a directory; `null` where there is none to be found: no Linux, or a file system without one disk. */
export function findBlockDevice(directory: string, sys = '/sys'): BlockDevice | null {
  try {
    const { dev } = statSync(directory, { bigint: true });
    const place = realpathSync(join(sys, 'dev/block', deviceNumber(dev)));
    const disk = readOr(join(place, 'partition')) === null ? place : dirname(place);
    const bytes = Number(readFileSync(join(disk, 'size'), 'utf8')) * SECTOR_BYTES;
    if (!(bytes > 0)) return null;
    return {
      name: basename(disk),
      bytes,
      wornFraction: wornFraction(readOr(join(disk, 'device/life_time'))),
    };
  } catch {
    return null;
  }
}

/** Bytes written to a disk since the machine started, by all programs; `null` where it cannot be read. */
export function deviceWrittenBytes({ name }: BlockDevice, sys = '/sys'): number | null {
  const fields = readOr(join(sys, 'block', name, 'stat'))
    ?.trim()
    .split(/\s+/);
  const sectors = Number(fields?.[SECTORS_WRITTEN] ?? Number.NaN);
  return Number.isFinite(sectors) ? sectors * SECTOR_BYTES : null;
}

/** `major:minor`, from a number as glibc's makedev makes it. */
function deviceNumber(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

/**
 * From `0x02 0x01`: areas of type A and B, 1 for at most a tenth gone, 11 for all (JEDEC eMMC 5.0,
 * DEVICE_LIFE_TIME_EST_TYP_A and _B). The upper end of the worst counts; 0 is for not defined.
 */
function wornFraction(lifeTime: string | null): number | null {
  const tenths = [...(lifeTime ?? '').matchAll(/0x([0-9a-f]+)/gi)].map(([, hex]) =>
    Number.parseInt(hex!, 16),
  );
  const worst = Math.max(0, ...tenths.filter((tenth) => tenth <= 11));
  return worst === 0 ? null : Math.min(1, worst / 10);
}

function readOr(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
