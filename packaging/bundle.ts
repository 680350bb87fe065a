import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { lazyBuiltinsPlugin } from './lazy-builtins.ts';
import { lazyPackagesPlugin } from './lazy-packages.ts';
import { leftOutPlugin } from './left-out.ts';
import { entryName, type OwnFile, PACKAGE_ROOT, rewriteOwnFiles } from './own-files.ts';
import { serialBindingsPlugin } from './serial-bindings.ts';

/** What a program imports of the package, and the command line: sources by the name of their output in `lib`. */
export const ENTRIES: Readonly<Record<string, string>> = Object.freeze({
  cli: 'node/cli.ts',
  index: 'src/index.ts',
  client: 'node/control/client/index.ts',
  simulations: 'simulations/index.ts',
});

/** Folders whose modules may be in the bundle. */
const SOURCES = ['src', 'node', 'simulations', 'firmware-bridge/host'];

/** What a bundle consists of. */
export interface Bundle {
  readonly metafile: Metafile;
  /** What its modules read or run, beside themselves. */
  readonly files: readonly OwnFile[];
}

/**
 * Bundles the sources of `root` into `<outdir>/lib`: a module for each entry, and one for each part that is loaded when
 * it is needed, so that what is off is not read. Throws what esbuild finds wrong.
 */
export async function bundle({ root, outdir }: { root: string; outdir: string }): Promise<Bundle> {
  const files = await ownFilesOf(root);
  const started = files.filter(({ isEntry }) => isEntry).map(({ source }) => [entryName(source), source]);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...ENTRIES, ...Object.fromEntries(started) },
    outdir: join(outdir, 'lib'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // Names stay: a stack trace in a report of a bug is worth more than the bytes.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // Packages in CommonJS ask for Node's modules with `require`, which a module of ECMAScript has not.
    banner: {
      js: [
        "import { createRequire as __sedgeCreateRequire } from 'node:module';",
        'const require = __sedgeCreateRequire(import.meta.url);',
        `const ${PACKAGE_ROOT} = new URL('../', import.meta.url);`,
      ].join(''),
    },
    plugins: [
      leftOutPlugin(),
      ownFilesPlugin(root),
      lazyBuiltinsPlugin(),
      lazyPackagesPlugin(),
      serialBindingsPlugin(),
    ],
  });
  return { metafile, files };
}

/** Every file that a source names, once. */
async function ownFilesOf(root: string): Promise<OwnFile[]> {
  const sources = SOURCES.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }));
  const found = new Map<string, OwnFile>();
  for (const source of sources) {
    const { files } = rewriteOwnFiles(source, await readFile(join(root, source), 'utf8'));
    for (const file of files) found.set(file.packed, file);
  }
  return [...found.values()];
}

function ownFilesPlugin(root: string): Plugin {
  return {
    name: 'own-files',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path.includes('/node_modules/')) return null;
        const { text } = rewriteOwnFiles(relative(root, path), await readFile(path, 'utf8'));
        return { contents: text, loader: 'ts' };
      });
    },
  };
}
