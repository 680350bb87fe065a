import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { npmScript } from '../integration/packaging/installed-package.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let root: string;

/** A copy of the repository: packing changes its manifest for a while, which other tests would see. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sedge-pack-'));
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, maxBuffer: 1e8 })
    .toString()
    .split('\0');
  for (const file of listed.filter(Boolean)) await cp(join(ROOT, file), join(root, file)).catch(() => {});
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
}, 120_000);

afterAll(() => rm(root, { recursive: true, force: true }));

it('"npm pack" in the repository packs the bundle, and leaves the manifest as it was', async () => {
  const before = await readFile(join(root, 'package.json'), 'utf8');
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };
  const { stdout } = await run(process.execPath, [await npmScript(), 'pack', '--json'], { cwd: root, env });
  expect(await readFile(join(root, 'package.json'), 'utf8')).toBe(before);
  const file = /"filename": "([^"]+)"/.exec(stdout)![1]!;
  await run('tar', ['-xzf', file], { cwd: root });
  const packed = JSON.parse(await readFile(join(root, 'package/package.json'), 'utf8')) as {
    bin: { sedge: string };
    dependencies?: unknown;
  };
  expect(packed.dependencies).toBeUndefined();
  const { version } = JSON.parse(before) as { version: string };
  const main = join(root, 'package', packed.bin.sedge);
  expect((await run(process.execPath, [main, '--version'])).stdout).toBe(`${version}\n`);
});
