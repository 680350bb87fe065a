import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InstalledPackage } from './installed-package.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

let installed: InstalledPackage;
const children: ChildProcess[] = [];

beforeAll(async () => {
  installed = await InstalledPackage.make();
}, 120_000);

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await installed?.remove();
});

/** Runs a command of the installed package to its end. */
async function command(...words: readonly string[]): Promise<string> {
  const options = { env: installed.env(), cwd: installed.home, timeout: 60_000 };
  return (await run(installed.command, words, options)).stdout;
}

function background(command: string, words: readonly string[], env = installed.env()): ChildProcess {
  const child = spawn(command, words, { env, cwd: installed.home, stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout! }), 'line', {
    signal: AbortSignal.timeout(60_000),
  });
  return line as string;
}

/** A pseudo terminal, which is as good as a serial port to who opens it. */
async function terminal(): Promise<string> {
  const words = ['-qfc', 'stty raw -echo; tty; cat', '/dev/null'];
  return (await firstLine(background('script', words, process.env))).trim();
}

it('installs as one package without dependencies, offline and without a compiler', async () => {
  expect(
    (await readdir(join(installed.home, 'node_modules'))).filter((name) => !name.startsWith('.')),
  ).toEqual(['sedge']);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await command('--version')).toBe(`${version}\n`);
});

it('runs an agent that takes a message, gives it back and opens a serial port', async () => {
  const port = await terminal();
  const directory = await mkdtemp(join(installed.root, 'node-'));
  const sedge = (...words: readonly string[]) => command('--dir', directory, ...words);
  const words = [
    'start',
    '--json',
    '--dir',
    directory,
    '--http',
    '0',
    '--no-mdns',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--mqtt',
    '0',
  ];
  const agent = background(installed.command, [...words, '--serial', port]);
  const ready = JSON.parse(await firstLine(agent)) as { event: string; http: readonly string[] };
  expect(ready.event).toBe('ready');
  // The dashboard is files that the bundle reads, and its chart those of another package.
  const page = await (await fetch(ready.http[0]!)).text();
  for (const [, asset] of page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
    expect((await fetch(new URL(asset!, ready.http[0]))).status, asset).toBe(200);
  }
  expect(await (await fetch(new URL('/metrics', ready.http[0]))).text()).toContain('sedge_node_info');
  await sedge('pub', 'site/barn/temp', '4.0');
  expect(await sedge('sub', 'site/#', '--from', 'all', '--count', '1')).toBe('4.0\n');
  const ports = (await sedge('device', 'ls', '--json')).trim().split('\n');
  expect(ports.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ kind: 'port', path: port, state: 'open' }),
  );
  const gone = once(agent, 'exit');
  await sedge('stop');
  expect(await gone).toEqual([0, null]);
});

it('reads a configuration file, which it does with a package that is loaded then', async () => {
  await writeFile(join(installed.home, 'sedge.yaml'), 'mdns: maybe\n');
  const failure = await command('config', 'check', '--dir', installed.home).catch((error) => error);
  expect(failure).toMatchObject({
    code: expect.any(Number),
    stderr: expect.stringContaining('sedge.yaml:1'),
  });
});

it('plays a scenario', async () => {
  expect(await command('simulate', '--list')).toContain('partition');
});

it('is a library with types', async () => {
  const program = [
    "import { type Mesh, openMesh } from 'sedge';",
    "import { connectAgent } from 'sedge/client';",
    "import { SimulatedMesh } from 'sedge/simulations';",
    'const open: (directory: string) => Promise<Mesh> = (directory) => openMesh({ directory });',
    'console.log(typeof open, typeof connectAgent, typeof SimulatedMesh.create);',
  ];
  const file = join(installed.home, 'program.mts');
  await writeFile(file, program.join('\n'));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--ignoreConfig', '--module', 'nodenext', '--target', 'es2024'];
  const types = [
    '--lib',
    'es2024,esnext.disposable',
    '--types',
    'node',
    '--typeRoots',
    join(ROOT, 'node_modules/@types'),
  ];
  await run(process.execPath, [compiler, ...options, ...types, '--skipLibCheck', file], {
    cwd: installed.home,
  });
  expect((await run(process.execPath, [file], { cwd: installed.home })).stdout).toBe(
    'function function function\n',
  );
});

it('says whose code it holds, under which licence', async () => {
  const text = await readFile(join(installed.home, 'node_modules/sedge/THIRD-PARTY-LICENCES.txt'), 'utf8');
  for (const name of ['libp2p', 'fastify', '@serialport/bindings-cpp', 'cbor-x']) {
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
  }
});
