import { spawn } from 'node:child_process';

/** What a program printed, said and ended with. */
export interface NodeRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script with this Node to its end; after `interruptMs`, if given, Ctrl-C is pressed. */
export async function runNode(
  words: readonly string[],
  { interruptMs }: { readonly interruptMs?: number } = {},
): Promise<NodeRun> {
  const child = spawn(process.execPath, [...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = interruptMs === undefined ? null : setTimeout(() => child.kill('SIGINT'), interruptMs);
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  if (timer !== null) clearTimeout(timer);
  return { exitCode, stdout, stderr };
}
