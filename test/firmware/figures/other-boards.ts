import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from '../build-program.ts';
import {
  ARDUINO_BOARDS,
  type ArduinoParts,
  buildArduinoParts,
  buildSketch,
  exampleSketches,
} from '../build-sketch.ts';
import { buildCortexM, type CortexMBoard } from '../emulator.ts';
import { readFirmware } from '../uno/firmware.ts';
import type { ProgramSize, SizedProgram } from './sized-programs.ts';

let parts: Promise<ArduinoParts> | null = null;

/** Arduino's core included, which keeps 64 bytes each way for its own serial port. */
async function sketchSize(path: string): Promise<ProgramSize> {
  parts ??= buildArduinoParts(ARDUINO_BOARDS[0]!);
  const { flash, ramBytes } = readFirmware(readFileSync(await buildSketch(path, await parts)));
  return { flashBytes: flash.length, ramBytes, stackBytes: null };
}

async function cortexMSize(board: CortexMBoard): Promise<ProgramSize> {
  const lines = (await run('arm-none-eabi-size', [await buildCortexM(board)])).trim().split('\n');
  const [text = 0, data = 0, bss = 0] = lines.at(-1)!.trim().split(/\s+/).map(Number);
  return { flashBytes: text + data, ramBytes: data + bss, stackBytes: null };
}

const CORTEX_M: readonly { readonly board: CortexMBoard; readonly name: string }[] = [
  { board: 'microbit', name: 'micro:bit (Cortex-M0)' },
  { board: 'mps2-an385', name: 'MPS2 AN385 (Cortex-M3)' },
];

/** The examples for Arduino, and the sensor of the Cortex-M boards: built, and without a budget. */
export const OTHER_BOARDS: readonly SizedProgram[] = [
  ...exampleSketches().map(
    (path): SizedProgram => ({
      name: `sketch ${basename(path, '.ino')}, Arduino's core included`,
      board: 'Uno (ATmega328P)',
      tools: ['avr-gcc', 'arduino-core'],
      measure: () => sketchSize(path),
    }),
  ),
  ...CORTEX_M.map(
    ({ board, name }): SizedProgram => ({
      name: 'sensor with two commands, whole, ring of 1,024 bytes',
      board: name,
      tools: ['arm-gcc', 'make'],
      measure: () => cortexMSize(board),
    }),
  ),
];
