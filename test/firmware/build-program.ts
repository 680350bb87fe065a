import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The repository's root, which compilers run in. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A C program to be built. */
export interface ProgramSource {
  readonly compiler: string;
  /** Flags before the sources: warnings, macros, includes. */
  readonly flags: readonly string[];
  /** C files, from the root of the repository. */
  readonly sources: readonly string[];
  /** What follows the sources: libraries. */
  readonly libraries?: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), 'sedge-firmware-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let built = 0;

/** Builds a program and returns its path; it is gone when the process ends. Rejects with what the compiler said. */
export async function buildProgram(source: ProgramSource): Promise<string> {
  built += 1;
  const program = join(folder, `program-${built}`);
  const { compiler, flags, sources, libraries = [] } = source;
  await run(compiler, [...flags, ...sources, '-o', program, ...libraries]);
  return program;
}

/** Compiles a source for its warnings alone; resolves to what the compiler said, which is nothing where all is well. */
export async function compilerSays(
  compiler: string,
  flags: readonly string[],
  source: string,
): Promise<string> {
  return run(compiler, [...flags, '-c', source, '-o', '/dev/null']).catch((error: Error) => error.message);
}

/** Runs a program to its end; rejects with its last words if it fails or takes over `timeoutMs` (60 s). */
export async function run(command: string, argv: readonly string[], timeoutMs = 60_000): Promise<string> {
  const options = { cwd: ROOT, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, argv, options);
    return stdout + stderr;
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      signal = null,
    } = error as { stdout?: string; stderr?: string; signal?: string };
    const why = signal === null ? '' : ` (${signal})`;
    throw new Error(`${command}${why}: ${(stdout + stderr).slice(-8_000)}`, { cause: error });
  }
}
