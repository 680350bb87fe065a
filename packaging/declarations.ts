import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Writes the types of modules (paths from `root`) and of all that these name, into `outdir`. Throws what the compiler says. */
export async function writeDeclarations(
  sources: readonly string[],
  { root, outdir }: { root: string; outdir: string },
): Promise<void> {
  const work = await mkdtemp(join(root, 'node_modules', '.sedge-types-'));
  try {
    const all = join(work, 'all');
    await compile(sources, { root, work, outdir: all });
    // The compiler describes what these use inside too; a reader gets what can be named.
    const entries = sources.map((source) => join(all, source.replace(/\.ts$/, '.d.ts')));
    for (const file of await reachable(entries)) await cp(file, join(outdir, relative(all, file)));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function compile(
  sources: readonly string[],
  { root, work, outdir }: { root: string; work: string; outdir: string },
): Promise<void> {
  const project = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rewriteRelativeImportExtensions: true,
      typeRoots: [join(root, 'node_modules/@types')],
      rootDir: root,
      outDir: outdir,
    },
    include: [],
    files: sources.map((source) => join(root, source)),
  };
  const file = join(work, 'tsconfig.json');
  await writeFile(file, JSON.stringify(project));
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', file]).catch((error) => {
    throw new Error(`The types cannot be written:\n${(error as { stdout: string }).stdout}`);
  });
}

/** Declaration files and all that these import from beside themselves. */
async function reachable(entries: readonly string[]): Promise<Set<string>> {
  const seen = new Set(entries);
  for (const file of seen) {
    const text = await readFile(file, 'utf8');
    for (const [, named] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.ts["']/g)) {
      seen.add(`${resolve(dirname(file), named!)}.d.ts`);
    }
  }
  return seen;
}
