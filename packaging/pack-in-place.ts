import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackage } from './build-package.ts';
import { publishedManifest, type SourceManifest } from './published-manifest.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MANIFEST = join(ROOT, 'package.json');
const KEPT = join(ROOT, 'build', 'package.json.kept');

/** Before `npm pack` in the repository: builds `dist` and puts the package's manifest in place of the repository's. */
async function prepack(): Promise<void> {
  const text = await readFile(MANIFEST, 'utf8');
  await buildPackage(join(ROOT, 'dist'));
  await mkdir(join(ROOT, 'build'), { recursive: true });
  await copyFile(MANIFEST, KEPT);
  const published = publishedManifest(JSON.parse(text) as SourceManifest, 'dist');
  await writeFile(MANIFEST, `${JSON.stringify(published, null, 2)}\n`);
}

/** After it: the repository's manifest again. */
async function postpack(): Promise<void> {
  await rename(KEPT, MANIFEST);
}

await (process.argv[2] === 'before' ? prepack() : postpack());
