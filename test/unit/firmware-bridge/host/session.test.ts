import { describe, expect, it } from 'vitest';
import { encodeDeviceValue } from '../../../../firmware-bridge/host/value/index.ts';
import { fromHex } from '../../../../src/bytes/index.ts';
import { DEVICE_ID, SerialWorld, type WorldOptions } from './serial-world.ts';

/** 21.1 as float32. */
const TEMPERATURE = fromHex('fa41a8cccd')!;

/** A world in which a session serves. */
function online(options: WorldOptions = {}): SerialWorld {
  const world = new SerialWorld(options);
  world.tell({ kind: 'opened' });
  expect(world.run(60_000, () => world.of('topics').length > 0)).toBe(true);
  return world;
}

describe('a session', () => {
  it('greets, verifies, welcomes and learns the topics', () => {
    const world = online();
    expect(world.effects.map(({ kind }) => kind).filter((kind) => kind !== 'write')).toEqual([
      'greeting',
      'online',
      'time',
      'topics',
    ]);
    expect(world.of('online')[0]).toMatchObject({
      device: { id: DEVICE_ID, epoch: 1, session: 1, firmware: 0x010203, resetCause: 'power' },
      topics: null,
    });
    expect(world.of('topics')[0]?.topics).toContainEqual({
      id: 1,
      kind: 'reading',
      name: 'greenhouse/temp',
      type: 'float',
      unit: '°C',
    });
    expect(world.session.counters()).toEqual({});
  });

  it('hands on readings in order and once', () => {
    const world = online();
    for (let n = 0; n < 50; n++) world.device.publish(1, encodeDeviceValue(n)!, world.nowMs);
    world.device.publish(2, encodeDeviceValue('open')!, world.nowMs);
    world.device.publish(1, TEMPERATURE, world.nowMs);
    expect(world.run(5_000, () => world.device.readings.length === 0)).toBe(true);
    expect(world.readings()).toEqual([...Array.from({ length: 50 }, (_, n) => String(n)), 'open', '21.1']);
    expect(world.gaps()).toEqual([]);
  });
});
