import { expect, it } from 'vitest';
import { SIZED_PROGRAMS } from './figures/sized-programs.ts';
import { describeWith } from './toolchain.ts';

const held = SIZED_PROGRAMS.flatMap(({ budget, ...program }) => (budget ? [{ ...program, budget }] : []));

describeWith(['avr-gcc'], 'the firmware of an Uno', () => {
  it.each(held)('keeps to its budget: $name', async ({ name, budget, measure }) => {
    const { flashBytes, ramBytes, stackBytes } = await measure();
    console.info(JSON.stringify({ test: 'size', name, flashBytes, ramBytes, stackBytes }));
    expect(flashBytes).toBeLessThanOrEqual(budget.flashBytes);
    expect(ramBytes + (stackBytes ?? 0)).toBeLessThanOrEqual(budget.ramBytes);
  });
});
