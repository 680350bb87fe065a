import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { newBuildFolder } from './build-folder.ts';

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

const folder = newBuildFolder('firmware-');
let built = 0;

/** Where this process builds its programs. */
export function buildFolder(): string {
  return folder;
}

/** Builds a program and returns its path; it is gone when the tests end. Rejects with what the compiler said. */
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

/** How a program is run: where (the repository's root), and how long at most (60 s). */
export interface RunOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; resolves to what it said, rejects with its last words if it fails. */
export async function run(
  command: string,
  argv: readonly string[],
  { cwd = ROOT, timeoutMs = 60_000 }: RunOptions = {},
): Promise<string> {
  const options = { cwd, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
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
    throw new Error(`${command}${why}: ${(stdout + stderr).slice(-8_000)}`);
  }
}
