import { expect, it } from 'vitest';
import { SeededRandom } from '../../simulations/world/seeded-random.ts';
import { describeWith } from './toolchain.ts';
import { buildFirmware } from './uno/build-firmware.ts';
import { UnoBoard, type UnoOptions } from './uno/uno-board.ts';

const BYTE_CYCLES = 1_389;
const SEED = 'port';
const NV_AT = 1024 - 156;

/** A board with the program that answers what the port says, and all that it has sent. */
function startBoard(options: Partial<UnoOptions> = {}, defines: string[] = []) {
  const firmware = buildFirmware({
    name: 'port',
    sources: ['test/firmware/uno/programs/port.c'],
    library: ['firmware-bridge/c/ports/avr/sedge_avr.c'],
    defines,
  });
  const board = new UnoBoard({ flash: firmware.flash, seed: SEED, ...options });
  const sent: { byte: number; cycle: number }[] = [];
  board.onByte = (byte, cycle) => sent.push({ byte, cycle });
  const say = (...bytes: (number | string)[]) => {
    const from = board.cycle;
    const codes = bytes.map((one) => (typeof one === 'string' ? one.charCodeAt(0) : one));
    codes.forEach((code, index) => {
      board.receiveAt(from + (index + 1) * BYTE_CYCLES, code);
    });
  };
  const take = () => sent.splice(0).map(({ byte }) => byte);
  const ask = (...bytes: (number | string)[]) => {
    say(...bytes);
    board.runMs(10 + bytes.length / 10);
    return take();
  };
  board.powerOn();
  board.runMs(2);
  return { board, sent, say, take, ask };
}

const CODE = { k: 'k'.charCodeAt(0), bang: '!'.charCodeAt(0) };

