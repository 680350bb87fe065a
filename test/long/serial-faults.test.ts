import { afterEach, beforeEach, it } from 'vitest';
import { describeWith } from '../firmware/toolchain.ts';
import { BridgeWorld } from '../integration/serial/bridge-world.ts';
import { EVERY_MISFORTUNE, HARD_MISFORTUNES, surviveMisfortunes } from '../integration/serial/misfortunes.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 20);
const SEEDS = process.env.SEED === undefined ? 20 : 1;

describeWith(['gcc', 'make'], 'whatever happens to the line, the device and the bridge', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  const indexes = Array.from({ length: SEEDS }, (_, index) => index);
  it.each(
    indexes.flatMap((index) => [
      { index, name: 'anything', misfortunes: EVERY_MISFORTUNE, ring: 1_500 },
      { index, name: 'power cuts and a full disk', misfortunes: HARD_MISFORTUNES, ring: 500 },
    ]),
  )(
    'each reading is in the mesh once or told to be lost once: $name ($index)',
    async ({ misfortunes, ring }) => {
      // What a seed brings also depends on the machine's time: it narrows the search, and is no replay.
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`seed ${seed}`);
      await surviveMisfortunes(world, { seed, misfortunes, ring, rounds: ROUNDS });
    },
  );
});
