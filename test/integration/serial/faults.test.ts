import { afterEach, beforeEach, it } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { BridgeWorld } from './bridge-world.ts';
import { EVERY_MISFORTUNE, HARD_MISFORTUNES, surviveMisfortunes } from './misfortunes.ts';

describeWith(['gcc', 'make'], 'whatever happens to the line, the device and the bridge', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  it.each([
    { name: 'anything', misfortunes: EVERY_MISFORTUNE, ring: 1_500 },
    { name: 'power cuts and a full disk', misfortunes: HARD_MISFORTUNES, ring: 500 },
  ])('each reading is in the mesh once or told to be lost once: $name', async ({ misfortunes, ring }) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    await surviveMisfortunes(world, { seed, misfortunes, ring, rounds: 10 });
  });
});
