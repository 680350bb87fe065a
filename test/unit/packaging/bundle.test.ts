import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../../packaging/bundle.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

let outdir: string;
let metafile: Metafile;

beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'sedge-bundle-'));
  metafile = (await bundle({ root: ROOT, outdir })).metafile;
}, 60_000);

afterAll(() => rm(outdir, { recursive: true, force: true }));

/** Sources and packages that are read with the output of an entry, and none that is loaded later. */
function readWith(entry: string): string[] {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry);
  const outputs = new Set([found![0]]);
  for (const output of outputs) {
    for (const { path, kind } of metafile.outputs[output]!.imports) {
      if (kind === 'import-statement' && path in metafile.outputs) outputs.add(path);
    }
  }
  const inputs = [...outputs].flatMap((output) => Object.keys(metafile.outputs[output]!.inputs));
  return [...new Set(inputs.map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input))];
}

describe('the bundle', () => {
  it.each([
    'ws',
    'mqtt-packet',
    'mqtt',
    'yaml',
    '@serialport/stream',
    '@serialport/bindings-cpp',
    '@libp2p/mdns',
    'prom-client',
  ])('does not read %s for an agent that has no use for it', (name) =>
    expect(readWith('node/agent.ts')).not.toContain(name),
  );

  it('does not read a gateway that is off', () => {
    const gateways = readWith('node/agent.ts').filter((input) =>
      /^node\/gateways\/[^/]+\/index\.ts$/.test(input),
    );
    expect(gateways).toEqual([]);
  });

  it('reads no libp2p for a client of an agent', () => {
    const packages = readWith('node/control/client/index.ts').filter((input) => input.includes('libp2p'));
    expect(packages).toEqual([]);
  });
});
