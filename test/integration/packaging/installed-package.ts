import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildPackage, type PackageOptions } from '../../../packaging/build-package.ts';

const run = promisify(execFile);

/** The package, packed by npm and installed into an empty folder of a machine that has Node, a shell and nothing else. */
export class InstalledPackage {
  /** All of it is below this; gone after {@link remove}. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Builds, packs and installs; asks no registry for anything. */
  static async make(options: PackageOptions = {}): Promise<InstalledPackage> {
    const made = new InstalledPackage(await mkdtemp(join(tmpdir(), 'sedge-package-')));
    await buildPackage(made.built, options);
    await made.#makeBin();
    await made.#npm(made.root, 'pack', '--ignore-scripts', '--pack-destination', made.root, made.built);
    await mkdir(made.home);
    await writeFile(join(made.home, 'package.json'), '{"private":true}');
    const tarball = (await readdir(made.root)).find((file) => file.endsWith('.tgz'))!;
    await made.#npm(
      made.home,
      'install',
      '--ignore-scripts',
      '--offline',
      '--no-audit',
      '--no-fund',
      join(made.root, tarball),
    );
    return made;
  }

  /** The folder that was packed. */
  get built(): string {
    return join(this.root, 'built');
  }

  /** Where it is installed. */
  get home(): string {
    return join(this.root, 'home');
  }

  /** What npm made of its start script. */
  get command(): string {
    return join(this.home, 'node_modules/.bin/sedge');
  }

  /** Environment of a machine without a compiler, whose user has an empty home. */
  env(): NodeJS.ProcessEnv {
    return { PATH: join(this.root, 'bin'), HOME: this.home };
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  async #makeBin(): Promise<void> {
    const bin = join(this.root, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    for (const tool of ['/bin/sh', '/usr/bin/env']) await symlink(tool, join(bin, tool.split('/').at(-1)!));
  }

  async #npm(cwd: string, ...words: readonly string[]): Promise<void> {
    const options = { cwd, env: { ...this.env(), npm_config_cache: join(this.root, 'cache') } };
    await run(process.execPath, [await npmScript(), ...words], options);
  }
}

/** The script of the npm that this machine has. */
export async function npmScript(): Promise<string> {
  const { npm_execpath: running } = process.env;
  if (running?.includes('npm')) return join(dirname(await realpath(running)), 'npm-cli.js');
  const { stdout } = await run('sh', ['-c', 'command -v npm']);
  return join(dirname(await realpath(stdout.trim())), 'npm-cli.js');
}
