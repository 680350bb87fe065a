import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newBuildFolder } from '../../firmware/build-folder.ts';

const FOLDER = fileURLToPath(new URL('../../../firmware-bridge/c/ports/posix', import.meta.url));

const built = new Map<string, string>();

/** Builds the programs of the posix port once a process and way; returns where they are until it ends. */
function build(...how: readonly string[]): string {
  const known = built.get(how.join(' '));
  if (known !== undefined) return known;
  const folder = newBuildFolder('posix-');
  execFileSync('make', ['-s', `BUILD=${folder}`, ...how], { cwd: FOLDER, timeout: 120_000 });
  built.set(how.join(' '), folder);
  return folder;
}

/** The device without hardware; one that can sign needs libcrypto. */
export function virtualDeviceProgram({ signs = false } = {}): string {
  return join(signs ? build('SIGN=1') : build(), 'virtual-device');
}

/** The end of a wire as a serial port. */
export function ptyEndProgram(): string {
  return join(build(), 'pty-end');
}
