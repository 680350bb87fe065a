/** How a board's bootloader is spoken to with avrdude. */
export interface Board {
  readonly name: string;
  /** What it is called in shops. */
  readonly title: string;
  readonly part: string;
  readonly programmer: string;
  readonly baudRate: number;
}

/** Boards whose bootloader takes firmware over the port that they speak on. */
export const BOARDS: readonly Board[] = Object.freeze([
  { name: 'uno', title: 'Arduino Uno', part: 'atmega328p', programmer: 'arduino', baudRate: 115_200 },
  { name: 'nano', title: 'Arduino Nano', part: 'atmega328p', programmer: 'arduino', baudRate: 115_200 },
  {
    name: 'nano-old',
    title: 'Arduino Nano with the bootloader of before 2018, and most clones',
    part: 'atmega328p',
    programmer: 'arduino',
    baudRate: 57_600,
  },
  {
    name: 'pro-mini',
    title: 'Arduino Pro Mini',
    part: 'atmega328p',
    programmer: 'arduino',
    baudRate: 57_600,
  },
  { name: 'mega', title: 'Arduino Mega 2560', part: 'atmega2560', programmer: 'wiring', baudRate: 115_200 },
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
