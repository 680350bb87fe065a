import type { CPU } from 'avr8js';

const UCSRA = 0xc0;
const UCSRB = 0xc1;
const UCSRC = 0xc2;
const UBRRL = 0xc4;
const UBRRH = 0xc5;
const UDR = 0xc6;

const RXC = 0x80;
const TXC = 0x40;
const UDRE = 0x20;
const FE = 0x10;
const DOR = 0x08;
const U2X = 0x02;
const RXEN = 0x10;
const TXEN = 0x08;

/** Start bit, eight data bits, stop bit: what every sedge device sends. */
const BITS_PER_BYTE = 10;
/** Two bytes in the receive buffer and one in the shift register, which the next start bit overwrites. */
const RECEIVED_MAX = 3;

interface Arrival {
  readonly cycle: number;
  readonly byte: number;
  readonly framingError: boolean;
}

/**
 * USART0 of the ATmega328P (data sheet DS40002061B, chapter 20) for avr8js. The one that comes with avr8js has no
 * transmit double buffer, receive buffer, overrun or framing error and clears UDRE on entry into the interrupt; what a
 * firmware does about all these is what is to be tested.
 */
export class UnoUsart {
  /** A byte has left the pin at that cycle (end of its stop bit). */
  onByte: (byte: number, cycle: number) => void = () => {};
  /** Bytes that the hardware lost because the firmware read too late. */
  overruns = 0;
  readonly #cpu: CPU;
  readonly #received: { byte: number; framingError: boolean }[] = [];
  readonly #arrivals: Arrival[] = [];
  #shifting: number | null = null;
  #held: number | null = null;

  constructor(cpu: CPU) {
    this.#cpu = cpu;
    cpu.data[UCSRA] = UDRE;
    cpu.data[UCSRC] = 0x06;
    cpu.writeHooks[UCSRA] = (value) => this.#writeStatus(value);
    cpu.writeHooks[UCSRB] = (value) => this.#writeControl(value);
    cpu.writeHooks[UDR] = (value) => this.#transmit(value);
    cpu.readHooks[UDR] = () => this.#read();
  }

  /** Whole bytes a second at the divider that the firmware has set. */
  get bytesPerSecond(): number {
    return 16_000_000 / this.cyclesPerByte;
  }

  get cyclesPerByte(): number {
    const divider = (this.#cpu.data[UBRRH]! << 8) | this.#cpu.data[UBRRL]!;
    return (divider + 1) * (this.#cpu.data[UCSRA]! & U2X ? 8 : 16) * BITS_PER_BYTE;
  }

  /** A byte whose stop bit ends at `cycle`; calls come in order of cycles. */
  receiveAt(cycle: number, byte: number, framingError = false): void {
    this.#arrivals.push({ cycle, byte, framingError });
    if (this.#arrivals.length === 1) this.#awaitArrival();
  }

  /** Bytes that are on their way into the pin. */
  get arriving(): readonly Arrival[] {
    return this.#arrivals;
  }

  #awaitArrival(): void {
    const next = this.#arrivals[0];
    if (next === undefined) return;
    this.#cpu.addClockEvent(() => {
      this.#arrivals.shift();
      this.#arrive(next);
      this.#awaitArrival();
    }, next.cycle - this.#cpu.cycles);
  }

  #arrive({ byte, framingError }: Arrival): void {
    const { data } = this.#cpu;
    if (!(data[UCSRB]! & RXEN)) return;
    if (this.#received.length === RECEIVED_MAX) {
      this.#received.pop();
      this.overruns += 1;
      data[UCSRA]! |= DOR;
    }
    this.#received.push({ byte, framingError });
    this.#showHead();
    this.#cpu.setInterruptFlag(INTERRUPTS.received);
  }

  #showHead(): void {
    const { data } = this.#cpu;
    if (this.#received[0]?.framingError) data[UCSRA]! |= FE;
    else data[UCSRA]! &= ~FE;
  }

  #read(): number {
    const head = this.#received.shift();
    this.#cpu.data[UCSRA]! &= ~DOR;
    this.#showHead();
    if (this.#received.length === 0) this.#cpu.clearInterrupt(INTERRUPTS.received);
    return head?.byte ?? 0;
  }

  #writeStatus(value: number): boolean {
    const { data } = this.#cpu;
    data[UCSRA] = (data[UCSRA]! & (RXC | TXC | UDRE | FE | DOR)) | (value & 0x03);
    if (value & TXC) this.#cpu.clearInterrupt(INTERRUPTS.sent);
    return true;
  }

  #writeControl(value: number): boolean {
    this.#cpu.data[UCSRB] = value;
    if (!(value & RXEN)) {
      this.#received.length = 0;
      this.#cpu.clearInterrupt(INTERRUPTS.received);
    }
    for (const interrupt of Object.values(INTERRUPTS)) this.#cpu.updateInterruptEnable(interrupt, value);
    return true;
  }

  #transmit(value: number): boolean {
    if (!(this.#cpu.data[UCSRB]! & TXEN)) return true;
    if (this.#shifting === null) {
      this.#shift(value);
      return true;
    }
    this.#held = value;
    this.#cpu.clearInterrupt(INTERRUPTS.empty);
    return true;
  }

  #shift(byte: number): void {
    this.#shifting = byte;
    this.#cpu.addClockEvent(() => this.#shifted(), this.cyclesPerByte);
  }

  #shifted(): void {
    const byte = this.#shifting!;
    this.#shifting = null;
    this.onByte(byte, this.#cpu.cycles);
    if (this.#held === null) {
      this.#cpu.setInterruptFlag(INTERRUPTS.sent);
      return;
    }
    this.#shift(this.#held);
    this.#held = null;
    this.#cpu.setInterruptFlag(INTERRUPTS.empty);
  }
}

const INTERRUPTS = {
  received: {
    address: 0x24,
    flagRegister: UCSRA,
    flagMask: RXC,
    enableRegister: UCSRB,
    enableMask: 0x80,
    constant: true,
  },
  empty: {
    address: 0x26,
    flagRegister: UCSRA,
    flagMask: UDRE,
    enableRegister: UCSRB,
    enableMask: 0x20,
    constant: true,
  },
  sent: { address: 0x28, flagRegister: UCSRA, flagMask: TXC, enableRegister: UCSRB, enableMask: 0x40 },
};
