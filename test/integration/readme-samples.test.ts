import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasTool } from '../firmware/toolchain.ts';
import { PageSamples, ROOT, type Sample, samplesOf } from './page-samples.ts';

const run = promisify(execFile);

let page: PageSamples;

beforeAll(async () => {
  page = await PageSamples.make();
});

afterAll(() => page.close());

it('the samples of the README do what it says, in their order', async () => {
  const samples = await samplesOf('README.md');
  const infos = samples.map(({ info }) => info);
  expect(infos).toContain('sh agent');
  expect(infos).toContain('sh device');
  for (const sample of samples) await runSample(sample);
});

/** What needs a C compiler is left out where there is none; the setup of the firmware's tests says so. */
async function runSample({ info, code }: Sample): Promise<void> {
  const [language, kind] = info.split(' ');
  const needsCompiler = code.includes('virtual-device') || code.includes('ttyUSB0') || code.includes('uno-1');
  if (needsCompiler && !(hasTool('gcc') && hasTool('make'))) return;
  if (info === 'sh mqtt' && !hasTool('mosquitto')) return;
  if (info === 'sh curl' && !hasTool('curl')) return;
  if (info === 'sh agent') await page.startAgent(code);
  else if (info === 'sh device') await page.startDevice(code);
  else if (['sh', 'sh mqtt', 'sh curl'].includes(info)) await page.shell(code);
  else if (language === 'ts') await (kind === 'vitest' ? runTest(code) : runProgram(code));
}

/** Runs a program as a user's own package would: it imports `sedge` by name. */
async function runProgram(code: string): Promise<void> {
  const stdout = await runInSamples({ 'sample.ts': code }, 'sample.ts');
  expect(stdout).not.toBe('');
}

/** Runs a test as a user's own package would: with vitest as it is without settings. */
async function runTest(code: string): Promise<void> {
  const files = { 'sample.test.ts': code, 'vitest.config.ts': 'export default {};' };
  const stdout = await runInSamples(
    files,
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--testTimeout=60000',
  );
  expect(stdout).toContain('1 passed');
}

/** Writes files into a folder within the package, runs Node there and returns what it said. */
async function runInSamples(files: Readonly<Record<string, string>>, ...command: string[]): Promise<string> {
  const folder = join(ROOT, 'test', '.samples');
  await mkdir(folder, { recursive: true });
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const { stdout } = await run('node', command, { ...page.inHome(60_000), cwd: folder });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
