import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { exampleText } from '../../node/config/index.ts';
import { MEMORY_MAX, sysusersText, tmpfilesText, unitText } from '../../node/service/unit-text.ts';
import { buildPackage } from '../build-package.ts';
import {
  changelogText,
  controlText,
  debVersion,
  POSTINST,
  POSTRM,
  PRERM,
  SETTINGS_TEMPLATE,
  startText,
} from './control-files.ts';
import { fetchNode } from './fetch-node.ts';

const run = promisify(execFile);

/** Where the package has all that is not the system's business. */
const HOME = '/usr/lib/sedge';
/** Of the npm package, what a machine without programs of its own needs not. */
const LEFT_OUT = [
  'types',
  'README.md',
  'CHANGELOG.md',
  'LICENSE-APACHE',
  'LICENSE-MIT',
  'THIRD-PARTY-LICENCES.txt',
];

/** What a Debian package is to be. */
export interface DebBuild {
  /** Folder that gets it; what is made on the way lies there too. */
  readonly outdir: string;
  /** `all` ships no Node and depends on the machine's. */
  readonly arch: 'amd64' | 'arm64' | 'all';
  /** `xz` takes a minute and gives a third; tests do without. */
  readonly compression?: 'xz' | 'none';
  readonly version?: string;
}

/** Builds `sedge_VERSION_ARCH.deb` and resolves with its path. Needs `dpkg-deb`, and no root. */
export async function buildDeb({
  outdir,
  arch,
  compression = 'xz',
  version: asked,
}: DebBuild): Promise<string> {
  const tree = join(outdir, `deb-${arch}`);
  await rm(tree, { recursive: true, force: true });
  const home = join(tree, HOME);
  await buildPackage(home, { types: false, ...(asked === undefined ? {} : { version: asked }) });
  const { version, description } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
    version: string;
    description: string;
  };
  await writeDocs(tree, { home, version });
  await keepNodeOut(home);
  await keepPrebuilds(home, arch);
  const node = arch === 'all' ? '/usr/bin/node' : `${HOME}/bin/node`;
  if (arch !== 'all') await fetchNode(arch, join(tree, node));
  await writeSystemFiles(tree, node);
  const installedBytes = await treeBytes(tree);
  await writeControl(tree, controlText({ version, description, arch, installedBytes }));
  const file = join(outdir, `sedge_${debVersion(version)}_${arch}.deb`);
  await run('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', tree, file]);
  await rm(tree, { recursive: true, force: true });
  return file;
}

async function writeSystemFiles(tree: string, node: string): Promise<void> {
  const unit = unitText({ command: [node, `${HOME}/node/main.js`], memoryMax: MEMORY_MAX });
  await write(tree, '/usr/lib/systemd/system/sedge.service', unit);
  await write(tree, '/usr/lib/sysusers.d/sedge.conf', sysusersText());
  await write(tree, '/usr/lib/tmpfiles.d/sedge.conf', tmpfilesText());
  await write(tree, SETTINGS_TEMPLATE, exampleText());
  await write(tree, '/usr/bin/sedge', startText(node), 0o755);
}

/** Licences and changes are where Debian has them. */
async function writeDocs(tree: string, { home, version }: { home: string; version: string }): Promise<void> {
  const read = (name: string) => readFile(join(home, name), 'utf8');
  const own = await read('LICENSE-MIT');
  const copyright = `sedge ${version}, under Apache-2.0 (/usr/share/common-licenses/Apache-2.0) or MIT, at your choice.\n\n${own}\n${await read('THIRD-PARTY-LICENCES.txt')}`;
  await write(tree, '/usr/share/doc/sedge/copyright', copyright);
  const changes = gzipSync(await read('CHANGELOG.md'), { level: 9 });
  await write(tree, '/usr/share/doc/sedge/CHANGELOG.md.gz', changes);
  await write(tree, '/usr/share/doc/sedge/changelog.gz', gzipSync(changelogText(version), { level: 9 }));
  for (const name of LEFT_OUT) await rm(join(home, name), { recursive: true, force: true });
}

/** The start script is run by `/usr/bin/sedge`, which knows the Node: it is no program by itself. */
async function keepNodeOut(home: string): Promise<void> {
  const main = join(home, 'node/main.js');
  const text = await readFile(main, 'utf8');
  await writeFile(main, text.replace(/^#!.*\n/, ''));
  await chmod(main, 0o644);
}

/** Native code of other systems, and of another C library than Debian's, stays behind. */
async function keepPrebuilds(home: string, arch: DebBuild['arch']): Promise<void> {
  const folder = join(home, 'vendor/@serialport/bindings-cpp/prebuilds');
  const wanted = {
    amd64: ['linux-x64'],
    arm64: ['linux-arm64'],
    all: ['linux-x64', 'linux-arm64', 'linux-arm'],
  }[arch];
  for (const system of await readdir(folder)) {
    if (!wanted.includes(system)) await rm(join(folder, system), { recursive: true });
    else
      for (const file of await readdir(join(folder, system))) {
        if (file.includes('.musl.')) await rm(join(folder, system, file));
      }
  }
}

async function writeControl(tree: string, control: string): Promise<void> {
  const sums: string[] = [];
  for (const file of await filesOf(tree)) {
    const sum = createHash('md5')
      .update(await readFile(file))
      .digest('hex');
    sums.push(`${sum}  ${relative(tree, file)}\n`);
  }
  await write(tree, '/DEBIAN/control', control);
  await write(tree, '/DEBIAN/md5sums', sums.sort().join(''));
  await write(tree, '/DEBIAN/postinst', POSTINST, 0o755);
  await write(tree, '/DEBIAN/prerm', PRERM, 0o755);
  await write(tree, '/DEBIAN/postrm', POSTRM, 0o755);
}

async function write(tree: string, path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const file = join(tree, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  await chmod(file, mode);
}

async function filesOf(tree: string): Promise<string[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function treeBytes(tree: string): Promise<number> {
  const sizes = await Promise.all((await filesOf(tree)).map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
