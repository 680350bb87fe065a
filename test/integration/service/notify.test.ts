import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, PAHO_PYTHON } from '../../firmware/toolchain.ts';

const MAIN = fileURLToPath(new URL('../../../node/main.js', import.meta.url));
/** The service manager's end: prints each message as a line of JSON. */
const MANAGER = [
  'import json, socket, sys',
  'manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
  'manager.bind(sys.argv[1])',
  'print(json.dumps("listening"), flush=True)',
  'while True: print(json.dumps(manager.recv(4096).decode()), flush=True)',
].join('\n');

let directory: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-notify-'));
});

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true, force: true });
});

/** What the manager hears, one message after another. */
async function* heard(socket: string): AsyncGenerator<string> {
  const manager = spawn(PAHO_PYTHON, ['-c', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(manager);
  for await (const line of createInterface({ input: manager.stdout })) {
    const message = JSON.parse(line) as string;
    // With it systemd-notify waits until what it said before was taken.
    if (message !== 'BARRIER=1') yield message;
  }
}

describeWith(['systemd', 'paho-python'], 'an agent under a service manager', () => {
  it('says when it is ready, that it gets on, and that it stops', async () => {
    const home = await mkdtemp(join(directory, 'node-'));
    const socket = join(home, 'notify');
    const messages = heard(socket);
    const next = async () => (await messages.next()).value as string;
    expect(await next()).toBe('listening');
    const options = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--mqtt', 'off', '--http', 'off'];
    const agent = spawn(process.execPath, [MAIN, '--dir', home, 'start', ...options], {
      env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '4000000' },
      stdio: 'ignore',
    });
    children.push(agent);
    const gone = once(agent, 'exit');

    const ready = (await next()).split('\n');
    expect(ready).toContain('READY=1');
    expect(ready.find((line) => line.startsWith('STATUS='))).toMatch(/0 peers connected, 2 messages held/);
    // The first sign comes at once; the next is one that the agent had to work for again.
    expect((await next()).split('\n')).toContain('WATCHDOG=1');
    expect((await next()).split('\n')).toContain('WATCHDOG=1');
    agent.kill('SIGTERM');
    let last = await next();
    while (last.includes('WATCHDOG=1')) last = await next();
    expect(last.split('\n')).toContain('STOPPING=1');
    expect(await gone).toEqual([0, null]);
  });
});
