import { execFile } from 'node:child_process';
import { chmod, copyFile, link, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NODE_PACKAGE = fileURLToPath(new URL('../../node_modules/node', import.meta.url));
/** Node's names of Debian's architectures. */
const NODE_ARCHS = Object.freeze({ amd64: 'x64', arm64: 'arm64' });

/**
 * Puts the Node that the project's own commands use at `file`, for any architecture: that of this machine is in
 * `node_modules`, others come from the npm registry, where the package `node` has them too.
 */
export async function fetchNode(arch: keyof typeof NODE_ARCHS, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  if (process.platform === 'linux' && process.arch === NODE_ARCHS[arch]) {
    // A second name for the same file, where that is possible: it is large and nobody changes it.
    const node = join(NODE_PACKAGE, 'bin/node');
    await link(node, file).catch(() => copyFile(node, file));
  } else {
    const { version } = JSON.parse(await readFile(join(NODE_PACKAGE, 'package.json'), 'utf8')) as {
      version: string;
    };
    await fromRegistry(`node-linux-${NODE_ARCHS[arch]}@${version}`, file);
  }
}

async function fromRegistry(name: string, file: string): Promise<void> {
  const work = await mkdtemp(join(dirname(file), '.node-'));
  try {
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', work, name]);
    await run('tar', ['-xzf', join(work, stdout.trim()), '-C', work, 'package/bin/node']);
    await copyFile(join(work, 'package/bin/node'), file);
    await chmod(file, 0o755);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
