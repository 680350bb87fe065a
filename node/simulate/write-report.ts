import { writeFile } from 'node:fs/promises';
import { type RunReport, reportPage } from '../../simulations/index.ts';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { packageVersion } from '../package-version.ts';

/** Writes runs as one HTML file and says where. Throws `cli.output`. */
export async function writeReport(
  context: CommandContext,
  file: string,
  runs: readonly RunReport[],
): Promise<void> {
  const page = reportPage(runs, { madeAtMs: context.io.nowMs(), version: packageVersion() });
  try {
    await writeFile(file, page);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('cli.output', { file, reason }, { cause: error });
  }
  context.note(`The report is in ${file}: open it in a browser.`);
}
