import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the folder that the set-up of a test run makes, for its workers. */
export const BUILDS_VARIABLE = 'SEDGE_TEST_BUILDS';

/**
 * A new folder for programs built by a test: gone when the test run ends. A worker is stopped without a word, so the run
 * removes what its workers made; a process of its own removes it itself.
 */
export function newBuildFolder(prefix: string): string {
  const folder = mkdtempSync(join(process.env[BUILDS_VARIABLE] ?? tmpdir(), prefix));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
