import { expect, it } from 'vitest';
import { GuideMachines } from './guide-machine.ts';
import { GuidePage } from './guide-page.ts';

const PLAIN = { doors: false };

it('docs/guides/operations.md does what it says, from its beginning to its end', async ({
  onTestFinished,
}) => {
  const machines = await GuideMachines.make({ gateway: PLAIN, barn: PLAIN, shed: PLAIN, newbarn: PLAIN });
  onTestFinished(() => machines.close());
  const page = new GuidePage('docs/guides/operations.md', machines);
  await page.all();
  expect(page.left()).toEqual([]);
}, 300_000);
