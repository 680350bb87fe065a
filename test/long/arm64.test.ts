import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDeb } from '../../packaging/deb/build-deb.ts';

const run = promisify(execFile);
/** Debian: qemu-user-static, libc6-arm64-cross, libstdc++6-arm64-cross. */
const QEMU = '/usr/bin/qemu-aarch64-static';
const LIBRARIES = '/usr/aarch64-linux-gnu';
const CAN_EMULATE = existsSync(QEMU) && existsSync(`${LIBRARIES}/lib/libstdc++.so.6`);
/** An emulated Node takes 10 to 40 times as long. */
const AGENT_MS_MAX = 300_000;

let root: string;
const children: ChildProcess[] = [];

/** Node and sedge as the package for arm64 has them. */
const sedge = () => {
  const home = join(root, 'files/usr/lib/sedge');
  return ['-L', LIBRARIES, join(home, 'bin/node'), join(home, 'node/main.js'), '--dir', join(root, 'node')];
};

async function command(...words: readonly string[]): Promise<string> {
  return (await run(QEMU, [...sedge(), ...words], { timeout: AGENT_MS_MAX })).stdout;
}

async function firstLine(program: string, words: readonly string[]): Promise<string> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  const signal = AbortSignal.timeout(AGENT_MS_MAX);
  return (await once(createInterface({ input: child.stdout! }), 'line', { signal }))[0] as string;
}

describe.skipIf(!CAN_EMULATE)('the Debian package for arm64, emulated', () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sedge-arm64-'));
    // Fetches Node for arm64 from the npm registry.
    const deb = await buildDeb({ outdir: root, arch: 'arm64', compression: 'none' });
    await run('dpkg-deb', ['-x', deb, join(root, 'files')]);
  }, AGENT_MS_MAX);

  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(root, { recursive: true, force: true });
  });

  it('runs an agent that takes a message, gives it back and opens a serial port', async () => {
    const port = (await firstLine('script', ['-qfc', 'stty raw -echo; tty; cat', '/dev/null'])).trim();
    const options = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--mqtt', '0', '--http', '0'];
    const ready = await firstLine(QEMU, [...sedge(), 'start', '--json', ...options, '--serial', port]);
    expect(JSON.parse(ready)).toMatchObject({ event: 'ready' });
    await command('pub', 'site/barn/temp', '4.0');
    expect(await command('sub', 'site/#', '--from', 'all', '--count', '1')).toBe('4.0\n');
    expect(await command('device', 'ls', '--json')).toMatch(new RegExp(`"path":"${port}".*"state":"open"`));
    expect(await command('stop')).toBe('stopped\n');
    expect(await command('verify')).toContain('all good');
  });
});
