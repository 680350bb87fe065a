import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../../../packaging/build-package.ts';
import { crc32c } from '../../../src/bytes/index.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The commit that was 0.2.0; a clone without history does not have it. */
const OLD = 'd2f2b59';
const HAS_OLD = spawnSync('git', ['cat-file', '-e', `${OLD}^{commit}`], { cwd: ROOT }).status === 0;
if (!HAS_OLD) console.warn('Tests left out: upgrading from 0.2.0. To run them: a clone with its history');

let root: string;
let agent: ChildProcess | null = null;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sedge-upgrade-'));
  await buildPackage(join(root, 'new'), { types: false });
  if (HAS_OLD) await buildOld();
}, 180_000);

afterEach(() => end('SIGKILL'));
afterAll(() => rm(root, { recursive: true, force: true }));

/** Its sources, bundled by today's build with today's dependencies. */
async function buildOld(): Promise<void> {
  const sources = join(root, 'old-sources');
  await mkdir(sources);
  const archive = execFileSync('git', ['archive', OLD], { cwd: ROOT, maxBuffer: 1e9 });
  execFileSync('tar', ['-x', '-C', sources], { input: archive });
  await symlink(join(ROOT, 'node_modules'), join(sources, 'node_modules'));
  await buildPackage(join(root, 'old'), { types: false, root: sources });
}

/** A command of one of the two versions, on one directory. */
async function sedge(
  version: 'old' | 'new',
  directory: string,
  ...words: readonly string[]
): Promise<string> {
  const main = join(root, version, 'node/main.js');
  return (await run(process.execPath, [main, '--dir', directory, ...words], { timeout: 60_000 })).stdout;
}

/** Starts an agent; throws with what it said if it ends. */
async function start(version: 'old' | 'new', directory: string): Promise<void> {
  const off = version === 'new' ? ['--mqtt', 'off', '--http', 'off'] : [];
  const words = [
    '--dir',
    directory,
    'start',
    '--json',
    '--no-mdns',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    ...off,
  ];
  const child = spawn(process.execPath, [join(root, version, 'node/main.js'), ...words]);
  agent = child;
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ready = once(createInterface({ input: child.stdout }), 'line').then(() => true);
  if (!(await Promise.race([ready, once(child, 'close').then(() => false)]))) throw new Error(said);
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const child = agent;
  agent = null;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

describe('an upgrade in place', () => {
  it.skipIf(!HAS_OLD)('keeps all that 0.2.0 wrote, and 0.2.0 reads all that came since', async () => {
    const directory = await mkdtemp(join(root, 'node-'));
    const all = ['sub', 'log/#', '--from', 'all', '--count'];
    const take = ['sub', 'log/#', '--durable', 'reader', '--from', 'all', '--count'];
    await start('old', directory);
    for (const text of ['one', 'two', 'three']) await sedge('old', directory, 'pub', 'log/line', text);
    expect(await sedge('old', directory, ...take, '1')).toBe('one\n');
    // The power fails before the upgrade, and it is stopped in order before the way back.
    await end('SIGKILL');

    await start('new', directory);
    expect(await sedge('new', directory, ...all, '3')).toBe('one\ntwo\nthree\n');
    expect(await sedge('new', directory, ...take, '1')).toBe('two\n');
    await sedge('new', directory, 'pub', 'log/line', 'four');
    await end('SIGTERM');
    expect(await sedge('new', directory, 'verify')).toContain('all good');

    await start('old', directory);
    expect(await sedge('old', directory, ...take, '2')).toBe('three\nfour\n');
    await sedge('old', directory, 'pub', 'log/line', 'five');
    await end('SIGTERM');

    await start('new', directory);
    expect(await sedge('new', directory, ...all, '5')).toBe('one\ntwo\nthree\nfour\nfive\n');
    expect(await sedge('new', directory, ...take, '1')).toBe('five\n');
    await end('SIGTERM');
    expect(await sedge('new', directory, 'verify')).toContain('all good');
  });
});

describe('a downgrade to a version that does not know a format', () => {
  it('is refused with the file that is meant, and nothing is touched', async () => {
    const directory = await mkdtemp(join(root, 'node-'));
    await start('new', directory);
    await sedge('new', directory, 'pub', 'log/line', 'one');
    await end('SIGTERM');
    const segment = await newestSegment(directory);
    const written = await readFile(segment);
    const newer = asNewerVersion(written);
    await writeFile(segment, newer);

    await expect(start('new', directory)).rejects.toThrow(/newer version.*own-0+1\.segment/s);
    expect(await readFile(segment)).toEqual(newer);

    await writeFile(segment, written);
    await start('new', directory);
    expect(await sedge('new', directory, 'sub', 'log/#', '--from', 'all', '--count', '1')).toBe('one\n');
  });
});

/** The segment of the messages, which is the largest. */
async function newestSegment(directory: string): Promise<string> {
  const entries = await readdir(join(directory, 'journal'), { recursive: true, withFileTypes: true });
  for (const entry of entries.filter(({ name }) => name.endsWith('.segment'))) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes('log/line')) return path;
  }
  throw new Error('no segment has the message');
}

/** The same file as a later version would write it: another number, and the check over the header that all versions have. */
function asNewerVersion(segment: Buffer): Buffer {
  const bytes = Buffer.from(segment);
  bytes.writeUInt16BE(99, 8);
  const end = bytes.readUInt16BE(10) - 4;
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, end)), end);
  return bytes;
}
