/** What is taken over from the package.json of the repository. */
export interface SourceManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly keywords: readonly string[];
  readonly engines: Readonly<Record<string, string>>;
}

/**
 * The package.json of the package. It differs from that of the repository, which runs its sources unbuilt: all
 * that it needs is in the package, so that it has no dependencies, and nothing is compiled or fetched where it is
 * installed. `folder` is where the package's files are, seen from the manifest.
 */
export function publishedManifest(source: SourceManifest, folder = '.') {
  const { name, version, description, license, keywords, engines } = source;
  const at = (path: string) => (folder === '.' ? `./${path}` : `./${folder}/${path}`);
  const exported = (output: string, types: string) => ({
    types: at(`types/${types}`),
    default: at(`lib/${output}.js`),
  });
  return {
    name,
    version,
    description,
    type: 'module',
    license,
    keywords,
    engines,
    bin: { sedge: at('node/main.js').slice(2) },
    exports: {
      '.': exported('index', 'src/index.d.ts'),
      './client': exported('client', 'node/control/client/index.d.ts'),
      './simulations': exported('simulations', 'simulations/index.d.ts'),
      './package.json': './package.json',
    },
    ...(folder === '.' ? {} : { files: [folder] }),
  };
}
