import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, ROOT, run } from './build-program.ts';
import { ARDUINO_AVR } from './toolchain.ts';

const LIBRARY = join(ROOT, 'firmware-bridge/c');
const CORE = `${ARDUINO_AVR}/cores/arduino`;
/** As Arduino's own `platform.txt` for AVR boards builds for an Uno, warnings on. */
const BOARD = [
  '-mmcu=atmega328p',
  '-DF_CPU=16000000L',
  '-DARDUINO=10819',
  '-DARDUINO_AVR_UNO',
  '-DARDUINO_ARCH_AVR',
  `-I${CORE}`,
  `-I${ARDUINO_AVR}/variants/standard`,
];
const COMMON = ['-c', '-g', '-Os', '-ffunction-sections', '-fdata-sections', '-flto', ...BOARD];
const C = [...COMMON, '-std=gnu11', '-fno-fat-lto-objects'];
const CXX = [
  ...COMMON,
  '-std=gnu++11',
  '-fpermissive',
  '-fno-exceptions',
  '-fno-threadsafe-statics',
  '-Wno-error=narrowing',
];
const WARNINGS = ['-Wall', '-Wextra', '-Werror'];

const folderOf = (name: string) => {
  const folder = join(buildFolder(), name);
  mkdirSync(folder, { recursive: true });
  return folder;
};

const sourcesIn = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));

const objectsIn = (folder: string) => sourcesIn(folder, '.o');

async function compileFolder(source: string, name: string, warnings: readonly string[]): Promise<string[]> {
  const cwd = folderOf(name);
  await run('avr-gcc', [...C, ...warnings, ...sourcesIn(source, '.c')], { cwd });
  await run('avr-g++', [...CXX, ...warnings, ...sourcesIn(source, '.cpp')], { cwd });
  const assembly = sourcesIn(source, '.S');
  if (assembly.length > 0) {
    await run('avr-gcc', ['-c', '-x', 'assembler-with-cpp', ...BOARD, ...assembly], { cwd });
  }
  return objectsIn(cwd);
}

/** Arduino's core and the library, which every sketch is linked with. */
export async function buildArduinoParts(): Promise<readonly string[]> {
  // Debian's compiler is older than Arduino's: its float.h keeps this name from C++.
  const core = await compileFolder(CORE, 'arduino-core', ['-w', '-DDECIMAL_DIG=__DECIMAL_DIG__']);
  return [...core, ...(await compileFolder(join(LIBRARY, 'src'), 'arduino-sedge', WARNINGS))];
}

/** Builds an example's sketch as Arduino would; resolves to the path of its program. */
export async function buildSketch(name: string, parts: readonly string[]): Promise<string> {
  const cwd = folderOf(`sketch-${name}`);
  const sketch = join(LIBRARY, 'examples', name, `${name}.ino`);
  const flags = [...CXX, ...WARNINGS, `-I${join(LIBRARY, 'src')}`, '-include', 'Arduino.h'];
  await run('avr-g++', [...flags, '-x', 'c++', sketch, '-o', 'sketch.o'], { cwd });
  const program = join(cwd, 'sketch.elf');
  const link = ['-Os', '-g', '-flto', '-fuse-linker-plugin', '-Wl,--gc-sections', '-mmcu=atmega328p'];
  await run('avr-gcc', [...link, '-o', program, join(cwd, 'sketch.o'), ...parts, '-lm'], { cwd });
  return program;
}
