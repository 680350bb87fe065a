import fc from 'fast-check';
import { expect, it } from 'vitest';
import { onlineWorld, publish } from './online-world.ts';
import { ScriptedDevice } from './scripted-device.ts';
import { DEVICE_ID, DEVICE_KEY, type SerialWorld, TOPICS } from './serial-world.ts';

const ACCIDENTS = {
  nothing: () => undefined,
  reboot: (world: SerialWorld) => world.device.reboot(world.nowMs),
  'reboot that remembers': (world: SerialWorld) => world.device.reboot(world.nowMs, { keepsCounter: true }),
  'lost session': (world: SerialWorld) => world.device.loseSession(world.nowMs),
  'agent killed': (world: SerialWorld) => world.restartHost(),
  unplugged: (world: SerialWorld) => {
    world.tell({ kind: 'closed' });
    world.toHost.cut();
    world.toDevice.cut();
    world.run(1_000);
    world.tell({ kind: 'opened' });
  },
  'no room': (world: SerialWorld) => {
    world.tell({ kind: 'room', hasRoom: false });
    world.run(1_500);
    world.tell({ kind: 'room', hasRoom: true });
  },
  'silent for long': (world: SerialWorld) => {
    world.device.isAsleep = true;
    world.run(17_000);
    world.device.isAsleep = false;
  },
} as const;

/** What was taken and neither handed on nor reported. */
function unaccounted(world: SerialWorld, taken: ReadonlySet<string>): string[] {
  const left = new Set(taken);
  for (const { epoch, counter } of world.of('reading')) left.delete(`${epoch}:${counter}`);
  return [...left].filter((name) => {
    const [ofEpoch, counter] = name.split(':').map(Number) as [number, number];
    return !world.of('gap').some(({ epoch, throughEpoch, first, last }) => {
      const isInside = ofEpoch >= epoch && ofEpoch <= (throughEpoch ?? epoch) && counter >= first;
      return isInside && (last === null || counter <= last);
    });
  });
}

/** What one session handed on twice; a later one may do so again, where nothing of it was durable. */
function repeated(world: SerialWorld): string[] {
  const twice: string[] = [];
  let seen = new Set<string>();
  for (const effect of world.effects) {
    if (effect.kind === 'greeting') seen = new Set();
    if (effect.kind !== 'reading') continue;
    const name = `${effect.epoch}:${effect.counter}`;
    if (seen.has(name)) twice.push(name);
    seen.add(name);
  }
  return twice;
}

it('whatever happens to device, line and agent, each reading is handed on or reported, and none twice in a session', () => {
  const plans = fc.record({
    seed: fc.nat(),
    byteLoss: fc.double({ min: 0, max: 0.02, noNaN: true }),
    doneMsMax: fc.integer({ min: 0, max: 100 }),
    ringSize: fc.integer({ min: 4, max: 40 }),
    accidents: fc.array(fc.constantFrom(...(Object.keys(ACCIDENTS) as (keyof typeof ACCIDENTS)[])), {
      minLength: 1,
      maxLength: 12,
    }),
    everyMs: fc.integer({ min: 10, max: 800 }),
  });
  fc.assert(
    fc.property(plans, ({ seed, byteLoss, doneMsMax, ringSize, accidents, everyMs }) => {
      const device = new ScriptedDevice({ id: DEVICE_ID, key: DEVICE_KEY, topics: TOPICS, ringSize });
      const world = onlineWorld({ seed, faults: { byteLoss }, doneMsMax, device });
      const taken = new Set<string>();
      for (const accident of accidents) {
        for (let round = 0; round < 4; round++) {
          publish(world, world.device.counter + 1, world.device.counter + 3);
          for (let back = 0; back < 3; back++) taken.add(`${device.epoch}:${device.counter - back}`);
          world.run(everyMs);
        }
        ACCIDENTS[accident](world);
      }
      expect(world.run(600_000, () => device.isOnline && device.readings.length === 0)).toBe(true);
      // The gap that comes before the last reading, if it is under way still.
      world.run(1_000);
      expect(unaccounted(world, taken)).toEqual([]);
      expect(Object.keys(world.alarms()).filter((cause) => cause !== 'bad-tag')).toEqual([]);
      expect(repeated(world)).toEqual([]);
    }),
    { numRuns: 25 },
  );
});
