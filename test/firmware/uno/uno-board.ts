import {
  AVRADC,
  AVRClock,
  AVREEPROM,
  AVRIOPort,
  AVRTimer,
  AVRWatchdog,
  adcConfig,
  avrInstruction,
  CPU,
  clockConfig,
  portBConfig,
  portCConfig,
  portDConfig,
  timer0Config,
  timer1Config,
  timer2Config,
  watchdogConfig,
} from 'avr8js';
import { SeededRandom } from '../../../simulations/world/seeded-random.ts';
import { UnoEeprom } from './uno-eeprom.ts';
import { UnoUsart } from './uno-usart.ts';

/** Clock cycles of an Uno in a millisecond. */
export const CYCLES_PER_MS = 16_000;

const FLASH_BYTES = 32 * 1024;
const SRAM_FROM = 0x100;
const SRAM_BYTES = 2048;
const MCUSR = 0x54;
const SMCR = 0x53;
const SLEEP = 0x9588;
const RESET_FLAG = { power: 1, pin: 2, brownOut: 4, watchdog: 8 } as const;

export interface UnoOptions {
  /** The program, from address 0 of the flash. */
  readonly flash: Uint8Array;
  /** Decides what RAM holds after power on and what a power cut leaves of an EEPROM byte. */
  readonly seed: string;
  readonly eeprom?: UnoEeprom;
  /**
   * What optiboot does on a real Uno: it waits so long before it starts the program, hears nothing meanwhile, and
   * hands the reset flags on in register 2, having cleared MCUSR.
   *
   * @defaultValue 0: no bootloader
   */
  readonly bootloaderMs?: number;
}

export type ResetCause = keyof typeof RESET_FLAG;

/** What avr8js keeps to itself and a skipped sleep needs. */
interface Events {
  readonly nextClockEvent: { readonly cycles: number } | null;
}

/**
 * An Arduino Uno: ATmega328P at 16 MHz with its timers, serial port and EEPROM. Its time is counted in cycles, goes on
 * while it is off, and is all the time there is.
 */
export class UnoBoard {
  readonly eeprom: UnoEeprom;
  /** What the program sends, with the cycle at which each byte's stop bit ended. */
  onByte: (byte: number, cycle: number) => void = () => {};
  /** Resets by its own watchdog. */
  watchdogResets = 0;
  readonly #program: Uint16Array;
  readonly #random: SeededRandom;
  readonly #bootloaderCycles: number;
  #sram: Uint8Array = new Uint8Array(SRAM_BYTES);
  #cpu: CPU | null = null;
  #usart: UnoUsart | null = null;
  #asleep = false;
  #watchdogBit = false;
  #cycle = 0;
  #startsAt = 0;

  constructor({ flash, seed, eeprom = new UnoEeprom(), bootloaderMs = 0 }: UnoOptions) {
    if (flash.length > FLASH_BYTES) throw new RangeError(`${flash.length} bytes do not fit into an Uno`);
    const bytes = new Uint8Array(FLASH_BYTES).fill(0xff);
    bytes.set(flash);
    this.#program = new Uint16Array(bytes.buffer);
    this.#random = new SeededRandom(`uno ${seed}`);
    this.#bootloaderCycles = bootloaderMs * CYCLES_PER_MS;
    this.eeprom = eeprom;
  }

  /** Cycles since the first power on. */
  get cycle(): number {
    return this.#cpu?.cycles ?? this.#cycle;
  }

  get ms(): number {
    return this.cycle / CYCLES_PER_MS;
  }

  get on(): boolean {
    return this.#cpu !== null;
  }

  /** How long the program has been running since the last reset; 0 while the board is off or in its bootloader. */
  get uptimeMs(): number {
    return this.#cpu === null ? 0 : Math.max(0, (this.#cpu.cycles - this.#startsAt) / CYCLES_PER_MS);
  }

