import { expect, it } from 'vitest';
import { buildFuzzTarget, FUZZ_TARGETS, fuzz } from '../firmware/fuzz-target.ts';
import { describeWith } from '../firmware/toolchain.ts';

const MINUTES = 5;

describeWith(['libfuzzer'], `the C library fuzzed for ${MINUTES} minutes each`, () => {
  it.concurrent.each(FUZZ_TARGETS)('$name holds its promises', async (target) => {
    const program = await buildFuzzTarget(target);
    expect(await fuzz(program, target, MINUTES * 60)).toBeGreaterThan(10_000);
  });
});
