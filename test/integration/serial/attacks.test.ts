import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { numbers } from '../../unit/mesh/deliveries.ts';
import { BridgeWorld, until } from './bridge-world.ts';

const PORT = '/dev/ttyVIRT0';
const OTHER = '/dev/ttyVIRT1';

describeWith(['gcc', 'make'], 'an attacker on the line', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  async function provisioned(ports: readonly string[] = [PORT]) {
    const device = world.device('uno-1');
    world.board.plug(PORT, device);
    const bridge = await world.bridge(ports);
    const { id } = await bridge.provision(PORT, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    return { device, bridge, id };
  }

  const alarms = (bridge: SerialBridge) => bridge.devices()[0]!.alarms;

  it('cannot alter a frame: what was changed is not taken, and the true one comes', async () => {
    const { device, bridge } = await provisioned();
    let altered = 0;
    world.board.mangle = {
      toDevice: (bytes) => bytes,
      toHost: (bytes) => (altered < 5 && bytes.length > 30 && altered++ >= 0 ? alter(bytes) : bytes),
    };
    device.read(...numbers(1, 20));
    await until(async () => (await world.values()).length >= 20, 'all came');
    expect(await world.values()).toEqual(numbers(1, 20));
    expect(altered).toBe(5);
    await until(() => alarms(bridge) > 0, 'the alarm rises');
    expect(await world.bodies('devices/uno-1/alarm')).toMatchObject([{ cause: 'bad-tag' }]);
  });

  it('cannot replay what it heard', async () => {
    const { device, bridge } = await provisioned();
    const heard: Uint8Array[] = [];
    world.board.mangle = {
      toDevice: (bytes) => bytes,
      toHost: (bytes) => {
        heard.push(bytes);
        return bytes;
      },
    };
    device.read(...numbers(1, 10));
    await until(async () => (await world.values()).length === 10, 'they came');
    world.board.mangle = { toDevice: (bytes) => bytes, toHost: (bytes) => bytes };
    // Into the same session, and into the next.
    for (const bytes of heard) device.onBytes(bytes);
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    world.board.plug(PORT, device);
    await world.waitFor(bridge, 'uno-1', 'online');
    // Sooner or later one has the link number that is wanted, and only its seal tells what it is.
    let taken = 10;
    while (alarms(bridge) === 0 && taken < 100) {
      device.read(++taken);
      for (const bytes of heard) device.onBytes(bytes);
      await until(async () => (await world.values()).length >= taken, 'the device goes on');
    }
    expect(alarms(bridge)).toBeGreaterThan(0);
    expect(await world.values()).toEqual(numbers(1, taken));
  });

  it('is not served under a key of its own', async () => {
    const { bridge, id } = await provisioned();
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    await bridge.remove('uno-1');
    await bridge.add({ id, name: 'uno-1', key: new Uint8Array(16).fill(9) });
    const thief = world.device('uno-1');
    world.board.plug(PORT, thief);
    thief.read(1);
    await until(() => bridge.ports()[0]!.problem?.code === 'device.wrong-key', 'it is told');
    expect(bridge.devices()[0]).toMatchObject({ state: 'never-seen' });
    expect(alarms(bridge)).toBeGreaterThan(0);
    expect(await world.values()).toEqual([]);
  });

  it('is not served as a device that nobody took into the book', async () => {
    const { bridge } = await provisioned();
    await bridge.remove('uno-1');
    await until(() => bridge.ports()[0]!.problem?.code === 'device.key-unknown', 'it is told');
    expect(bridge.ports()[0]).toMatchObject({ provisioned: true, device: null });
    expect(await world.values()).toEqual([]);
  });

  it('is refused with a copy of a device while that is there', async () => {
    const { device, bridge } = await provisioned([PORT, OTHER]);
    copyFileSync(join(world.folder, 'uno-1.nv'), join(world.folder, 'copy.nv'));
    const copy = world.device('copy');
    world.board.plug(OTHER, copy);
    copy.read(666);
    await until(() => bridge.ports()[1]!.problem?.code === 'device.claimed-twice', 'it is told', 20_000);
    device.read(1);
    await until(async () => (await world.values()).length > 0, 'the true one is heard');
    expect(await world.values()).toEqual(['1']);
    expect(alarms(bridge)).toBeGreaterThan(0);
    expect((await world.bodies('devices/uno-1/alarm'))[0]).toMatchObject({ cause: 'claimed-twice' });
  });

  it('is refused with an old copy, until a person accepts that', async () => {
    const { device, bridge } = await provisioned();
    copyFileSync(join(world.folder, 'uno-1.nv'), join(world.folder, 'copy.nv'));
    for (const epoch of [2, 3, 4]) {
      device.tell('power');
      await device.told(new RegExp(`^booted ${epoch}`));
    }
    device.read(1);
    await until(async () => (await world.values()).length === 1, 'it is heard in its fourth epoch');
    world.board.unplug(PORT);
    await world.waitFor(bridge, 'uno-1', 'offline');
    const old = world.device('copy');
    world.board.plug(PORT, old);
    await until(() => bridge.ports()[0]!.problem?.code === 'device.lower-epoch', 'it is told', 20_000);
    old.read(2);
    expect(await world.values()).toEqual(['1']);
    await bridge.acceptEpoch('uno-1');
    await until(async () => (await world.values()).length === 2, 'it is heard now', 20_000);
    expect(await world.values()).toEqual(['1', '2']);
  });

  it('gets nowhere with garbage of any kind, and the device is heard again after it', async () => {
    const { device, bridge } = await provisioned();
    const garbage = [
      new Uint8Array(5_000).fill(0),
      new Uint8Array(5_000).fill(0x55),
      Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7_919) & 0xff),
      Buffer.from('AT+CGMI\r\n'.repeat(100)),
    ];
    for (const bytes of garbage) device.onBytes(bytes);
    device.read(1);
    await until(async () => (await world.values()).length === 1, 'it is heard');
    expect(bridge.devices()[0]).toMatchObject({ lost: 0 });
    const counters = Object.keys(bridge.ports()[0]!.counters).filter((name) => name.startsWith('frame.'));
    expect(counters.length).toBeGreaterThan(0);
  });
});

