/** How a board's bootloader is spoken to with avrdude. */
export interface Board {
  readonly name: string;
  readonly part: string;
  readonly programmer: string;
  readonly baudRate: number;
}

/** Boards whose bootloader takes firmware over the port that they speak on. */
export const BOARDS: readonly Board[] = Object.freeze([
  { name: 'uno', part: 'atmega328p', programmer: 'arduino', baudRate: 115_200 },
  { name: 'nano', part: 'atmega328p', programmer: 'arduino', baudRate: 115_200 },
  // With the bootloader of before 2018, as most clones.
  { name: 'nano-old', part: 'atmega328p', programmer: 'arduino', baudRate: 57_600 },
  { name: 'pro-mini', part: 'atmega328p', programmer: 'arduino', baudRate: 57_600 },
  { name: 'mega', part: 'atmega2560', programmer: 'wiring', baudRate: 115_200 },
]);

/** Name of the program, as it is found by `PATH`. */
export const BOARD_TOOL = 'avrdude';

/** Arguments of {@link BOARD_TOOL} that write a file into a board; `-D`, as a bootloader erases by itself. */
export function boardToolArguments(board: Board, port: string, file: string): readonly string[] {
  return [
    '-p',
    board.part,
    '-c',
    board.programmer,
    '-P',
    port,
    '-b',
    String(board.baudRate),
    '-D',
    '-U',
    // The format behind the last colon: a name may hold others.
    `flash:w:${file}:i`,
  ];
}
