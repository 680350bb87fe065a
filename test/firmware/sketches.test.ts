import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildFolder, ROOT } from './build-program.ts';
import {
  ARDUINO_BOARDS,
  type ArduinoParts,
  buildArduinoParts,
  buildSketch,
  exampleSketches,
} from './build-sketch.ts';
import { describeWith } from './toolchain.ts';
import { readFirmware } from './uno/firmware.ts';

const README = readFileSync(join(ROOT, 'firmware-bridge/c/README.md'), 'utf8');
const SAMPLES = [...README.matchAll(/```cpp\n(.*?)```/gs)].map(([, code]) => code!);

/** The last one is written for the sleep of an ATmega328P. */
const SKETCHES = exampleSketches().map((path) => ({ path, sketch: basename(path, '.ino') }));
const ANYWHERE = SKETCHES.filter(({ sketch }) => sketch !== 'SleepingBatterySensor');

describeWith(['avr-gcc', 'arduino-core'], "for Arduino's own core", () => {
  describe.each(ARDUINO_BOARDS)('on the board $name', (board) => {
    let parts: ArduinoParts;
    beforeAll(async () => {
      parts = await buildArduinoParts(board);
    });

    it.each(board.name === 'Uno' ? SKETCHES : ANYWHERE)(
      '$sketch builds without a warning and fits',
      async ({ path }) => {
        const { flash, ramBytes } = readFirmware(readFileSync(await buildSketch(path, parts)));
        expect(flash.length).toBeLessThan(board.flashBytes);
        // A quarter is left to the stack.
        expect(ramBytes).toBeLessThan((board.ramBytes * 3) / 4);
      },
    );

    if (board.name !== 'Uno') return;
    it('the samples of the README build', async () => {
      expect(SAMPLES.length).toBeGreaterThan(0);
      for (const [index, code] of SAMPLES.entries()) {
        const path = join(buildFolder(), `sample-${index}.ino`);
        writeFileSync(path, code);
        await buildSketch(path, parts);
      }
    });
  });
});
