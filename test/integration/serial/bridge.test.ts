import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { numbers } from '../../unit/mesh/deliveries.ts';
import { BridgeWorld, until } from './bridge-world.ts';

const PORT = '/dev/ttyVIRT0';
const OTHER = '/dev/ttyVIRT1';

const run = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describeWith(['gcc', 'make'], 'the bridge with a device in C', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  /** A device that has its key, on a port of a running bridge. */
  async function provisioned(options: Parameters<BridgeWorld['device']>[1] = {}) {
    const device = world.device('uno-1', options);
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    const { id } = await bridge.provision(PORT, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    return { device, bridge, id };
  }

  it('gives it a key and publishes its readings once each, in order, with their origin', async () => {
    const { device, id } = await provisioned();
    const beforeMs = Date.now();
    device.read(...numbers(1, 50));
    await until(async () => (await world.values()).length === 50, 'all readings are in the mesh');
    expect(await world.values()).toEqual(numbers(1, 50));
    const origins = (await world.readings()).map(({ origin }) => origin!);
    expect(origins.map(({ counter }) => counter)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    for (const origin of origins) {
      expect(origin).toMatchObject({ device: id, epoch: 1 });
      expect(origin.uncertaintyMs).toBeLessThan(500);
      expect(origin.timeMs).toBeGreaterThanOrEqual(beforeMs - origin.uncertaintyMs);
      expect(origin.timeMs).toBeLessThanOrEqual(Date.now() + 1);
    }
  });

  it('says that it is there, with its topics, and that it is gone', async () => {
    const { bridge, id } = await provisioned({ topics: ['green/temp:float:Cel', 'green/ok:bool'] });
    await until(async () => {
      const status = (await world.bodies('devices/uno-1/status')).at(-1);
      return status?.state === 'online' && (status.topics as unknown[]).length === 2;
    }, 'its presence is told');
    const status = (await world.readings('devices/uno-1/status')).at(-1)!;
    expect(status.retain).toBe(true);
    expect(JSON.parse(Buffer.from(status.payload).toString())).toMatchObject({
      state: 'online',
      port: PORT,
      epoch: 1,
      node: 'pi',
      topics: [
        { topic: 'green/temp', type: 'float', unit: 'Cel' },
        { topic: 'green/ok', type: 'bool', unit: '' },
      ],
    });
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    expect((await world.bodies('devices/uno-1/status')).at(-1)).toMatchObject({ state: 'offline' });
    expect(bridge.devices()).toMatchObject([{ id, name: 'uno-1', state: 'offline', port: PORT }]);
  });

  it('loses nothing that a device took while it was unplugged', async () => {
    const { device, bridge } = await provisioned();
    device.read(1, 2, 3);
    world.board.unplug(PORT);
    device.read(...numbers(4, 60));
    await device.told(/^taken/, 60);
    await world.waitFor(bridge, 'uno-1', 'offline');
    world.board.plug(PORT, device);
    await until(async () => (await world.values()).length >= 60, 'all is there');
    expect(await world.values()).toEqual(numbers(1, 60));
    expect(await world.bodies('devices/uno-1/gap')).toEqual([]);
  });

  it('reports what a full buffer dropped, exactly', async () => {
    const { device, bridge } = await provisioned({ ring: 600 });
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    device.read(...numbers(1, 200));
    await device.told(/^taken/, 200);
    world.board.plug(PORT, device);
    await until(async () => (await world.values()).at(-1) === '200', 'the newest came');
    const values = (await world.values()).map(Number);
    const gaps = await world.bodies('devices/uno-1/gap');
    expect(gaps.every(({ reason }) => reason === 'buffer-full')).toBe(true);
    const lost = gaps.flatMap(({ first, last }) => run(first as number, last as number));
    expect(lost.length).toBeGreaterThan(100);
    // Each reading is either there or told to be lost, in order and never both.
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect([...values, ...lost].sort((a, b) => a - b)).toEqual(run(1, 200));
  });

  it('goes on after a reset in mid-session, under a new epoch', async () => {
    const { device } = await provisioned();
    device.read(...numbers(1, 20));
    await until(async () => (await world.values()).length === 20, 'the first ones came');
    device.tell('power');
    await device.told(/^booted 2/);
    device.read(...numbers(21, 40));
    await until(async () => (await world.values()).length === 40, 'the others came');
    expect(await world.values()).toEqual(numbers(1, 40));
    expect((await world.readings()).at(-1)!.origin).toMatchObject({ epoch: 2, counter: 20 });
  });

  it('reports what a power cut took from a device', async () => {
    const { device, bridge } = await provisioned();
    device.read(1, 2);
    await until(async () => (await world.values()).length === 2, 'the first ones came');
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    device.read(3, 4, 5);
    await device.told(/^taken/, 5);
    device.tell('power');
    await device.told(/^booted 2/);
    world.board.plug(PORT, device);
    device.read(6);
    await until(async () => (await world.values()).at(-1) === '6', 'the newest came');
    expect(await world.values()).toEqual(['1', '2', '6']);
    const gaps = await world.bodies('devices/uno-1/gap');
    expect(gaps).toEqual([{ epoch: 1, first: 3, last: null, count: null, reason: 'reset' }]);
  });

  it('gets every reading through a noisy line, once', async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) / 2 ** 24;
    };
    const noisy = (bytes: Uint8Array) =>
      Uint8Array.from(
        [...bytes].flatMap((byte) => (random() < 0.005 ? [] : random() < 0.002 ? [byte ^ 4] : [byte])),
      );
    const { device, bridge } = await provisioned();
    world.board.mangle = { toDevice: noisy, toHost: noisy };
    device.read(...numbers(1, 300));
    await until(async () => (await world.values()).length >= 300, 'all is there', 60_000);
    expect(await world.values()).toEqual(numbers(1, 300));
    expect(bridge.devices()[0]).toMatchObject({ alarms: 0, lost: 0 });
  });

  it('tells a device to wait while the mesh takes nothing, and loses nothing', async () => {
    const { device } = await provisioned();
    device.read(1);
    await until(async () => (await world.values()).length === 1, 'the first one came');
    let isFull = true;
    world.node.memoryDisk.onOperation = ({ kind, path }) => {
      const writes = kind === 'write' || kind === 'sync';
      if (isFull && writes && path.includes('journal'))
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    device.read(...numbers(2, 40));
    await device.told(/^taken/, 40);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    isFull = false;
    await until(async () => (await world.values()).length >= 40, 'all is there', 20_000);
    expect(await world.values()).toEqual(numbers(1, 40));
    expect(await world.bodies('devices/uno-1/gap')).toEqual([]);
  });

  it('serves two devices at once', async () => {
    const first = await provisioned();
    const second = world.device('uno-2', { topics: ['u:int'] });
    world.board.plug(OTHER, second);
    await first.bridge.stop();
    const bridge = await world.bridge([PORT, OTHER]);
    await bridge.provision(OTHER, { name: 'uno-2' });
    await world.waitFor(bridge, 'uno-1', 'online');
    await world.waitFor(bridge, 'uno-2', 'online');
    first.device.read(...numbers(1, 30));
    second.read(...numbers(101, 130));
    await until(async () => (await world.values('t')).length === 30, 'the first one is heard');
    await until(async () => (await world.values('u')).length === 30, 'the second one is heard');
    expect(await world.values('u')).toEqual(numbers(101, 130));
  });

  it('puts a prefix before the topics of a device, and says what it registered', async () => {
    const device = world.device('uno-1');
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    await bridge.provision(PORT, { name: 'uno-1', prefix: 'site/north' });
    await world.waitFor(bridge, 'uno-1', 'online');
    device.read(7);
    await until(async () => (await world.values('site/north/t')).length === 1, 'it came');
    expect((await world.readings('site/north/t'))[0]!.origin!.topic).toBe('t');
  });

  it('refuses readings outside of the filters, and any that would speak for the bridge', async () => {
    const device = world.device('uno-1', {
      topics: ['a/b:int', 'c:int', 'devices/x/command/relay:int', '$sys:int'],
    });
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    await bridge.provision(PORT, { name: 'uno-1', topics: ['a/#', 'devices/#'] });
    await world.waitFor(bridge, 'uno-1', 'online');
    device.tell('r 2 1', 'r 3 1', 'r 4 1', 'r 1 5');
    await until(async () => (await world.values('a/b')).length === 1, 'what is allowed came');
    for (const topic of ['c', 'devices/x/command/relay']) expect(await world.values(topic)).toEqual([]);
    expect(bridge.devices()[0]).toMatchObject({ readings: 1, refused: 3 });
    await until(async () => (await world.bodies('devices/uno-1/gap')).length > 0, 'the refusal is told');
    const gaps = await world.bodies('devices/uno-1/gap');
    expect(gaps.reduce((sum, { count }) => sum + (count as number), 0)).toBe(3);
    expect(gaps[0]).toMatchObject({ reason: 'refused', first: 1 });
  });

  it('shows what a sketch prints, and how it goes, to whoever looks', async () => {
    const { device, bridge } = await provisioned();
    const monitor = bridge.monitor({ port: PORT });
    device.tell('log hello from setup()');
    device.read(21.1);
    const seen: string[] = [];
    for await (const event of monitor) {
      seen.push(`${event.kind} ${event.text ?? event.value ?? ''}`);
      if (event.kind === 'record') break;
    }
    expect(seen).toContain('log hello from setup()');
    expect(seen.at(-1)).toBe('record 21.1');
  });

  it('lets go of a port for another program, and takes it back', async () => {
    const { device, bridge } = await provisioned();
    await bridge.release(PORT);
    expect(bridge.ports()[0]).toMatchObject({ state: 'released' });
    await world.waitFor(bridge, 'uno-1', 'offline');
    device.read(1);
    bridge.reclaim(PORT);
    await until(async () => (await world.values()).length === 1, 'it goes on');
    await expect(bridge.release('/dev/other')).rejects.toMatchObject({ code: 'serial.unknown-port' });
  });

  it('knows a device again after a restart of the bridge', async () => {
    const { device, bridge } = await provisioned();
    device.read(1, 2);
    await until(async () => (await world.values()).length === 2, 'they came');
    await bridge.stop();
    device.read(3);
    const again = await world.bridge([PORT]);
    await world.waitFor(again, 'uno-1', 'online');
    await until(async () => (await world.values()).length === 3, 'it goes on');
    expect(await world.values()).toEqual(['1', '2', '3']);
    expect(await world.bodies('devices/uno-1/gap')).toEqual([]);
  });
});
