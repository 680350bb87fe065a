import { posix } from 'node:path';

/** A file or folder that a source names with `new URL('…', import.meta.url)`. */
export interface OwnFile {
  /** Where it is in the repository. */
  readonly source: string;
  /** Where it is in the package: nothing of ours may lie in `node_modules` there, so that is `vendor`. */
  readonly packed: string;
  /** A module that is run as a process of its own. */
  readonly isEntry: boolean;
}

/** A source with its files found from where the package has them, and which these are. */
export interface Rewritten {
  readonly text: string;
  readonly files: readonly OwnFile[];
}

/** What stands for the package's folder in the bundle. */
export const PACKAGE_ROOT = '__sedgePackageRoot';

const OWN_URL = /new URL\(\s*(['"`])([^'"`]*)\1,\s*import\.meta\.url,?\s*\)/g;

/**
 * Rewrites `new URL('./data/x.csv', import.meta.url)` of the source at `path` (from the repository's root), as a module
 * has another place in the bundle than in the repository. A template stands for the folder before its first `${`.
 * Throws an `Error` for any other use of `import.meta`, and for a template without such a folder.
 */
export function rewriteOwnFiles(path: string, text: string): Rewritten {
  const files: OwnFile[] = [];
  const rewritten = text.replaceAll(OWN_URL, (_, quote: string, named: string) => {
    const variable = named.indexOf('${');
    const folder = variable < 0 ? named : named.slice(0, named.lastIndexOf('/', variable) + 1);
    if (folder === '') throw new Error(`${path}: "${named}" names no folder that could be packed`);
    const source = posix.join(posix.dirname(path), folder);
    const file = ownFile(source);
    files.push(file);
    const tail = named.slice(folder.length);
    return `new URL(${quote}${file.packed}${tail}${quote}, ${PACKAGE_ROOT})`;
  });
  if (/\bimport\.meta\b/.test(rewritten)) {
    throw new Error(`${path}: the bundle knows import.meta only as new URL('…', import.meta.url)`);
  }
  return { text: rewritten, files };
}

/** Name of an entry's output, without its ending: all outputs lie in one folder. */
export function entryName(source: string): string {
  return source.replace(/\.ts$/, '').replaceAll('/', '-');
}

function ownFile(source: string): OwnFile {
  if (source.endsWith('.ts')) return { source, packed: `lib/${entryName(source)}.js`, isEntry: true };
  return { source, packed: source.replace(/^node_modules\//, 'vendor/'), isEntry: false };
}
