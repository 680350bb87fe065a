import type { SeededRandom } from '../../../simulations/world/seeded-random.ts';

/** 1.8 ms erasing and 1.6 ms writing (data sheet, "EEPROM write"), as avr8js times them: two halves alike. */
const PHASE_CYCLES = 28_800;

interface Write {
  readonly address: number;
  readonly old: number;
  readonly from: number;
  value: number;
}

/** The 1,024 bytes of EEPROM: what a power cut in the middle of a byte's write leaves of it is any mixture of bits. */
export class UnoEeprom {
  readonly memory: Uint8Array;
  /** Bytes written since it was new: what wears out. */
  writes = 0;
  /** Called when a byte's write begins. */
  onWrite: (address: number) => void = () => {};
  #cycle: () => number = () => 0;
  #last: Write | null = null;

  constructor(memory: Uint8Array = new Uint8Array(1024).fill(0xff)) {
    this.memory = memory;
  }

  /** Whose clock tells how far a write has come. */
  attach(cycle: () => number): void {
    this.#cycle = cycle;
    this.#last = null;
  }

  readMemory(address: number): number {
    return this.memory[address & 1023]!;
  }

  eraseMemory(address: number): void {
    const at = address & 1023;
    this.#last = { address: at, old: this.memory[at]!, from: this.#cycle(), value: 0xff };
    this.memory[at] = 0xff;
  }

  writeMemory(address: number, value: number): void {
    const at = address & 1023;
    this.writes += 1;
    if (this.#last?.address !== at || this.#last.from !== this.#cycle()) {
      this.#last = { address: at, old: this.memory[at]!, from: this.#cycle() - PHASE_CYCLES, value };
    }
    this.memory[at]! &= value;
    this.#last.value = this.memory[at]!;
    this.onWrite(at);
  }

  /** The power goes now: erasing lets bits rise in any order, writing lets them fall in any order. */
  cut(random: SeededRandom): void {
    const write = this.#last;
    this.#last = null;
    if (write === null) return;
    const elapsed = this.#cycle() - write.from;
    if (elapsed >= 2 * PHASE_CYCLES) return;
    const chance = random.below(256);
    this.memory[write.address] = elapsed < PHASE_CYCLES ? write.old | chance : write.value | chance;
  }
}
