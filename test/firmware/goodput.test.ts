import { expect, it } from 'vitest';
import { unsealedGoodput } from './figures/unsealed-goodput.ts';
import { describeWith } from './toolchain.ts';

describeWith(['avr-gcc'], 'the link layer of an emulated Uno at 115,200 baud', () => {
  it.each([
    [0, 0.85],
    [0.001, 0.6],
    [0.01, 0.15],
  ])('with %f of the bytes lost carries payload for %f of the wire time at least', (loss, target) => {
    const seed = 'goodput';
    const goodput = unsealedGoodput({ loss, seconds: 10, seed });
    console.info(JSON.stringify({ test: 'goodput', seed, loss, ...goodput }));
    expect(goodput.share).toBeGreaterThan(target);
  });
});
