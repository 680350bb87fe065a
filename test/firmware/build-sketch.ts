import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildFolder, ROOT, run } from './build-program.ts';
import { ARDUINO_AVR } from './toolchain.ts';

const LIBRARY = join(ROOT, 'firmware-bridge/c');
const CORE = `${ARDUINO_AVR}/cores/arduino`;

/** A board as Arduino's `boards.txt` has it. */
export interface ArduinoBoard {
  readonly name: string;
  readonly mcu: string;
  readonly variant: string;
  readonly defines: readonly string[];
  /** Without the bootloader. */
  readonly flashBytes: number;
  readonly ramBytes: number;
}

const USB = ['USB_VID=0x2341', 'USB_PID=0x8036', 'USB_MANUFACTURER="Unknown"', 'USB_PRODUCT="Leonardo"'];

export const ARDUINO_BOARDS: readonly ArduinoBoard[] = [
  {
    name: 'Uno',
    mcu: 'atmega328p',
    variant: 'standard',
    defines: ['ARDUINO_AVR_UNO'],
    flashBytes: 32_256,
    ramBytes: 2_048,
  },
  {
    name: 'Mega 2560',
    mcu: 'atmega2560',
    variant: 'mega',
    defines: ['ARDUINO_AVR_MEGA2560'],
    flashBytes: 253_952,
    ramBytes: 8_192,
  },
  {
    name: 'Leonardo',
    mcu: 'atmega32u4',
    variant: 'leonardo',
    defines: ['ARDUINO_AVR_LEONARDO', ...USB],
    flashBytes: 28_672,
    ramBytes: 2_560,
  },
];

const ALL_CODE = ['-Os', '-ffunction-sections', '-fdata-sections', '-flto'];

/** As Arduino's own `platform.txt` for AVR boards builds. */
function flagsOf({ mcu, variant, defines }: ArduinoBoard) {
  const board = [
    `-mmcu=${mcu}`,
    ...['F_CPU=16000000L', 'ARDUINO=10819', 'ARDUINO_ARCH_AVR', ...defines].map((one) => `-D${one}`),
    `-I${CORE}`,
    `-I${ARDUINO_AVR}/variants/${variant}`,
  ];
  return {
    c: ['-c', '-g', ...ALL_CODE, ...board, '-std=gnu11', '-fno-fat-lto-objects'],
    cxx: [
      ...['-c', '-g', ...ALL_CODE, ...board, '-std=gnu++11', '-fpermissive'],
      ...['-fno-exceptions', '-fno-threadsafe-statics', '-Wno-error=narrowing'],
    ],
    assembly: ['-c', '-x', 'assembler-with-cpp', ...board],
    link: ['-g', ...ALL_CODE, '-fuse-linker-plugin', '-Wl,--gc-sections', `-mmcu=${mcu}`],
  };
}

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

/** Arduino's core and the library, compiled for a board: what each sketch is linked with. */
export interface ArduinoParts {
  readonly board: ArduinoBoard;
  readonly objects: readonly string[];
}

export async function buildArduinoParts(board: ArduinoBoard): Promise<ArduinoParts> {
  // Debian's compiler is older than Arduino's: its float.h keeps this name from C++.
  const core = await compileFolder(board, CORE, ['-w', '-DDECIMAL_DIG=__DECIMAL_DIG__']);
  return { board, objects: [...core, ...(await compileFolder(board, join(LIBRARY, 'src'), WARNINGS))] };
}

async function compileFolder(board: ArduinoBoard, source: string, warnings: readonly string[]) {
  const cwd = folderOf(`${board.mcu}-${basename(source)}`);
  const flags = flagsOf(board);
  const assembly = sourcesIn(source, '.S');
  await run('avr-gcc', [...flags.c, ...warnings, ...sourcesIn(source, '.c')], { cwd });
  await run('avr-g++', [...flags.cxx, ...warnings, ...sourcesIn(source, '.cpp')], { cwd });
  if (assembly.length > 0) await run('avr-gcc', [...flags.assembly, ...assembly], { cwd });
  return sourcesIn(cwd, '.o');
}

/** Builds a sketch as Arduino would; resolves to the path of its program. */
export async function buildSketch(sketch: string, { board, objects }: ArduinoParts): Promise<string> {
  const cwd = folderOf(`${board.mcu}-${basename(sketch, '.ino')}`);
  const flags = flagsOf(board);
  const own = [...WARNINGS, `-I${join(LIBRARY, 'src')}`, '-include', 'Arduino.h', '-x', 'c++'];
  await run('avr-g++', [...flags.cxx, ...own, sketch, '-o', 'sketch.o'], { cwd });
  const program = join(cwd, 'sketch.elf');
  await run('avr-gcc', [...flags.link, '-o', program, join(cwd, 'sketch.o'), ...objects, '-lm'], { cwd });
  return program;
}

/** The examples' sketches. */
export function exampleSketches(): string[] {
  const folder = join(LIBRARY, 'examples');
  return readdirSync(folder).map((name) => join(folder, name, `${name}.ino`));
}
