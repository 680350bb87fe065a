import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compilerSays, ROOT } from './build-program.ts';
import { describeWith, type Tool } from './toolchain.ts';

const LIBRARY = 'firmware-bridge/c';
const WARNINGS = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror', '-O2'];

interface Target {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Of the ports, those that are for this processor. */
  readonly ports: readonly string[];
}

const ARM = ['-mthumb', '-ffreestanding', '-Os'];

const TARGETS: readonly Target[] = [
  ...(['gcc', 'clang'] as const).flatMap((compiler): Target[] => [
    { name: `${compiler}, 64 bit`, tools: [compiler], compiler, flags: [], ports: ['posix', 'template'] },
    {
      name: `${compiler}, 32 bit`,
      tools: [compiler, 'gcc-32'],
      compiler,
      flags: ['-m32'],
      ports: ['posix', 'template'],
    },
  ]),
  {
    name: 'avr-gcc, ATmega328P',
    tools: ['avr-gcc'],
    compiler: 'avr-gcc',
    flags: ['-mmcu=atmega328p', '-DF_CPU=16000000UL', '-Os'],
    ports: ['avr', 'template'],
  },
  ...(['cortex-m0', 'cortex-m0plus', 'cortex-m3', 'cortex-m4'] as const).map((cpu) => ({
    name: `arm-none-eabi-gcc, ${cpu}`,
    tools: ['arm-gcc'] as const,
    compiler: 'arm-none-eabi-gcc',
    flags: [`-mcpu=${cpu}`, ...ARM],
    ports: ['cortex-m', 'template'],
  })),
];

function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, LIBRARY, folder), { encoding: 'utf8' })
    .filter((file) => file.endsWith('.c'))
    .map((file) => `${LIBRARY}/${folder}/${file}`);
}

for (const { name, tools, compiler, flags, ports } of TARGETS) {
  describeWith(tools, `the C library under ${name}`, () => {
    it('compiles without a warning, its ports too', async () => {
      const sources = [...sourcesIn('src'), ...ports.flatMap((port) => sourcesIn(`ports/${port}`))];
      const includes = ['include', ...ports.map((port) => `ports/${port}`)].map(
        (one) => `-I${LIBRARY}/${one}`,
      );
      const said: string[] = [];
      for (const source of sources)
        said.push(await compilerSays(compiler, [...WARNINGS, ...flags, ...includes], source));
      expect(said.join('')).toBe('');
      expect(sources.length).toBeGreaterThan(2);
    });
  });
}

describeWith(['gcc'], 'the class for sketches', () => {
  it.each(['ARDUINO_ARCH_ESP32', 'ARDUINO_ARCH_RP2040', 'ARDUINO_ARCH_SAMD'])(
    'compiles without a warning where the core defines %s',
    async (core) => {
      const flags = [
        ...['-std=c++11', '-fno-exceptions', '-Wall', '-Wextra', '-Wpedantic', '-Werror'],
        ...['-DARDUINO=10819', `-D${core}`, '-Itest/firmware/arduino-shim'],
      ];
      expect(await compilerSays('gcc', flags, `${LIBRARY}/src/SedgeDevice.cpp`)).toBe('');
    },
  );
});

describeWith(['gcc'], 'the header of the C library', () => {
  it.each(['c++11', 'c++20'])('is C++ as well: %s', async (standard) => {
    const flags = [`-std=${standard}`, '-x', 'c++', '-Wall', '-Wextra', '-Wpedantic', '-Werror'];
    expect(await compilerSays('gcc', flags, `${LIBRARY}/include/sedge.h`)).toBe('');
  });

  it.each([
    ['SEDGE_MTU=63', 'SEDGE_MTU is 64 to 250'],
    ['SEDGE_WINDOW=8', 'SEDGE_WINDOW is 1 to 7'],
    ['SEDGE_RESULTS=0', 'SEDGE_RESULTS is 1 to 64'],
    ['SEDGE_RESULT_SIZE=221', 'SEDGE_RESULT_SIZE is 0 to'],
  ])('refuses %s', async (define, words) => {
    expect(await compilerSays('gcc', [`-D${define}`], `${LIBRARY}/include/sedge.h`)).toContain(words);
  });
});
