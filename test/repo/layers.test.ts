import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Each layer may import only from those before it, and only their `index.ts`. */
const LAYERS = [
  'errors',
  'bytes',
  'cose',
  'identity',
  'topic',
  'realm',
  'entry',
  'journal',
  'ingest',
  'overlay',
  'gossip',
  'sync',
  'receipts',
  'bundle',
  'mesh',
];

/** Folders above the library, each with the folders that it may import from. */
const ABOVE: Readonly<Record<string, readonly string[]>> = {
  'firmware-bridge': ['src', 'firmware-bridge'],
  node: ['src', 'firmware-bridge', 'simulations', 'node'],
  bench: ['src', 'firmware-bridge', 'node', 'bench', 'packaging'],
  simulations: ['src', 'simulations'],
  packaging: ['packaging', 'node'],
  tools: ['src', 'tools'],
};

interface Import {
  readonly file: string;
  readonly target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm);
  return [...found].map(([, target]) => ({ file, target: target! }));
}

function resolved({ file, target }: Import): string {
  return relative(ROOT, resolve(ROOT, dirname(file), target));
}

const library = sources('src').flatMap(importsOf);

describe('the layers of the library', () => {
  it('are all folders of src', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).toEqual([...LAYERS].sort());
  });

  it('import only what comes before them, through its index', () => {
    const relativeImports = library.filter(({ target }) => target.startsWith('.'));
    expect(relativeImports.length).toBeGreaterThan(100);
    const wrong = relativeImports.filter((one) => {
      const [, from] = one.file.split('/');
      const [top, to, ...rest] = resolved(one).split('/');
      if (top !== 'src' || to === undefined) return true;
      if (from === to) return false;
      if (one.file === 'src/index.ts') return rest.join('/') !== 'index.ts';
      return rest.join('/') !== 'index.ts' || LAYERS.indexOf(to) >= LAYERS.indexOf(from!);
    });
    expect(wrong).toEqual([]);
  });

  it('know libp2p in the overlay alone', () => {
    const elsewhere = library.filter(
      ({ file, target }) =>
        /^(@libp2p\/|libp2p$|@multiformats\/multiaddr)/.test(target) && !file.startsWith('src/overlay/'),
    );
    expect(elsewhere).toEqual([]);
  });

  it('export by hand, never everything', () => {
    const wholesale = sources('src').filter((file) =>
      /^export \*/m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(wholesale).toEqual([]);
  });
});

describe('the folders above the library', () => {
  it.each(Object.entries(ABOVE))('%s imports only from its own and those below', (folder, allowed) => {
    const wrong = sources(folder)
      .flatMap(importsOf)
      .filter(({ target }) => target.startsWith('.'))
      .filter((one) => !allowed.includes(resolved(one).split('/')[0]!));
    expect(wrong).toEqual([]);
  });

  it('enter the library by its index, or by the errors that a light command needs alone', () => {
    const wrong = Object.keys(ABOVE)
      .flatMap(sources)
      .flatMap(importsOf)
      .filter(({ target }) => target.startsWith('.'))
      .filter((one) => resolved(one).startsWith('src/'))
      .filter((one) => !['src/index.ts', 'src/errors/index.ts'].includes(resolved(one)));
    expect(wrong).toEqual([]);
  });
});

describe('file names', () => {
  it('say what is in a file', () => {
    const nameless = ['src', ...Object.keys(ABOVE)].flatMap(sources).filter((file) => {
      return /(^|\/)(utils?|helpers?|common|misc|types|constants)\.ts$/.test(file);
    });
    expect(nameless).toEqual([]);
  });
});
