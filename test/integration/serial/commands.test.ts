import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { BridgeWorld, until } from './bridge-world.ts';

const PORT = '/dev/ttyVIRT0';
const RESULTS = 'devices/uno-1/result/relay';

describeWith(['gcc', 'make'], 'commands to a device in C', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  async function provisioned(options: Parameters<BridgeWorld['device']>[1] = {}) {
    const device = world.device('uno-1', { commands: ['relay:bool'], ...options });
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    const { id } = await bridge.provision(PORT, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    // It registers its topics once it is online; a command that is not known yet has to wait for that.
    await until(() => bridge.devices()[0]!.commands.includes('relay'), 'it says what it can do');
    return { device, bridge, id };
  }

  const command = (payload: string, headers: Record<string, string> = {}, name = 'relay') =>
    world.mesh.publish(`devices/uno-1/command/${name}`, payload, { headers });
  const results = (count: number, topic = RESULTS) =>
    until(async () => (await world.bodies(topic)).length >= count, `${count} results`).then(() =>
      world.bodies(topic),
    );
  const doneBy = (device: { readonly events: readonly string[] }) =>
    device.events.filter((event) => event.startsWith('command '));

  it('are done, and their results say which message asked for them', async () => {
    const { device } = await provisioned();
    const { author, epoch, seq } = await command('true', { 'request-id': 'r-7' });
    expect(await results(1)).toEqual([{ status: 'done', value: true, request: { author, epoch, seq } }]);
    expect((await world.readings(RESULTS))[0]!.headers).toEqual({ 'request-id': 'r-7' });
    expect(doneBy(device)).toEqual(['command relay f5']);
  });

  it('take JSON, text and nothing as arguments', async () => {
    const { device } = await provisioned();
    for (const payload of ['{"on":[1,-2,0.5]}', 'plain text', '']) await command(payload);
    const values = (await results(3)).map(({ value }) => value);
    expect(values).toEqual([{ on: [1, -2, 0.5] }, 'plain text', null]);
    expect(doneBy(device)).toHaveLength(3);
  });

  it('are answered where the device has no such command, or the arguments are too long', async () => {
    await provisioned();
    await command('1', {}, 'dance');
    expect(await results(1, 'devices/uno-1/result/dance')).toMatchObject([{ status: 'unknown-command' }]);
    await command('x'.repeat(300));
    expect(await results(1)).toMatchObject([{ status: 'bad-arguments' }]);
  });

  it('wait for a device that is away', async () => {
    const { device, bridge } = await provisioned();
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    await command('true');
    await until(() => bridge.devices()[0]!.waitingCommands === 1, 'it waits');
    world.board.plug(PORT, device);
    expect(await results(1)).toMatchObject([{ status: 'done' }]);
    expect(doneBy(device)).toHaveLength(1);
    expect(bridge.devices()[0]!.waitingCommands).toBe(0);
  });

  it('expire where the device stays away', async () => {
    const { device, bridge } = await provisioned();
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    await command('true', { 'ttl-ms': '200' });
    expect(await results(1)).toMatchObject([{ status: 'expired' }]);
    world.board.plug(PORT, device);
    await world.waitFor(bridge, 'uno-1', 'online');
    device.read(1);
    await until(async () => (await world.values()).length === 1, 'it speaks');
    expect(doneBy(device)).toEqual([]);
  });

  it('are not done again after a restart of the bridge, and those that came meanwhile are', async () => {
    const { device, bridge } = await provisioned();
    await command('1');
    await results(1);
    await bridge.stop();
    await command('2');
    const again = await world.bridge([PORT]);
    await world.waitFor(again, 'uno-1', 'online');
    expect((await results(2)).map(({ value }) => value)).toEqual([1, 2]);
    expect(doneBy(device)).toEqual(['command relay 01', 'command relay 02']);
  });

  it('have an unknown result where the device started anew with one in flight', async () => {
    const { device } = await provisioned();
    // The command gets there, and what the device says of it does not.
    let isDeaf = false;
    world.board.mangle = {
      toDevice: (bytes) => bytes,
      toHost: (bytes) => (isDeaf ? new Uint8Array(0) : bytes),
    };
    isDeaf = true;
    await command('true');
    await device.told(/^command relay/);
    device.tell('power');
    await device.told(/^booted 2/);
    isDeaf = false;
    expect(await results(1)).toMatchObject([{ status: 'unknown' }]);
    expect(doneBy(device)).toHaveLength(1);
  });

  it('are done once where their answer gets lost', async () => {
    const { device } = await provisioned();
    let lost = 3;
    world.board.mangle = {
      toDevice: (bytes) => bytes,
      toHost: (bytes) => (bytes.length > 12 && lost-- > 0 ? new Uint8Array(0) : bytes),
    };
    await command('true');
    expect(await results(1)).toMatchObject([{ status: 'done' }]);
    expect(doneBy(device)).toHaveLength(1);
  });

  it('to a device that no book knows are left to others', async () => {
    const { device } = await provisioned();
    await world.mesh.publish('devices/uno-9/command/relay', 'true');
    await command('true');
    await results(1);
    expect(await world.bodies('devices/uno-9/result/relay')).toEqual([]);
    expect(doneBy(device)).toHaveLength(1);
  });
});