describeWith(['avr-gcc'], 'the port of the Uno', () => {
  it('tells power on, reset pin, brown-out, watchdog and its own restart apart', () => {
    const { board, take, ask } = startBoard();
    const causes = [take()[1]];
    for (const cause of ['pin', 'brownOut', 'watchdog'] as const) {
      board.reset(cause);
      board.runMs(2);
      causes.push(take()[1]);
    }
    ask('x');
    board.runMs(20);
    causes.push(take()[1]);
    expect(causes).toEqual([1, 2, 3, 4, 5]);
  });

  it('reads the cause that a bootloader hands on', () => {
    const { board, take } = startBoard({ bootloaderMs: 500 });
    expect(take()).toEqual([]);
    board.runMs(500);
    expect(take()).toEqual([CODE.bang, 1]);
    board.reset('pin');
    board.runMs(502);
    expect(take()).toEqual([CODE.bang, 2]);
  });

  it('sends back to back what it got, at 117,647 baud', () => {
    const { board, sent, say, take } = startBoard();
    take();
    const bytes = [...new SeededRandom(SEED).bytes(200)];
    say('e', bytes.length, ...bytes);
    board.runMs(40);
    expect(sent.map(({ byte }) => byte)).toEqual(bytes);
    expect(board.usart.bytesPerSecond).toBeCloseTo(11_764.7, 1);
    expect(sent[1]!.cycle - sent[0]!.cycle).toBeGreaterThanOrEqual(1_360);
  });

  it('sends without a ring, too, back to back', () => {
    const { board, sent, say, take } = startBoard({}, ['SEDGE_AVR_TX_BYTES=0']);
    expect(take()).toEqual([CODE.bang, 1]);
    const bytes = [...new SeededRandom(SEED).bytes(100)];
    say('e', bytes.length, ...bytes);
    board.runMs(40);
    expect(sent.map(({ byte }) => byte)).toEqual(bytes);
    take();
    say('?');
    board.runMs(5);
    expect(sent.map(({ byte }) => String.fromCharCode(byte)).join('')).toBe('what?\n');
    expect(sent[5]!.cycle - sent[0]!.cycle).toBe(5 * 1_360);
  });

  it.each([
    [250_000, 25_000],
    [500_000, 50_000],
  ])('is exact at %i baud', (baud, bytesPerSecond) => {
    const { board, ask } = startBoard({}, [`SEDGE_AVR_BAUD=${baud}UL`]);
    expect(board.usart.bytesPerSecond).toBe(bytesPerSecond);
    ask('e', 0);
    expect(ask('e', 3, 1, 2, 3)).toEqual([1, 2, 3]);
  });

  it('counts the bytes that its ring could not take', () => {
    const { board, say, take, ask } = startBoard();
    take();
    say('b', 20, 'e', 100, ...Array<number>(100).fill(7));
    board.runMs(40);
    expect(take()).toEqual(Array<number>(61).fill(7));
    board.receiveAt(board.cycle + BYTE_CYCLES, 0);
    // What the ring could not take never comes: the echo still waits for it.
    expect(ask(...Array<number>(38).fill(7), 'o').at(-1)).toBe(39);
  });

  it('counts the bytes that the hardware lost while interrupts were off', () => {
    const { board, say, take, ask } = startBoard();
    take();
    say('d', ...Array<string>(8).fill('o'));
    board.runMs(10);
    const lost = take().reduce((sum, count) => sum + count, 0);
    expect(lost).toBeGreaterThan(0);
    expect(board.usart.overruns).toBeGreaterThanOrEqual(lost);
    expect(ask('o')).toEqual([0]);
  });

  it('counts bytes whose stop bit is missing', () => {
    const { board, take, ask } = startBoard();
    take();
    board.receiveAt(board.cycle + BYTE_CYCLES, 0, true);
    board.runMs(5);
    take();
    expect(ask('o')).toEqual([1]);
  });

  it('tells the milliseconds since boot', () => {
    const { board, take, ask } = startBoard();
    take();
    board.runMs(1_000);
    const from = board.ms;
    const [b0, b1, b2, b3] = ask('t');
    const told = b0! + b1! * 2 ** 8 + b2! * 2 ** 16 + b3! * 2 ** 24;
    expect(Math.abs(told - from)).toBeLessThan(2);
  });

  it('writes a byte of the EEPROM once, and not at all when it is there already', () => {
    const { board, take, ask } = startBoard();
    take();
    expect(ask('w', 9, 0x5a)).toEqual([CODE.k]);
    expect(ask('w', 9, 0x5a)).toEqual([CODE.k]);
    expect(ask('r', 9)).toEqual([0x5a]);
    expect(board.eeprom.writes).toBe(1);
    board.powerOff();
    board.runMs(50);
    board.powerOn();
    board.runMs(5);
    take();
    expect(ask('r', 9)).toEqual([0x5a]);
  });

  it('knows when the last bit of the last byte is out', () => {
    const { take, ask } = startBoard();
    take();
    expect(ask('s')).toEqual(['.'.charCodeAt(0), 0, 1]);
  });

  it('says what it does not know as text', () => {
    const { ask, take } = startBoard();
    take();
    expect(Buffer.from(ask('?')).toString()).toBe('what?\n');
  });
});

describeWith(['avr-gcc'], 'the emulated Uno', () => {
  it('sleeps through idle time at a small part of its length', () => {
    const { board } = startBoard();
    const from = performance.now();
    board.runMs(20_000);
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  it('leaves some byte between old and new where the power goes in the middle of a write', () => {
    const seen = new Set<number>();
    for (let cut = 0; cut < 40; cut++) {
      const { board, say, take } = startBoard({ seed: `cut ${cut}` });
      take();
      say('w', 1, 0x0f);
      board.runMs(0.4 + cut / 10);
      board.powerOff();
      seen.add(board.eeprom.readMemory(NV_AT + 1));
    }
    expect(seen.has(0xff) && seen.has(0x0f)).toBe(true);
    expect(seen.size).toBeGreaterThan(5);
    // Erased bits may have fallen already or not, but no bit falls that is to stay.
    expect([...seen].filter((byte) => (byte & 0x0f) !== 0x0f)).toEqual([]);
  });

  it('holds other RAM after each power on, and the same after a reset', () => {
    const { board } = startBoard();
    const noise = () => Buffer.from(board.sram.subarray(1_000, 1_200)).toString('hex');
    const first = noise();
    board.reset();
    expect(noise()).toBe(first);
    board.powerOff();
    board.powerOn('kept');
    expect(noise()).toBe(first);
    board.powerOff();
    board.powerOn();
    expect(noise()).not.toBe(first);
  });
});
