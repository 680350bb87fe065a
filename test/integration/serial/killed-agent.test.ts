import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { initRealmDirectory, openMesh, silentLog } from '../../../src/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { messagesOf } from '../../unit/mesh/deliveries.ts';
import { VirtualDevice } from './virtual-device.ts';

const PROCESS = fileURLToPath(new URL('bridge-process.ts', import.meta.url));

describeWith(['gcc', 'make'], 'a bridge that is killed', () => {
  let folder: string;
  let device: VirtualDevice;
  let agent: ChildProcess | null = null;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sedge-killed-'));
    await initRealmDirectory(join(folder, 'node'), { realmName: 'test', nodeName: 'pi' });
    device = new VirtualDevice({ nv: join(folder, 'uno.nv'), pty: join(folder, 'port') });
  });
  afterEach(async () => {
    agent?.kill('SIGKILL');
    await device.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name = ''): Promise<ChildProcess> {
    const child = spawn(process.execPath, [PROCESS, join(folder, 'node'), join(folder, 'port'), name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    agent = child;
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', () => reject(new Error('the agent ended')));
    });
    return child;
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await exited;
  }

  /** What the node holds, read by a mesh of this process. */
  async function held(filter: string): Promise<string[]> {
    const directory = join(folder, 'node');
    const mesh = await openMesh({ directory, listen: [], mdns: false, discovery: false, log: silentLog });
    await mesh.start();
    try {
      const subscription = mesh.subscribe(filter, { from: 'all' });
      const texts: string[] = [];
      for (;;) {
        const none = new Promise<readonly never[]>((resolve) => setTimeout(() => resolve([]), 200));
        const batch = await Promise.race([subscription.nextBatch(4_096), none]);
        if (batch.length === 0) return texts;
        texts.push(...messagesOf(batch).map(({ payload }) => Buffer.from(payload).toString()));
      }
    } finally {
      await mesh.stop();
    }
  }

  it('neither loses nor repeats a reading, and reports no loss that is none', async () => {
    let child = await start('uno-1');
    let taken = 0;
    for (let round = 0; round < 4; round++) {
      const seen = device.events.filter((event) => event.startsWith('taken')).length;
      for (let reading = 0; reading < 100; reading++) device.read(++taken);
      await device.told(/^taken/, seen + 100);
      // In the middle of them: some are on disk and not acknowledged.
      await new Promise((resolve) => setTimeout(resolve, 10 + round * 20));
      await end(child, 'SIGKILL');
      child = await start();
    }
    const idle = device.events.filter((event) => event === 'idle').length;
    device.read(++taken);
    await device.told(/^idle/, idle + 1);
    await end(child, 'SIGTERM');
    expect(await held('t')).toEqual(Array.from({ length: taken }, (_, index) => String(index + 1)));
    expect(await held('devices/uno-1/gap')).toEqual([]);
    // Its absence is told by the one that came after it, and the last one stopped in order.
    expect(JSON.parse((await held('devices/uno-1/status')).at(-1)!)).toMatchObject({ state: 'offline' });
  });
});
