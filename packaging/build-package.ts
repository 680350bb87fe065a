import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bundle, bundle, ENTRIES } from './bundle.ts';
import { writeDeclarations } from './declarations.ts';
import { publishedManifest, type SourceManifest } from './published-manifest.ts';
import { copySerialBindings } from './serial-bindings.ts';
import { licencesText, thirdPartiesOf, unclearLicences } from './third-party-licences.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = ['README.md', 'CHANGELOG.md', 'LICENSE-APACHE', 'LICENSE-MIT'];

/** How a package is built. */
export interface PackageOptions {
  /** @defaultValue true. They take the most time. */
  readonly types?: boolean;
  /** Another version than that of package.json: for tests of upgrades. */
  readonly version?: string;
  /** Another place of the sources, such as an older version of them. */
  readonly root?: string;
}

interface Places {
  readonly root: string;
  readonly outdir: string;
}

/**
 * Builds the package into a folder that it empties first: bundle, start script, types, files that the bundle reads,
 * licences and the manifest. The folder works as it is, and `npm pack` or `npm publish` takes it.
 */
export async function buildPackage(
  outdir: string,
  { types = true, version, root = ROOT }: PackageOptions = {},
) {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(join(outdir, 'node'), { recursive: true });
  const source = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as SourceManifest;
  const manifest = publishedManifest(version === undefined ? source : { ...source, version });
  const [built] = await Promise.all([
    bundle({ root, outdir }),
    types && writeDeclarations(typed(), { root, outdir: join(outdir, 'types') }),
    writeFile(join(outdir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`),
    writeStartScript(root, outdir),
    ...PAGES.map((page) => cp(join(root, page), join(outdir, page))),
  ]);
  await copyOwnFiles(built, { root, outdir });
  await copySerialBindings(root, outdir);
  await writeLicences(built, { root, outdir });
}

/** What a program imports has types. */
function typed(): string[] {
  return Object.values(ENTRIES).filter((source) => source !== ENTRIES.cli);
}

/** The same script as unbuilt, but for what it loads. */
async function writeStartScript(root: string, outdir: string): Promise<void> {
  const text = await readFile(join(root, 'node/main.js'), 'utf8');
  const bundled = text.replace("'./cli.ts'", "'../lib/cli.js'");
  if (bundled === text) throw new Error("node/main.js does not load './cli.ts'");
  await writeFile(join(outdir, 'node/main.js'), bundled, { mode: 0o755 });
}

async function copyOwnFiles({ files }: Bundle, { root, outdir }: Places): Promise<void> {
  for (const { source, packed, isEntry } of files) {
    // The manifest and the start script are written, not copied.
    if (isEntry || packed === 'package.json' || packed === 'node/main.js') continue;
    await mkdir(dirname(join(outdir, packed)), { recursive: true });
    await cp(join(root, source), join(outdir, packed), { recursive: true, filter: isShipped });
  }
}

/** What is for the repository alone. */
function isShipped(path: string): boolean {
  return !path.endsWith('.gitignore');
}

async function writeLicences({ metafile }: Bundle, { root, outdir }: Places): Promise<void> {
  const parties = await thirdPartiesOf(root, Object.keys(metafile.inputs));
  const unclear = unclearLicences(parties);
  if (unclear.length > 0) throw new Error(`may these be shipped? ${unclear.join(', ')}`);
  await writeFile(join(outdir, 'THIRD-PARTY-LICENCES.txt'), licencesText(parties));
}