/** Changes a byte of each long frame and mends its CRC, as an attacker would; else it were noise. */
function alter(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let chunk: number[] = [];
  for (const byte of bytes) {
    if (byte !== 0) {
      chunk.push(byte);
      continue;
    }
    if (chunk.length > 0) out.push(...(chunk.length > 20 ? forge(chunk) : chunk));
    out.push(0);
    chunk = [];
  }
  return Uint8Array.from([...out, ...chunk]);
}

function forge(chunk: readonly number[]): number[] {
  const body = cobsDecode(chunk);
  if (body.length < 20) return [...chunk];
  body[14]! ^= 1;
  const crc = crc16(body.slice(0, -2));
  body[body.length - 2] = crc & 0xff;
  body[body.length - 1] = crc >> 8;
  return cobsEncode(body);
}

function crc16(bytes: readonly number[]): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

function cobsDecode(chunk: readonly number[]): number[] {
  const body: number[] = [];
  for (let at = 0; at < chunk.length; ) {
    const code = chunk[at]!;
    body.push(...chunk.slice(at + 1, at + code));
    at += code;
    if (code < 0xff && at < chunk.length) body.push(0);
  }
  return body;
}

function cobsEncode(body: readonly number[]): number[] {
  const out: number[] = [];
  let block: number[] = [];
  const flush = () => {
    out.push(block.length + 1, ...block);
    block = [];
  };
  for (const byte of body) {
    if (byte === 0) flush();
    else block.push(byte);
    if (block.length === 254) flush();
  }
  flush();
  return out;
}
