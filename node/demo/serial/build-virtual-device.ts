import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SedgeError } from '../../../src/errors/index.ts';

const C_FOLDER = fileURLToPath(new URL('../../../firmware-bridge/c', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'clang'];
const FLAGS = ['-std=c99', '-O2', `-I${join(C_FOLDER, 'include')}`];
/** Of what a compiler says, this much is shown. */
const SAID_CHARACTERS_MAX = 2_000;

/** Programs that were built. */
export interface DevicePrograms {
  readonly device: string;
  readonly ptyEnd: string;
  /** The compiler that did it. */
  readonly compiler: string;
}

/**
 * Builds the virtual device and its wire's end from the sources of the C library into a folder, with `$CC` or the
 * first compiler that the machine has. Throws `demo.no-compiler` and `demo.compile-failed`.
 */
export async function buildVirtualDevice(folder: string, signal: AbortSignal): Promise<DevicePrograms> {
  const { CC } = process.env;
  const compiler = await firstThatRuns(CC === undefined || CC === '' ? COMPILERS : [CC], signal);
  if (compiler === null) throw new SedgeError('demo.no-compiler', { tried: CC || COMPILERS.join(', ') });
  const library = await sourcesIn('src');
  const port = await sourcesIn('ports/posix');
  const device = join(folder, 'virtual-device');
  const ptyEnd = join(folder, 'pty-end');
  const compile = (into: string, sources: readonly string[]) =>
    run(compiler, [...FLAGS, '-o', into, ...sources], signal).then(({ exitCode, said }) => {
      if (exitCode === 0) return;
      throw new SedgeError('demo.compile-failed', { compiler, said: said.slice(0, SAID_CHARACTERS_MAX) });
    });
  await Promise.all([
    compile(device, [...library, ...port.filter((path) => basename(path) !== 'pty_end.c')]),
    compile(
      ptyEnd,
      port.filter((path) => ['pty_end.c', 'sedge_pty.c'].includes(basename(path))),
    ),
  ]);
  return { device, ptyEnd, compiler };
}

/** C files of a folder of the library. */
async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(C_FOLDER, folder));
  return names.filter((name) => name.endsWith('.c')).map((name) => join(C_FOLDER, folder, name));
}

async function firstThatRuns(compilers: readonly string[], signal: AbortSignal): Promise<string | null> {
  for (const compiler of compilers) {
    const { exitCode } = await run(compiler, ['--version'], signal);
    if (exitCode === 0) return compiler;
  }
  return null;
}

interface CompilerRun {
  /** `null` where it cannot be run at all. */
  readonly exitCode: number | null;
  readonly said: string;
}

function run(program: string, words: readonly string[], signal: AbortSignal): Promise<CompilerRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], signal });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once('error', (error) => {
      if (signal.aborted) reject(error);
      else resolve({ exitCode: null, said: error.message });
    });
    child.once('close', (exitCode) => resolve({ exitCode, said }));
  });
}
