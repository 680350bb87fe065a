import { FaultyWire } from './faulty-wire.ts';
import { CYCLES_PER_MS, type UnoBoard } from './uno-board.ts';

/** What is at the host's end of the line. */
export interface LineEnd {
  /** Bytes came in. */
  take(bytes: Uint8Array, nowMs: number): void;
  /** Time has come this far. */
  advance(nowMs: number): void;
}

export interface SerialLineOptions {
  readonly board: UnoBoard;
  readonly seed: string;
  /** Of the host's sender; the board has its own. @defaultValue 115,200 */
  readonly baudRate?: number;
  /** How long the USB chip and the drivers hold a byte, each way. @defaultValue 1 */
  readonly latencyMs?: number;
}

const SLICE_CYCLES = CYCLES_PER_MS / 4;

/** A serial line between an emulated board and a host, byte for byte in device time, with a wire for each direction. */
export class SerialLine {
  readonly toHost: FaultyWire;
  readonly toBoard: FaultyWire;
  /** Bytes that the board sent. */
  sentByBoard = 0;
  sentByHost = 0;
  /** What each end sent, while it is being recorded. */
  record: { readonly byHost: number[]; readonly byBoard: number[] } | null = null;
  end: LineEnd | null = null;
  readonly #board: UnoBoard;
  readonly #byteCycles: number;
  readonly #latencyCycles: number;
  #inbox: { readonly byte: number; readonly at: number }[] = [];
  #lineFreeAt = 0;

  constructor({ board, seed, baudRate = 115_200, latencyMs = 1 }: SerialLineOptions) {
    this.#board = board;
    this.#byteCycles = (10 * 16_000_000) / baudRate;
    this.#latencyCycles = latencyMs * CYCLES_PER_MS;
    this.toHost = new FaultyWire(`to host ${seed}`);
    this.toBoard = new FaultyWire(`to board ${seed}`);
    board.onByte = (byte, cycle) => this.#carryToHost(byte, cycle);
  }

  get nowMs(): number {
    return this.#board.ms;
  }

  /** The host sends. */
  write(bytes: Uint8Array): void {
    const from = this.#board.cycle + this.#latencyCycles;
    this.#lineFreeAt = Math.max(this.#lineFreeAt, from);
    this.sentByHost += bytes.length;
    this.record?.byHost.push(...bytes);
    for (const byte of bytes) {
      for (const arrived of this.toBoard.carry(byte)) this.#arrive(arrived);
    }
  }

  /** Bytes nobody sent reach both ends. */
  flood(count: number): void {
    this.inject('host', this.toHost.garbage(count));
    this.inject('board', this.toBoard.garbage(count));
  }

  /** Somebody at the wire sends these bytes to one end. */
  inject(to: 'host' | 'board', bytes: Iterable<number>): void {
    const at = this.#board.cycle;
    this.#lineFreeAt = Math.max(this.#lineFreeAt, at);
    for (const byte of bytes) {
      if (to === 'board') this.#arrive(byte);
      else this.#inbox.push({ byte, at });
    }
  }

  runMs(ms: number): void {
    this.runUntil(this.#board.ms + ms, () => false);
  }

  /** Runs until that time or until something has come true; says whether it did. */
  runUntil(ms: number, isEnough: () => boolean): boolean {
    const end = ms * CYCLES_PER_MS;
    while (this.#board.cycle < end) {
      if (isEnough()) return true;
      this.#board.runUntil(Math.min(end, this.#board.cycle + SLICE_CYCLES));
      this.#deliver();
    }
    return isEnough();
  }

  #arrive(byte: number): void {
    this.#lineFreeAt += this.#byteCycles;
    this.#board.receiveAt(this.#lineFreeAt, byte);
  }

  #carryToHost(byte: number, cycle: number): void {
    this.sentByBoard += 1;
    this.record?.byBoard.push(byte);
    const at = cycle + this.#latencyCycles;
    for (const arrived of this.toHost.carry(byte)) this.#inbox.push({ byte: arrived, at });
  }

  #deliver(): void {
    const now = this.#board.cycle;
    const late = this.#inbox.findIndex(({ at }) => at > now);
    const due = this.#inbox.splice(0, late === -1 ? this.#inbox.length : late);
    if (due.length > 0)
      this.end?.take(
        Uint8Array.from(due, ({ byte }) => byte),
        now / CYCLES_PER_MS,
      );
    this.end?.advance(now / CYCLES_PER_MS);
  }
}
