const LOAD = 1;
const SYMBOL_TABLE = 2;
/** Where avr-gcc puts what is no program: RAM from here, EEPROM and fuses above it. */
const RAM_FROM = 0x80_0000;
const RAM_END = 0x81_0000;

/** What an ELF file of avr-gcc says of a program. */
export interface Firmware {
  /** Bytes of the program from address 0, initial values of variables included. */
  readonly flash: Uint8Array;
  /** Bytes of RAM that variables take; the stack comes on top. */
  readonly ramBytes: number;
  /** Addresses of symbols; those of variables as the processor sees them. */
  readonly symbols: ReadonlyMap<string, number>;
}

/** Reads the parts of a 32-bit little-endian ELF file that a programmer would burn, and its symbols. */
export function readFirmware(elf: Uint8Array): Firmware {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (view.getUint32(0) !== 0x7f45_4c46) throw new Error('not an ELF file');
  const segments = loadSegments(view);
  const flash = new Uint8Array(Math.max(0, ...segments.map(({ at, bytes }) => at + bytes.length)));
  for (const { at, bytes } of segments) flash.set(bytes, at);
  const symbols = symbolsOf(view, elf);
  const end = symbols.get('__heap_start') ?? symbols.get('_end');
  if (end === undefined) throw new Error('the ELF file has no end of its variables');
  return { flash, ramBytes: end - 0x100, symbols };
}

function loadSegments(view: DataView): { at: number; bytes: Uint8Array }[] {
  const [from, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)];
  return Array.from({ length: count }, (_, index) => from + index * size)
    .filter((header) => view.getUint32(header, true) === LOAD)
    .map((header) => ({
      at: view.getUint32(header + 12, true),
      bytes: new Uint8Array(
        view.buffer,
        view.byteOffset + view.getUint32(header + 4, true),
        view.getUint32(header + 16, true),
      ),
    }))
    .filter(({ at, bytes }) => at < RAM_FROM && bytes.length > 0);
}

function symbolsOf(view: DataView, elf: Uint8Array): Map<string, number> {
  const [from, size, count] = [view.getUint32(32, true), view.getUint16(46, true), view.getUint16(48, true)];
  const section = (index: number) => ({
    type: view.getUint32(from + index * size + 4, true),
    offset: view.getUint32(from + index * size + 16, true),
    bytes: view.getUint32(from + index * size + 20, true),
    link: view.getUint32(from + index * size + 24, true),
  });
  const table = Array.from({ length: count }, (_, index) => section(index)).find(
    ({ type }) => type === SYMBOL_TABLE,
  );
  const symbols = new Map<string, number>();
  if (table === undefined) return symbols;
  const names = section(table.link).offset;
  for (let at = table.offset; at < table.offset + table.bytes; at += 16) {
    const name = textAt(elf, names + view.getUint32(at, true));
    const value = view.getUint32(at + 4, true);
    if (name !== '') symbols.set(name, value >= RAM_FROM && value < RAM_END ? value - RAM_FROM : value);
  }
  return symbols;
}

function textAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('latin1');
}
