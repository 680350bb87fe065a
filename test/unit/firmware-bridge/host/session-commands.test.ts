import { describe, expect, it } from 'vitest';
import type { DeviceCommand } from '../../../../firmware-bridge/host/session/index.ts';
import { encodeDeviceValue } from '../../../../firmware-bridge/host/value/index.ts';
import { drain, onlineWorld, publish } from './online-world.ts';
import type { SerialWorld } from './serial-world.ts';

function results(world: SerialWorld): string[] {
  return world
    .of('result')
    .map(({ id, status, value }) => `${id} ${status}${value === null ? '' : ` ${value}`}`);
}

/** Hands what the end of a session gives back to the next one, as the bridge does, until all have results. */
function handOnCommands(world: SerialWorld, ms: number): void {
  let seen = 0;
  let left: readonly DeviceCommand[] = [];
  const isDone = () => {
    for (; seen < world.effects.length; seen++) {
      const effect = world.effects[seen]!;
      if (effect.kind === 'offline') left = effect.commands;
      if (effect.kind !== 'online') continue;
      for (const command of left) world.tell({ kind: 'command', command });
      left = [];
    }
    return new Set(world.of('result').map(({ id }) => id)).size === 10;
  };
  expect(world.run(ms, isDone)).toBe(true);
}

describe('a command', () => {
  it('is done once, and its result comes back', () => {
    const world = onlineWorld();
    world.device.onCommand = () => [0, { on: true }];
    world.command({ id: 7, args: encodeDeviceValue([true, 1.5])! });
    world.run(1_000);
    expect(world.device.commands).toEqual([{ id: 7, deadline: 0, args: [true, 1.5] }]);
    expect(results(world)).toEqual(['7 done {"on":true}']);
    expect(world.of('command-sent')).toEqual([{ kind: 'command-sent', id: 7, epoch: 1 }]);
  });

  it('is done once whatever the line loses', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const world = onlineWorld({ seed, faults: { byteLoss: 0.03 } });
      for (let id = 1; id <= 10; id++) world.command({ id });
      handOnCommands(world, 300_000);
      const done = world.device.commands.map(({ id }) => id);
      expect(
        [...done].sort((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(Array.from({ length: 10 }, (_, at) => at + 1));
      expect([...new Set(results(world))].sort(), `seed ${seed}`).toEqual(
        done.map((id) => `${id} done`).sort(),
      );
    }
  });

  it('has its deadline by the clock of the device', () => {
    const world = onlineWorld();
    world.command({ id: 7, expiresAtMs: world.nowMs + 5_000 });
    world.run(500);
    const deadline = world.device.commands[0]!.deadline;
    // The device booted when the world began.
    expect(Math.abs(deadline - (world.nowMs - 500 + 5_000))).toBeLessThan(20);
    expect(results(world)).toEqual(['7 done']);
  });

  it('that is late already is not sent', () => {
    const world = onlineWorld();
    world.command({ id: 7, expiresAtMs: world.nowMs });
    world.run(500);
    expect(world.device.commands).toEqual([]);
    expect(results(world)).toEqual(['7 expired']);
    expect(world.of('result')[0]?.ticket).toBeNull();
  });

  it('that gets there too late is answered so by the device', () => {
    const world = onlineWorld();
    world.toDevice.faults = { byteLoss: 1 };
    world.command({ id: 7, expiresAtMs: world.nowMs + 1_000 });
    world.run(2_000);
    world.toDevice.faults = {};
    world.run(5_000);
    expect(world.device.commands).toEqual([]);
    expect(results(world)).toEqual(['7 expired']);
  });

  it('that the device did not register is answered by the host', () => {
    const world = onlineWorld();
    world.command({ id: 7, name: 'horn' });
    world.command({ id: 8, name: 'greenhouse/temp' });
    world.run(500);
    expect(results(world)).toEqual(['7 unknown-command', '8 unknown-command']);
  });

  it('that is too long for the device is answered by the host', () => {
    const world = onlineWorld();
    world.command({ id: 7, args: encodeDeviceValue('x'.repeat(60))! });
    world.command({ id: 8, args: encodeDeviceValue('x'.repeat(20))! });
    world.run(500);
    expect(results(world)).toEqual(['7 bad-arguments', '8 done']);
  });

  it('beyond the limit is answered busy, and so is one without a session', () => {
    const world = onlineWorld({ session: { maxPendingCommands: 3 } });
    world.device.isAsleep = true;
    for (let id = 1; id <= 5; id++) world.command({ id });
    expect(results(world)).toEqual(['4 busy', '5 busy']);
    world.tell({ kind: 'closed' });
    expect(world.of('offline')[0]?.commands.map(({ id }) => id)).toEqual([1, 2, 3]);
    world.command({ id: 6 });
    expect(results(world).at(-1)).toBe('6 busy');
  });

  it('is not done again where the agent starts anew before the result came', () => {
    const world = onlineWorld();
    world.toHost.faults = { byteLoss: 1 };
    world.command({ id: 7 });
    world.run(1_000);
    expect(world.device.commands).toHaveLength(1);
    world.toHost.faults = {};
    world.restartHost();
    expect(world.run(20_000, () => world.of('online').length === 2)).toBe(true);
    world.command({ id: 7, sentInEpoch: 1 });
    world.run(2_000);
    expect(world.device.commands).toHaveLength(1);
    expect([...new Set(results(world))]).toEqual(['7 done']);
  });

  it('that was sent to a device which then started anew has an unknown result', () => {
    const world = onlineWorld();
    world.toDevice.faults = { byteLoss: 1 };
    world.command({ id: 7 });
    world.run(100);
    world.toDevice.faults = {};
    world.device.reboot(world.nowMs);
    expect(world.run(20_000, () => world.of('online').length === 2)).toBe(true);
    const commands = world.of('offline')[0]!.commands;
    expect(commands).toMatchObject([{ id: 7, sentInEpoch: 1 }]);
    world.tell({ kind: 'command', command: commands[0]! });
    world.run(1_000);
    expect(world.device.commands).toEqual([]);
    expect(results(world)).toEqual(['7 unknown']);
  });

  it('that was not sent before the device started anew is sent then', () => {
    const world = onlineWorld();
    world.tell({ kind: 'closed' });
    world.device.reboot(world.nowMs);
    world.tell({ kind: 'opened' });
    expect(world.run(20_000, () => world.of('topics').length === 1 && world.device.isOnline)).toBe(true);
    world.command({ id: 7, sentInEpoch: null });
    world.run(1_000);
    expect(results(world)).toEqual(['7 done']);
  });

  it('of a status that only a newer device knows has failed', () => {
    const world = onlineWorld();
    world.device.onCommand = () => [99];
    world.command({ id: 7 });
    world.run(500);
    expect(results(world)).toEqual(['7 failed']);
  });

  it('does not hold up readings, nor they it', () => {
    const world = onlineWorld();
    publish(world, 1, 200);
    for (let id = 1; id <= 20; id++) world.command({ id });
    drain(world);
    expect(world.device.commands).toHaveLength(20);
    expect(world.of('result')).toHaveLength(20);
    expect(world.readings()).toHaveLength(200);
  });
});
