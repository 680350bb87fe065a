import { readdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { objects, Sedge } from '../cli/sedge-process.ts';
import { VirtualDevice } from './virtual-device.ts';

describeWith(['gcc', 'make'], 'a device behind a real agent', () => {
  const sedge = new Sedge();
  const devices: VirtualDevice[] = [];
  const clients: AgentClient[] = [];

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    // Agents first: the system gives the next device the same pseudo terminal, which they would open again.
    await sedge.cleanUp();
    await Promise.all(devices.splice(0).map((device) => device.kill()));
  });

  async function plugIn(directory: string): Promise<{ device: VirtualDevice; port: string }> {
    const port = join(directory, 'uno');
    const topics = ['site/temp:float:°C'];
    const device = new VirtualDevice({
      nv: join(directory, 'uno.nv'),
      pty: port,
      topics,
      commands: ['relay'],
    });
    devices.push(device);
    await device.told(/^booted/);
    return { device, port };
  }

  function client(directory: string): AgentClient {
    const agent = connectAgent({ directory });
    clients.push(agent);
    return agent;
  }

  /** Runs `sedge device ...` and expects it to end well. */
  async function run(directory: string, ...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await sedge.run(directory, ['device', ...argv]);
    expect(code, stderr).toBe(0);
    return stdout;
  }

  async function online(agent: AgentClient): Promise<void> {
    await expect
      .poll(async () => (await agent.devices()).map(({ name, state }) => `${name} ${state}`), {
        timeout: 20_000,
      })
      .toEqual(['uno-1 online']);
  }

  it('gets a key, is listed, watched, commanded and forgotten', { timeout: 90_000 }, async () => {
    const directory = await sedge.directory();
    const { device, port } = await plugIn(directory);
    await sedge.startAgent(directory, '--serial', port);
    const agent = client(directory);
    await expect
      .poll(async () => (await agent.serialPorts()).map(({ provisioned }) => provisioned), {
        timeout: 20_000,
      })
      .toEqual([false]);
    expect(await run(directory, 'ls')).toContain(`sedge device provision ${port}`);

    const [named] = objects(await run(directory, 'provision', port, '--name', 'uno-1', '--json'));
    expect(named).toMatchObject({ name: 'uno-1', port });
    await online(agent);

    device.tell('r 1 21.5');
    const first = await sedge.run(directory, ['sub', 'site/temp', '--from', 'all', '--count', '1', '--json']);
    expect(objects(first.stdout)).toMatchObject([
      { topic: 'site/temp', payload: '21.5', origin: { device: named!.id, epoch: 1, counter: 1 } },
    ]);
    const listed = objects(await run(directory, 'ls', '--json'));
    expect(listed.find(({ kind }) => kind === 'device')).toMatchObject({
      id: named!.id,
      name: 'uno-1',
      state: 'online',
      epoch: 1,
      readings: 1,
      lost: 0,
      alarms: 0,
      topics: [{ name: 'site/temp', type: 'float', unit: '°C' }],
      commands: ['relay'],
    });

    const watcher = sedge.spawn(directory, 'device', 'monitor', 'uno-1', '--json');
    let watched = '';
    watcher.stdout!.on('data', (chunk) => (watched += String(chunk)));
    // Text that the sketch printed once nobody watched would never come: it prints until it is seen.
    await expect
      .poll(
        () => {
          device.tell('log booted from flash');
          return watched;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toContain('booted from flash');
    device.tell('r 1 22.25');
    await expect.poll(() => watched, { timeout: 20_000 }).toContain('22.25');
    // Bytes that are no frame: the wire is disturbed.
    device.tell(`log ${'\u0001'.repeat(20)}`);
    await expect.poll(() => watched, { timeout: 20_000 }).toContain('frame.bad-cobs');
    const events = objects(watched.slice(0, watched.lastIndexOf('\n')));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'log', text: 'booted from flash' }));
    expect(events.some(({ kind }) => kind === 'frame')).toBe(true);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'counted', port }));
    expect(await sedge.kill(watcher, 'SIGINT')).toBe(0);

    expect(await run(directory, 'send', 'uno-1', 'relay', 'true', '--wait', '20s')).toBe('done: true\n');
    const unknown = await sedge.run(directory, ['device', 'send', 'uno-1', 'blink', '--wait', '20s']);
    expect(unknown).toMatchObject({ code: 1, stdout: 'unknown-command\n' });
    expect(unknown.stderr).toContain('uno-1 knows: relay');

    await run(directory, 'remove', 'uno-1');
    expect(objects(await run(directory, 'ls', '--json')).some(({ kind }) => kind === 'device')).toBe(false);
  });

  it('is flashed while the agent lets go of its port, and is back afterwards', {
    timeout: 60_000,
  }, async () => {
    const directory = await sedge.directory();
    const { device, port } = await plugIn(directory);
    const { child } = await sedge.startAgent(directory, '--serial', port);
    await run(directory, 'provision', port, '--name', 'uno-1');
    const agent = client(directory);
    await online(agent);

    const held = join(directory, 'held');
    const look = `for file in /proc/${child.pid}/fd/*; do readlink "$file"; done`;
    await writeFile(join(directory, 'avrdude'), `#!/bin/sh\n(${look}) > '${held}'\n`, { mode: 0o755 });
    const hex = join(directory, 'firmware.hex');
    await writeFile(hex, ':00000001FF\n');
    const path = process.env.PATH;
    process.env.PATH = `${directory}${delimiter}${path}`;
    try {
      await run(directory, 'flash', 'uno-1', '--hex', hex);
    } finally {
      process.env.PATH = path;
    }
    const terminal = await realpath(port);
    expect((await readFile(held, 'utf8')).split('\n')).not.toContain(terminal);
    device.tell('reset');
    await expect.poll(async () => (await agent.devices())[0]?.epoch, { timeout: 20_000 }).toBe(2);
    await online(agent);
    expect((await agent.serialPorts()).map(({ state }) => state)).toEqual(['open']);
    // So it was seen that it was not held before.
    const files = await readdir(`/proc/${child.pid}/fd`);
    const links = await Promise.all(
      files.map((file) => readlink(`/proc/${child.pid}/fd/${file}`).catch(() => '')),
    );
    expect(links).toContain(terminal);
  });

  it('gets a key without an agent, and is read by the agent that starts then', {
    timeout: 60_000,
  }, async () => {
    const directory = await sedge.directory();
    const { device, port } = await plugIn(directory);
    device.tell('r 1 20');
    const [named] = objects(await run(directory, 'provision', port, '--name', 'uno-1', '--json'));
    expect(await run(directory, 'ls')).toContain(String(named!.id));
    await sedge.startAgent(directory, '--serial', port);
    await online(client(directory));
    const refused = await sedge.run(directory, ['device', 'provision', port, '--name', 'uno-2']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('has a key already');
  });
});
