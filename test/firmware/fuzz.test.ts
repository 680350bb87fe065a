import { expect, it } from 'vitest';
import { run } from './build-program.ts';
import { buildFuzzTarget, FUZZ_TARGETS, fuzz, seedsOf } from './fuzz-target.ts';
import { describeWith } from './toolchain.ts';

/** `npm run test:long` gives each five minutes. */
const SECONDS = 4;

describeWith(['libfuzzer'], 'under libFuzzer and the sanitizers', () => {
  it.concurrent.each(FUZZ_TARGETS)(
    '$name holds its promises for every input kept, and some seconds of new ones',
    async (target) => {
      const program = await buildFuzzTarget(target);
      const seeds = seedsOf(target);
      expect(seeds.length).toBeGreaterThan(3);
      await run(program, seeds);
      expect(await fuzz(program, target, SECONDS)).toBeGreaterThan(100);
    },
  );
});
