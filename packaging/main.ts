import { resolve } from 'node:path';
import { buildPackage } from './build-package.ts';

const [outdir = 'dist'] = process.argv.slice(2);
const startedAtMs = performance.now();
await buildPackage(resolve(outdir));
console.log(`built ${outdir} in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