  /** The serial port while the board is on. */
  get usart(): UnoUsart {
    if (this.#usart === null) throw new Error('the board is off');
    return this.#usart;
  }

  /** The 2,048 bytes of RAM, from address 0x100. */
  get sram(): Uint8Array {
    return this.#cpu === null ? this.#sram : this.#cpu.data.subarray(SRAM_FROM);
  }

  /** `kept`: the cut was so short that RAM survived it. */
  powerOn(ram: 'random' | 'kept' = 'random'): void {
    if (this.#cpu !== null) return;
    if (ram === 'random') this.#sram = this.#random.bytes(SRAM_BYTES);
    this.#boot('power');
  }

  /** The power goes, whatever was going on. */
  powerOff(): void {
    if (this.#cpu === null) return;
    this.eeprom.cut(this.#random);
    this.#halt();
  }

  /** The reset pin (DTR of the host), or another cause: RAM is kept. */
  reset(cause: Exclude<ResetCause, 'power'> = 'pin'): void {
    if (this.#cpu === null) return;
    this.#halt();
    this.#boot(cause);
  }

  /** A byte whose stop bit ends at `cycle` at the board's pin. Lost while the board is off. */
  receiveAt(cycle: number, byte: number, framingError = false): void {
    if (cycle >= this.#startsAt) this.#usart?.receiveAt(cycle, byte, framingError);
  }

  /** Runs until that cycle; the last instruction may end a little after it. */
  runUntil(cycle: number): void {
    while (this.cycle < cycle) {
      if (this.#cpu === null) {
        this.#cycle = cycle;
      } else if (this.#startsAt > this.#cpu.cycles) {
        this.#cpu.cycles = Math.min(cycle, this.#startsAt);
      } else {
        this.#run(this.#cpu, cycle);
        if (this.#watchdogBit) this.#resetByWatchdog();
      }
    }
  }

  runMs(ms: number): void {
    this.runUntil(this.cycle + ms * CYCLES_PER_MS);
  }

  #run(cpu: CPU, until: number): void {
    const program = this.#program;
    while (cpu.cycles < until && !this.#watchdogBit) {
      if (this.#asleep) {
        this.#sleep(cpu, until);
        continue;
      }
      const sleeps = program[cpu.pc] === SLEEP && (cpu.data[SMCR]! & 1) === 1;
      avrInstruction(cpu);
      cpu.tick();
      if (sleeps && cpu.nextInterrupt < 0) this.#asleep = true;
    }
  }

  /** The time in which a sleeping processor waits for its next interrupt costs nothing to emulate. */
  #sleep(cpu: CPU, until: number): void {
    const next = (cpu as unknown as Events).nextClockEvent;
    if (next === null || next.cycles > until) {
      cpu.cycles = until;
      return;
    }
    if (next.cycles > cpu.cycles) cpu.cycles = next.cycles;
    const { pc } = cpu;
    cpu.tick();
    if (cpu.pc !== pc || cpu.nextInterrupt >= 0) this.#asleep = false;
  }

  #halt(): void {
    this.#cycle = this.#cpu!.cycles;
    this.#sram = this.#cpu!.data.slice(SRAM_FROM);
    this.#cpu = null;
    this.#usart = null;
    this.#asleep = false;
    this.#watchdogBit = false;
  }

  #boot(cause: ResetCause): void {
    const cpu = new CPU(this.#program, SRAM_BYTES);
    cpu.data.set(this.#sram, SRAM_FROM);
    cpu.cycles = this.#cycle;
    this.#startsAt = this.#cycle + this.#bootloaderCycles;
    if (this.#bootloaderCycles > 0) cpu.data[2] = RESET_FLAG[cause];
    else cpu.data[MCUSR] = RESET_FLAG[cause];
    this.#cpu = cpu;
    this.#usart = new UnoUsart(cpu);
    this.#usart.onByte = (byte, cycle) => this.onByte(byte, cycle);
    this.eeprom.attach(() => cpu.cycles);
    new AVREEPROM(cpu, this.eeprom);
    for (const config of [portBConfig, portCConfig, portDConfig]) new AVRIOPort(cpu, config);
    for (const config of [timer0Config, timer1Config, timer2Config]) new AVRTimer(cpu, config);
    new AVRADC(cpu, adcConfig);
    new AVRWatchdog(cpu, watchdogConfig, new AVRClock(cpu, 16_000_000, clockConfig));
    cpu.reset = () => {
      this.#watchdogBit = true;
    };
  }

  #resetByWatchdog(): void {
    this.watchdogResets += 1;
    this.#halt();
    this.#boot('watchdog');
  }
}
