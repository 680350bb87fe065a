import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../firmware-bridge/c/ports/posix', import.meta.url));

let built: string | null = null;

/** Builds the programs of the posix port once a process; returns where they are until it ends. */
function build(): string {
  if (built !== null) return built;
  const folder = mkdtempSync(join(tmpdir(), 'sedge-posix-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  execFileSync('make', ['-s', `BUILD=${folder}`], { cwd: FOLDER, timeout: 120_000 });
  built = folder;
  return folder;
}

/** The device without hardware. */
export function virtualDeviceProgram(): string {
  return join(build(), 'virtual-device');
}

/** The end of a wire as a serial port. */
export function ptyEndProgram(): string {
  return join(build(), 'pty-end');
}
