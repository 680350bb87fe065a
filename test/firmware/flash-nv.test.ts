import { expect, it } from 'vitest';
import { buildProgram, run } from './build-program.ts';
import { describeWith } from './toolchain.ts';

describeWith(['gcc'], 'the lasting memory in flash', () => {
  it('holds the old bytes or the new ones wherever the power is cut, and can be written again', async () => {
    const cortexM = 'firmware-bridge/c/ports/cortex-m';
    const program = await buildProgram({
      compiler: 'gcc',
      flags: ['-std=c99', '-Wall', '-Wextra', '-Werror', '-O1', `-I${cortexM}`],
      sources: [`${cortexM}/flash_nv.c`, 'test/firmware/cortex-m/flash_nv_cuts.c'],
    });
    expect(await run(program, [])).toBe('1680 cuts\n');
  });
});
