import { Buffer } from 'node:buffer';
import type { Disk } from './disk.ts';
import type { Stretch } from './segment-rows.ts';

/** At most this much of one stretch is set aside; a whole segment fits. */
const COPY_BYTES_MAX = 16 * 1024 * 1024;
/** A directory keeps at most this many copies; further damage is counted only. */
const COPIES_MAX = 64;

/** Ending of the files with damaged bytes. */
export const DAMAGED_ENDING = '.damaged';

/**
 * Sets damaged bytes aside for people to look at, as `<file>.<offset>.damaged`. Failure to do so is no harm:
 * the bytes stay in the segment too.
 */
export async function copyDamage(
  disk: Disk,
  segment: { readonly directory: string; readonly path: string },
  stretch: Stretch,
): Promise<void> {
  try {
    const names = await disk.list(segment.directory);
    if (names.filter((name) => name.endsWith(DAMAGED_ENDING)).length >= COPIES_MAX) return;
    const bytes = await readStretch(disk, segment.path, stretch);
    const copy = await disk.open(`${segment.path}.${stretch.from}${DAMAGED_ENDING}`, { create: true });
    try {
      await copy.write(bytes, 0);
    } finally {
      await copy.close();
    }
  } catch {
    // The copy is for people; recovery must go on without.
  }
}

async function readStretch(disk: Disk, path: string, { from, to }: Stretch): Promise<Buffer> {
  const file = await disk.open(path, { create: false });
  try {
    const bytes = Buffer.alloc(Math.min(to - from, COPY_BYTES_MAX));
    return bytes.subarray(0, await file.read(bytes, from));
  } finally {
    await file.close();
  }
}
