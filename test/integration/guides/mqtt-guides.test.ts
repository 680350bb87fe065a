import { afterAll, beforeAll, expect, it } from 'vitest';
import { GuideMachines } from './guide-machine.ts';
import { GuidePage } from './guide-page.ts';

let machines: GuideMachines;

beforeAll(async () => {
  machines = await GuideMachines.make({ gateway: { doors: true } });
});

afterAll(() => machines.close());

// One machine for all: a user each, and agents one after the other.
it.each(['esphome', 'home-assistant', 'node-red', 'tasmota', 'zigbee2mqtt'])(
  'docs/guides/%s.md has commands that work',
  async (name) => {
    const page = new GuidePage(`docs/guides/${name}.md`, machines);
    await page.all();
    expect(page.left()).toEqual([]);
  },
);
