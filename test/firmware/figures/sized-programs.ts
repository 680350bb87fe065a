import { hasTool, type Tool } from '../toolchain.ts';
import { buildFirmware, buildLinkFirmware } from '../uno/build-firmware.ts';
import { SMALL_BUILD } from '../uno/fault-story.ts';
import { stackBytesMax } from '../uno/stack-gauge.ts';
import { UnoBoard } from '../uno/uno-board.ts';
import { UnoRig } from '../uno/uno-rig.ts';
import { OTHER_BOARDS } from './other-boards.ts';

/** What a program takes of its chip. */
export interface ProgramSize {
  readonly flashBytes: number;
  /** Variables. */
  readonly ramBytes: number;
  /** Measured while it ran; `null` where it was built only. */
  readonly stackBytes: number | null;
}

/** A program whose size is told and, where it has a budget, held. */
export interface SizedProgram {
  readonly name: string;
  readonly board: string;
  readonly tools: readonly Tool[];
  readonly measure: () => ProgramSize | Promise<ProgramSize>;
  /** RAM is variables and stack together. */
  readonly budget?: { readonly flashBytes: number; readonly ramBytes: number };
}

const UNO = 'Uno (ATmega328P)';

/** All programs whose size `npm run firmware:size` tells. */
export const SIZED_PROGRAMS: readonly SizedProgram[] = [
  {
    name: 'link layer (a link-only firmware less the same port without it)',
    board: UNO,
    tools: ['avr-gcc'],
    measure: linkLayer,
    budget: { flashBytes: 2_048, ramBytes: 400 },
  },
  { name: 'link-only firmware, port included', board: UNO, tools: ['avr-gcc'], measure: linkFirmware },
  {
    name: 'sealed temperature sensor, whole',
    board: UNO,
    tools: ['avr-gcc'],
    measure: temperatureSensor,
    budget: { flashBytes: 6_144, ramBytes: 1_024 },
  },
  ...OTHER_BOARDS,
];

/** The programs that this machine has the tools for. */
export function measurablePrograms(): readonly SizedProgram[] {
  return SIZED_PROGRAMS.filter(({ tools }) => tools.every(hasTool));
}

function linkLayer(): ProgramSize {
  const whole = buildLinkFirmware();
  const port = buildFirmware({
    name: 'bare-port',
    sources: ['test/firmware/uno/programs/bare-port.c'],
    library: ['firmware-bridge/c/ports/avr/sedge_avr.c'],
  });
  const stacks = [whole, port].map((firmware) => {
    const board = new UnoBoard({ flash: firmware.flash, seed: 'size' });
    board.powerOn();
    const ramThen = Uint8Array.from(board.sram);
    board.runMs(2_000);
    return stackBytesMax(board, firmware, ramThen);
  });
  return {
    flashBytes: whole.flash.length - port.flash.length,
    ramBytes: whole.ramBytes - port.ramBytes,
    stackBytes: Math.max(0, stacks[0]! - stacks[1]!),
  };
}

function linkFirmware(): ProgramSize {
  const firmware = buildLinkFirmware();
  const board = new UnoBoard({ flash: firmware.flash, seed: 'size' });
  board.powerOn();
  const ramThen = Uint8Array.from(board.sram);
  board.runMs(2_000);
  return {
    flashBytes: firmware.flash.length,
    ramBytes: firmware.ramBytes,
    stackBytes: stackBytesMax(board, firmware, ramThen),
  };
}

/** Its stack at the deepest: sessions begun and lost, a bad line, a buffer that overflows, resets. */
function temperatureSensor(): ProgramSize {
  const firmware = buildFirmware({
    name: 'temperature',
    sources: ['firmware-bridge/c/ports/avr/example/temperature.c'],
    defines: SMALL_BUILD,
  });
  const rig = new UnoRig({ seed: 'size', firmware });
  rig.board.powerOn();
  const ramThen = Uint8Array.from(rig.board.sram);
  rig.open();
  rig.untilOnline(5_000);
  rig.faults({ loss: 0.01, garbage: 0.001 });
  rig.runMs(60_000);
  rig.close();
  rig.runMs(200_000);
  rig.open();
  rig.runMs(30_000);
  return {
    flashBytes: firmware.flash.length,
    ramBytes: firmware.ramBytes,
    stackBytes: stackBytesMax(rig.board, firmware, ramThen),
  };
}
