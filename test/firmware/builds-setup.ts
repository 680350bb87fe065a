import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILDS_VARIABLE } from './build-folder.ts';

/** Gives a test run the folder that its programs are built in, and takes it away at the end. */
export default function setup(): (() => void) | undefined {
  if (process.env[BUILDS_VARIABLE] !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'sedge-builds-'));
  process.env[BUILDS_VARIABLE] = folder;
  return () => {
    delete process.env[BUILDS_VARIABLE];
    rmSync(folder, { recursive: true, force: true });
  };
}
