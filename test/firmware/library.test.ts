import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { buildProgram, ROOT } from './build-program.ts';
import { describeWith } from './toolchain.ts';

const run = promisify(execFile);
const VECTORS = 'test/vectors/serial';
const LIBRARY = 'firmware-bridge/c/src';

const files = (folder: string, extension: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith(extension))
    .map((file) => `${folder}/${file}`);

// The runner includes link.c, to see what no other file may.
const runner = [
  ...files(LIBRARY, '.c').filter((file) => !file.endsWith('/link.c')),
  'test/firmware/c/vector_runner.c',
  'test/firmware/c/memory_port.c',
];
const flags = [
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wpedantic',
  '-Werror',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
];

describeWith(['gcc'], 'the golden bytes of the serial link', () => {
  it.each([
    ['64-bit lanes', '-DSEDGE_ASCON_BYTES=0'],
    ['bytes, as on AVR', '-DSEDGE_ASCON_BYTES=1'],
  ])('are those of the C library, Ascon in %s', async (_name, define) => {
    const program = await buildProgram({ compiler: 'gcc', flags: [...flags, define], sources: runner });
    const { stdout } = await run(program, files(VECTORS, '.txt'), { cwd: ROOT });
    const [, cases] = /^(\d+) cases, 0 failed$/m.exec(stdout) ?? [];
    // 1,089 of them are Ascon's.
    expect(Number(cases)).toBeGreaterThan(1150);
  });
});

describeWith(['gcc'], 'the rules of a device', () => {
  it.each([
    ['a large one', []],
    ['one with the limits of an Uno', ['-DSEDGE_MTU=64', '-DSEDGE_RESULT_SIZE=8', '-DSEDGE_ASCON_BYTES=1']],
  ])('hold in %s', async (_name, defines) => {
    const sources = [
      ...files(LIBRARY, '.c'),
      'test/firmware/c/device_rules.c',
      'test/firmware/c/memory_port.c',
    ];
    const program = await buildProgram({ compiler: 'gcc', flags: [...flags, ...defines], sources });
    // What does not hold is a line of its own, and the program fails.
    const { stdout } = await run(program);
    expect(stdout).toMatch(/^\d+ checks, 0 failed$/m);
  });
});
