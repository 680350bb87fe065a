import type { Firmware } from './firmware.ts';
import type { UnoBoard } from './uno-board.ts';

const RAM_FROM = 0x100;

/**
 * Bytes that the stack has taken at most since power on: RAM above the variables held random bytes then, and what
 * differs was written. Take it right before and after: `ramThen` is a copy of `board.sram` at power on.
 */
export function stackBytesMax(board: UnoBoard, firmware: Firmware, ramThen: Uint8Array): number {
  const ramNow = board.sram;
  for (let at = firmware.ramBytes; at < ramNow.length; at++) {
    if (ramNow[at] !== ramThen[at]) return ramNow.length - at;
  }
  return 0;
}

/** RAM of an Uno beyond the variables, from where the heap would begin. */
export function ramLeft(firmware: Firmware): number {
  return 0x900 - RAM_FROM - firmware.ramBytes;
}
