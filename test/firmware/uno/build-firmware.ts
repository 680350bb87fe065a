import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Firmware, readFirmware } from './firmware.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/sedge-firmware');
const LIBRARY = join(ROOT, 'firmware-bridge/c');
const INCLUDES = [join(LIBRARY, 'include'), join(LIBRARY, 'ports/avr')];

/** How every program of an Uno is built. What the `-fno-` keep away makes programs of gcc 5.4 for AVR larger. */
export const AVR_FLAGS: readonly string[] = [
  '-mmcu=atmega328p',
  '-DF_CPU=16000000UL',
  '-std=c99',
  '-Os',
  '-flto',
  '-mrelax',
  '-mcall-prologues',
  '-mstrict-X',
  '-fno-gcse',
  '-fno-inline-small-functions',
  '-fno-ipa-sra',
  '-fno-move-loop-invariants',
  '-fno-tree-sra',
  '-fshort-enums',
  '-ffunction-sections',
  '-fdata-sections',
  '-Wall',
  '-Wextra',
  '-Wpedantic',
  '-Werror',
  '-Wl,--gc-sections',
];

export interface FirmwareSource {
  /** For the name of the file. */
  readonly name: string;
  /** C files, from the root of the repository; those of the library and of the port come by themselves. */
  readonly sources: readonly string[];
  /** Macros, `NAME` or `NAME=VALUE`. */
  readonly defines?: readonly string[];
  /** @defaultValue the library and the port of the Uno */
  readonly library?: readonly string[];
}

/** Builds a program for the Uno, once for the same sources, flags and compiler. */
export function buildFirmware(source: FirmwareSource): Firmware {
  const { name, sources, defines = [], library = librarySources() } = source;
  const files = [...sources, ...library].map((file) => join(ROOT, file));
  const flags = [...AVR_FLAGS, ...INCLUDES.map((path) => `-I${path}`), ...defines.map((one) => `-D${one}`)];
  const elf = join(CACHE, `${name}-${digest(files, flags)}.elf`);
  if (!existsSync(elf)) {
    mkdirSync(CACHE, { recursive: true });
    const temporary = `${elf}.${process.pid}`;
    execFileSync('avr-gcc', [...flags, ...files, '-o', temporary], { stdio: ['ignore', 'inherit', 'pipe'] });
    renameSync(temporary, elf);
  }
  return readFirmware(readFileSync(elf));
}

/** The link layer alone, sending raw payload for ever. */
export function buildLinkFirmware(): Firmware {
  const library = ['src/link.c', 'src/crc16.c', 'ports/avr/sedge_avr.c'].map(
    (file) => `firmware-bridge/c/${file}`,
  );
  return buildFirmware({ name: 'link', sources: ['test/firmware/uno/programs/link.c'], library });
}

/** The C files of the library and of the port of the Uno, from the root of the repository. */
export function librarySources(): string[] {
  return [join(LIBRARY, 'src'), join(LIBRARY, 'ports/avr')]
    .flatMap((folder) => filesIn(folder, '.c'))
    .map((file) => relative(ROOT, file));
}

function digest(files: readonly string[], flags: readonly string[]): string {
  const hash = createHash('sha256');
  hash.update(execFileSync('avr-gcc', ['--version'])).update(flags.join(' ').replaceAll(ROOT, ''));
  const headers = [...INCLUDES, join(LIBRARY, 'src')].flatMap((folder) => filesIn(folder, '.h'));
  for (const file of [...files, ...headers].sort()) {
    hash.update(relative(ROOT, file)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))
    .sort();
}
