import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** What one command of the command line gave. */
export interface SedgeAnswer {
  readonly exitCode: number | null;
  /** Objects on stdout. */
  readonly objects: readonly Record<string, unknown>[];
  /** Text on stderr. */
  readonly said: string;
}

/** Runs one command of the command line, with `--json`, to its end. */
export async function sedgeCommand(
  words: readonly string[],
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Promise<SedgeAnswer> {
  const child = spawn(process.execPath, [MAIN, '--dir', directory, '--json', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    signal,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const objects = printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { exitCode, objects, said };
}
