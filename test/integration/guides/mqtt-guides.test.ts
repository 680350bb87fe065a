import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasTool } from '../../firmware/toolchain.ts';
import { GuideMachines } from './guide-machine.ts';
import { GuidePage } from './guide-page.ts';

let machines: GuideMachines;

beforeAll(async () => {
  machines = await GuideMachines.make({ gateway: { doors: true } });
});

afterAll(() => machines.close());

// One machine for all: a user each, and agents one after the other.
it.each([
  'mqtt',
  ...['esphome', 'home-assistant', 'node-red', 'tasmota', 'zigbee2mqtt'].map((name) => `guides/${name}`),
])('docs/%s.md has commands that work', async (name) => {
  const page = new GuidePage(`docs/${name}.md`, machines);
  await page.all();
  expect(page.left()).toEqual([]);
});

it.skipIf(!hasTool('curl'))('docs/control-api.md has a command that works', async () => {
  await machines.first.startAgent('sedge start');
  const page = new GuidePage('docs/control-api.md', machines);
  await page.all();
});
