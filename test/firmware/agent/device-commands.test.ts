import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { objects, Sedge } from '../../integration/cli/sedge-process.ts';
import { describeWith } from '../toolchain.ts';
import { buildVirtualDevice, VirtualDevice } from './virtual-device.ts';

describeWith(['gcc'], 'a device behind a real agent', () => {
  const sedge = new Sedge();
  const devices: VirtualDevice[] = [];
  const clients: AgentClient[] = [];
  let program: string;

  beforeAll(async () => {
    program = await buildVirtualDevice();
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    // Agents first: the system gives the next device the same pseudo terminal, which they would open again.
    await sedge.cleanUp();
    await Promise.all(devices.splice(0).map((device) => device.stop()));
  });

  async function plugIn(directory: string): Promise<{ device: VirtualDevice; port: string }> {
    const port = join(directory, 'uno');
    const device = new VirtualDevice(program, { link: port, nv: join(directory, 'uno.nv') });
    devices.push(device);
    await device.said(/^booted/);
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

    device.feed('r 1 21.5');
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
          device.feed('log booted from flash');
          return watched;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toContain('booted from flash');
    device.feed('r 1 22.25');
    await expect.poll(() => watched, { timeout: 20_000 }).toContain('22.25');
    const events = objects(watched.slice(0, watched.lastIndexOf('\n')));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'log', text: 'booted from flash' }));
    expect(events.some(({ kind }) => kind === 'frame')).toBe(true);
    expect(await sedge.kill(watcher, 'SIGINT')).toBe(0);

    expect(await run(directory, 'send', 'uno-1', 'relay', 'true', '--wait', '20s')).toBe('done: true\n');
    const unknown = await sedge.run(directory, ['device', 'send', 'uno-1', 'blink', '--wait', '20s']);
    expect(unknown).toMatchObject({ code: 1, stdout: 'unknown-command\n' });
    expect(unknown.stderr).toContain('uno-1 knows: relay');

    await run(directory, 'remove', 'uno-1');
    expect(objects(await run(directory, 'ls', '--json')).some(({ kind }) => kind === 'device')).toBe(false);
  });

  it('gets a key without an agent, and is read by the agent that starts then', {
    timeout: 60_000,
  }, async () => {
    const directory = await sedge.directory();
    const { device, port } = await plugIn(directory);
    device.feed('r 1 20');
    const [named] = objects(await run(directory, 'provision', port, '--name', 'uno-1', '--json'));
    expect(await run(directory, 'ls')).toContain(String(named!.id));
    await sedge.startAgent(directory, '--serial', port);
    await online(client(directory));
    const refused = await sedge.run(directory, ['device', 'provision', port, '--name', 'uno-2']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('has a key already');
  });
});
