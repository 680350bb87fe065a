import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb, type DebBuild } from './build-deb.ts';

const HOST = process.arch === 'arm64' ? 'arm64' : 'amd64';

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: HOST },
    outdir: { type: 'string', default: 'build' },
    compression: { type: 'string', default: 'xz' },
  },
});
const { arch, outdir, compression } = values;
if (!['amd64', 'arm64', 'all'].includes(arch) || !['xz', 'none'].includes(compression)) {
  console.error('usage: npm run deb -- [--arch amd64|arm64|all] [--outdir build] [--compression xz|none]');
  process.exitCode = 2;
} else {
  const options = { outdir: resolve(outdir), arch, compression } as DebBuild;
  const file = await buildDeb(options);
  console.log(`built ${file}, ${((await stat(file)).size / 1e6).toFixed(1)} MB`);
}
