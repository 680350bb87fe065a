import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ROOT } from './build-program.ts';
import { buildArduinoParts, buildSketch } from './build-sketch.ts';
import { describeWith } from './toolchain.ts';
import { readFirmware } from './uno/firmware.ts';

const SKETCHES = readdirSync(join(ROOT, 'firmware-bridge/c/examples'));

/** An Uno's flash without its bootloader; of its 2,048 bytes of RAM a quarter is left to the stack. */
const FLASH_BYTES = 32_256;
const RAM_BYTES = 1_536;

describeWith(['avr-gcc', 'arduino-core'], "the examples for Arduino's core", () => {
  let parts: readonly string[] = [];
  beforeAll(async () => {
    parts = await buildArduinoParts();
  });

  it.each(SKETCHES)('%s builds without a warning and fits an Uno', async (name) => {
    const { flash, ramBytes } = readFirmware(readFileSync(await buildSketch(name, parts)));
    expect(flash.length).toBeLessThan(FLASH_BYTES);
    expect(ramBytes).toBeLessThan(RAM_BYTES);
  });
});
