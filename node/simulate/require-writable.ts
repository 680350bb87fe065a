import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SedgeError } from '../../src/errors/index.ts';

/**
 * Refuses a file that cannot be written, before the minutes of the run that it is to hold are spent. Throws
 * `cli.output`.
 */
export async function requireWritable(...files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file === undefined) continue;
    try {
      await access(dirname(file), constants.W_OK);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SedgeError('cli.output', { file, reason }, { cause: error });
    }
  }
}
