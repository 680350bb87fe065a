import { expect } from 'vitest';
import type { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { type BridgeWorld, until } from './bridge-world.ts';
import type { VirtualDevice } from './virtual-device.ts';

const PORT = '/dev/ttyVIRT0';

/** What may go wrong: the more often it is listed, the likelier. */
type Misfortune = 'unplug' | 'power' | 'reset' | 'restart' | 'full' | 'nothing';

/** How a device fares. */
export interface Fate {
  readonly seed: number;
  readonly rounds: number;
  /** Bytes of the device's ring. */
  readonly ring: number;
  readonly misfortunes: readonly Misfortune[];
}

/** Each as likely as the others. */
export const EVERY_MISFORTUNE: readonly Misfortune[] = [
  'unplug',
  'power',
  'reset',
  'restart',
  'full',
  'nothing',
];

/** Power cuts and a full disk, with a ring that is soon full: what is lost without a last number. */
export const HARD_MISFORTUNES: readonly Misfortune[] = [
  'unplug',
  'power',
  'power',
  'reset',
  'full',
  'full',
  'full',
];

/** A device and a bridge through rounds of misfortune; then each reading is in the mesh once, or told to be lost once. */
export async function surviveMisfortunes(world: BridgeWorld, fate: Fate): Promise<void> {
  const random = randomOf(fate.seed);
  const device = world.device('uno-1', { ring: fate.ring });
  world.board.plug(PORT, device);
  let bridge = await world.bridge([PORT]);
  await bridge.provision(PORT, { name: 'uno-1' });
  for (let round = 0; round < fate.rounds; round++) {
    const misfortune = fate.misfortunes[Math.floor(random() * fate.misfortunes.length)]!;
    bridge = await suffer(world, misfortune, { device, bridge, random });
  }
  world.board.mangle = { toDevice: (bytes) => bytes, toHost: (bytes) => bytes };
  world.board.plug(PORT, device);
  await world.waitFor(bridge, 'uno-1', 'online');
  device.read('-1');
  await until(async () => (await world.values()).at(-1) === '-1', 'the last one came', 30_000);
  await expectAccounted(world, device);
}

interface Scene {
  readonly device: VirtualDevice;
  readonly bridge: SerialBridge;
  readonly random: () => number;
}

/** Takes some readings, and something goes wrong meanwhile. */
async function suffer(
  world: BridgeWorld,
  misfortune: Misfortune,
  { device, bridge, random }: Scene,
): Promise<SerialBridge> {
  const noise = [0, 0, 0.002, 0.01][Math.floor(random() * 4)]!;
  const noisy = (bytes: Uint8Array) =>
    Uint8Array.from([...bytes].flatMap((byte) => (random() < noise ? [] : [byte])));
  world.board.mangle = { toDevice: noisy, toHost: noisy };
  const taken = device.events.filter((event) => event.startsWith('taken')).length;
  const count = Math.floor(random() * 90);
  for (let reading = 0; reading < count; reading++) device.read(Math.floor(random() * 1_000));
  await device.told(/^taken/, taken + count);
  await pause(random() * 80);
  if (misfortune === 'restart') {
    await bridge.stop();
    return world.bridge([PORT]);
  }
  if (misfortune === 'unplug') world.board.unplug(PORT);
  else if (misfortune === 'full') fillDisk(world, 600);
  else if (misfortune !== 'nothing') device.tell(misfortune);
  await pause(random() * 700);
  world.board.plug(PORT, device);
  return bridge;
}

/** The disk takes nothing for a while. */
function fillDisk(world: BridgeWorld, forMs: number): void {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  const endsMs = performance.now() + forMs;
  world.node.memoryDisk.onOperation = ({ kind, path }) => {
    const writes = (kind === 'write' || kind === 'sync') && path.includes('journal');
    if (writes && performance.now() < endsMs) throw full;
  };
}

/** Each reading that the device took is in the mesh, once and in order, or in one gap. */
async function expectAccounted(world: BridgeWorld, device: VirtualDevice): Promise<void> {
  const taken = device.events.flatMap((event) => {
    const [, epoch, counter] = /^taken (\d+) (\d+) /.exec(event) ?? [];
    return epoch === undefined ? [] : [`${epoch} ${counter}`];
  });
  const origins = (await world.readings()).map(({ origin }) => origin!);
  const there = origins.map(({ epoch, counter }) => `${epoch} ${counter}`);
  expect(new Set(there).size).toBe(there.length);
  const inOrder = origins.every((one, index) => {
    const before = origins[index - 1];
    return before === undefined || before.epoch < one.epoch || before.counter < one.counter;
  });
  expect(inOrder).toBe(true);
  const gaps = (await world.bodies('devices/uno-1/gap')) as unknown as Gap[];
  const timesTold = (name: string) => {
    const [epoch, counter] = name.split(' ').map(Number) as [number, number];
    return gaps.filter((gap) => covers(gap, epoch, counter)).length;
  };
  const known = new Set(there);
  const wrong = taken.filter((name) => Number(known.has(name)) + timesTold(name) !== 1);
  const boots = device.events.filter((event) => /^(booted|state) /.test(event)).join(', ');
  const account = `told: ${JSON.stringify(gaps)}; the device: ${boots}`;
  expect(
    wrong.map((name) => [name, known.has(name), timesTold(name)]),
    account,
  ).toEqual([]);
}

interface Gap {
  readonly epoch: number;
  readonly throughEpoch?: number;
  readonly first: number;
  readonly last: number | null;
}

function covers(
  { epoch, throughEpoch = epoch, first, last }: Gap,
  inEpoch: number,
  counter: number,
): boolean {
  if (inEpoch < epoch || inEpoch > throughEpoch) return false;
  return inEpoch > epoch || (counter >= first && (last === null || counter <= last));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
