import { expect } from 'vitest';
import { encodeDeviceValue } from '../../../../firmware-bridge/host/value/index.ts';
import { SerialWorld, type WorldOptions } from './serial-world.ts';

/** A world in which a session serves and the topics are known. */
export function onlineWorld(options: WorldOptions = {}): SerialWorld {
  const world = new SerialWorld(options);
  world.tell({ kind: 'opened' });
  expect(world.run(60_000, () => world.of('topics').length > 0)).toBe(true);
  return world;
}

/** The device takes readings with these numbers as values. */
export function publish(world: SerialWorld, first: number, last: number): void {
  for (let n = first; n <= last; n++) world.device.publish(1, encodeDeviceValue(n)!, world.nowMs);
}

/** Lets time pass until everything that the device took is acknowledged. */
export function drain(world: SerialWorld, ms = 60_000): void {
  expect(world.run(ms, () => world.device.isOnline && world.device.readings.length === 0)).toBe(true);
}

/** Texts of whole numbers. */
export function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
}
