import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { silentLog } from '../../../src/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { BridgeWorld, until } from './bridge-world.ts';

const PORT = '/dev/ttyVIRT0';

describeWith(['gcc', 'make'], 'giving a device in C its key', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  /** A bridge without a mesh: the book and `provision` alone. */
  async function bookOnly(): Promise<SerialBridge> {
    const bridge = new SerialBridge(
      { directory: world.folder },
      {
        mesh: null,
        log: silentLog,
        nowMs: Date.now,
        makeTransport: (address) => world.board.transport(address.kind === 'serial' ? address.path : ''),
      },
    );
    await bridge.start();
    return bridge;
  }

  it('works without an agent, and one that starts later knows it', async () => {
    const device = world.device('uno-1');
    world.board.plug(PORT, device);
    const alone = await bookOnly();
    const { id } = await alone.provision(PORT, { name: 'uno-1' });
    expect(alone.devices()).toMatchObject([{ id, name: 'uno-1', state: 'offline' }]);
    expect(alone.ports()).toEqual([]);
    await alone.stop();
    device.read(5);
    const bridge = await world.bridge([PORT]);
    await world.waitFor(bridge, 'uno-1', 'online');
    await until(async () => (await world.values()).length === 1, 'it is heard');
  });

  it('misses what it took before it was ever heard, if it boots again', async () => {
    const device = world.device('uno-1');
    world.board.plug(PORT, device);
    const alone = await bookOnly();
    await alone.provision(PORT, { name: 'uno-1' });
    await alone.stop();
    device.read(1, 2);
    await device.told(/^taken 1/, 2);
    device.tell('power');
    await device.told(/^booted 2/);
    device.read(3);
    await world.bridge([PORT]);
    await until(async () => (await world.values()).length === 1, 'it is heard');
    expect(await world.bodies('devices/uno-1/gap')).toEqual([
      { epoch: 1, first: 1, last: null, count: null, reason: 'reset' },
    ]);
  });

  it('does not touch a device that has one', async () => {
    const device = world.device('uno-1');
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    await bridge.provision(PORT, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    for (const force of [false, true]) {
      const again = bridge.provision(PORT, { name: 'uno-2', force });
      await expect(again).rejects.toMatchObject({ code: 'device.provisioned' });
    }
    await world.waitFor(bridge, 'uno-1', 'online');
    // The key that it did not take is in no book.
    expect(bridge.devices().map(({ name }) => name)).toEqual(['uno-1']);
    expect(readdirSync(join(world.folder, 'devices')).filter((name) => name.endsWith('.json'))).toHaveLength(
      1,
    );
  });

  it('replaces one where the sketch allows that', async () => {
    const device = world.device('uno-1', { replaceable: true });
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    const first = await bridge.provision(PORT, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    const second = await bridge.provision(PORT, { name: 'uno-2', force: true });
    expect(second.id).not.toBe(first.id);
    await world.waitFor(bridge, 'uno-2', 'online');
    device.read(1);
    await until(async () => (await world.values()).length === 1, 'it is heard');
    expect((await world.readings())[0]!.origin!.device).toBe(second.id);
  });

  it('says at once who is at the port now', async () => {
    world.board.plug(PORT, world.device('uno-1'));
    const bridge = await world.bridge([PORT]);
    const { id } = await bridge.provision(PORT, { name: 'uno-1' });
    expect(bridge.ports()).toMatchObject([{ deviceId: id, device: 'uno-1', provisioned: true }]);
  });

  it('gives each device a key of its own', async () => {
    const bridge = await world.bridge(['/dev/a', '/dev/b']);
    world.board.plug('/dev/a', world.device('a'));
    world.board.plug('/dev/b', world.device('b'));
    const [a, b] = await Promise.all(['a', 'b'].map((name) => bridge.provision(`/dev/${name}`, { name })));
    expect(a!.id).not.toBe(b!.id);
    await world.waitFor(bridge, 'a', 'online');
    await world.waitFor(bridge, 'b', 'online');
  });

  it('takes no name twice', async () => {
    const bridge = await world.bridge(['/dev/a', '/dev/b']);
    world.board.plug('/dev/a', world.device('a'));
    world.board.plug('/dev/b', world.device('b'));
    await bridge.provision('/dev/a', { name: 'a' });
    await world.waitFor(bridge, 'a', 'online');
    await expect(bridge.provision('/dev/b', { name: 'a' })).rejects.toMatchObject({ code: 'device.exists' });
    await expect(bridge.provision('/dev/b', { name: 'a/b' })).rejects.toMatchObject({
      code: 'device.bad-option',
    });
  });

  it('tries a port at once that was missing a moment ago', async () => {
    const bridge = await world.bridge([PORT]);
    await until(() => bridge.ports()[0]!.problem !== null, 'the port is missing');
    await expect(bridge.provision(PORT)).rejects.toMatchObject({ code: 'serial.port-missing' });
    world.board.plug(PORT, world.device('uno-1'));
    await bridge.provision(PORT, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
  });

  it('says so where there is no port, or no text of one', async () => {
    const bridge = await bookOnly();
    await expect(bridge.provision('ttyUSB0')).rejects.toMatchObject({ code: 'serial.bad-port' });
    await expect(bridge.provision('auto')).rejects.toMatchObject({ code: 'serial.bad-port' });
    await expect(bridge.provision('/dev/none')).rejects.toMatchObject({ code: 'serial.port-missing' });
    await bridge.stop();
  });
});
