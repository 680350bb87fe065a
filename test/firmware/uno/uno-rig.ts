import { crc16 } from '../../../firmware-bridge/host/frame/index.ts';
import type { DeviceId, KnownDevice, SessionOptions } from '../../../firmware-bridge/host/session/index.ts';
import { SeededRandom } from '../../../simulations/world/seeded-random.ts';
import { buildFirmware } from './build-firmware.ts';
import { type DeliveryFigures, DeliveryLedger } from './delivery-ledger.ts';
import type { WireFaults } from './faulty-wire.ts';
import type { Firmware } from './firmware.ts';
import { HostEnd } from './host-end.ts';
import { SerialLine } from './serial-line.ts';
import { type ResetCause, UnoBoard } from './uno-board.ts';
import { UnoEeprom } from './uno-eeprom.ts';

/** Where the port of the Uno keeps key and epochs. */
const NV_AT = 1024 - 156;
/** Until the C library has cleared its variables, RAM says nothing. */
const CLEARED_MS = 3;
/** Places in the sensor's `told`. */
const TOLD = { epoch: 0, taken: 4, pending: 8, handled: 10, overruns: 12, state: 14 } as const;
/** SEDGE_ONLINE of sedge.h. */
const ONLINE = 4;
const SET = { hold: 15, hurry: 16, chatty: 17 } as const;

export interface RigOptions {
  readonly seed: string;
  readonly defines?: readonly string[];
  readonly bootloaderMs?: number;
  readonly latencyMs?: number;
  readonly session?: SessionOptions;
  /** @defaultValue the sealed sensor of the tests, built with `defines` */
  readonly firmware?: Firmware;
  /** @defaultValue true: the board has a key and the host's book knows it */
  readonly isProvisioned?: boolean;
}

/**
 * An emulated Uno with the sealed sensor, a faulty line, and the real host session with a ledger for a mesh. All of it
 * is decided by the seed.
 */
export class UnoRig {
  readonly board: UnoBoard;
  readonly line: SerialLine;
  readonly ledger = new DeliveryLedger();
  readonly book = new Map<string, KnownDevice>();
  readonly deviceId: DeviceId;
  readonly key: Uint8Array;
  readonly firmware: Firmware;
  host: HostEnd;
  readonly #options: RigOptions;
  #hosts = 0;
  #reopenAsked = false;

  constructor(options: RigOptions) {
    this.#options = options;
    const { seed, defines = [], bootloaderMs = 0, latencyMs = 1, isProvisioned = true } = options;
    const random = new SeededRandom(`rig ${seed}`);
    this.deviceId = Buffer.from(random.bytes(8)).toString('hex') as DeviceId;
    this.key = random.bytes(16);
    this.firmware = options.firmware ?? sensorFirmware(defines);
    const eeprom = new UnoEeprom();
    if (isProvisioned) {
      writeKey(eeprom.memory, this.deviceId, this.key);
      this.learn();
    }
    this.board = new UnoBoard({ flash: this.firmware.flash, seed, eeprom, bootloaderMs });
    this.line = new SerialLine({ board: this.board, seed, latencyMs });
    this.host = this.#newHost();
  }

  /** Power on, port open. */
  start(): this {
    this.board.powerOn();
    this.open();
    return this;
  }

  /** The host's book learns the device. */
  learn(): void {
    this.book.set(this.deviceId, {
      id: this.deviceId,
      key: this.key,
      epoch: 0,
      readingsDone: 0,
      topicsCrc: null,
      topics: [],
    });
  }

  /** The host opens the port. DTR resets most boards then. */
  open(resets = false): void {
    if (resets) this.reset('pin');
    this.line.end = {
      take: (bytes, nowMs) => this.host.handle({ kind: 'bytes', bytes }, nowMs),
      advance: (nowMs) => this.#advance(nowMs),
    };
    this.host.handle({ kind: 'opened' }, this.line.nowMs);
  }

  /** The host closes the port: nobody listens any more. */
  close(): void {
    this.host.handle({ kind: 'closed' }, this.line.nowMs);
    this.line.end = null;
  }

  /** The agent dies and comes back: what was not durable is gone, the book and the mesh are there. */
  restartHost(): void {
    this.line.end = null;
    this.host = this.#newHost();
  }

  reset(cause: Exclude<ResetCause, 'power'> = 'pin'): void {
    this.note();
    this.board.reset(cause);
  }

  powerOff(): void {
    this.note();
    this.board.powerOff();
  }

  faults(faults: WireFaults): void {
    this.line.toHost.faults = faults;
    this.line.toBoard.faults = faults;
  }

  /** Number that the program says in RAM. */
  told(name: keyof typeof TOLD): number {
    const at = this.firmware.symbols.get('told')! - 0x100 + TOLD[name];
    const { sram } = this.board;
    const view = new DataView(sram.buffer, sram.byteOffset, sram.byteLength);
    if (name === 'state') return view.getUint8(at);
    return name === 'epoch' || name === 'taken' ? view.getUint32(at, true) : view.getUint16(at, true);
  }

  set(name: keyof typeof SET, value: boolean): void {
    this.board.sram[this.firmware.symbols.get('told')! - 0x100 + SET[name]] = value ? 1 : 0;
  }

  /** Writes down what the board has taken in this epoch. */
  note(): void {
    if (!this.firmware.symbols.has('told')) return;
    if (this.board.uptimeMs > CLEARED_MS && this.told('epoch') > 0) {
      this.ledger.took(this.told('epoch'), this.told('taken'));
    }
  }

  runMs(ms: number): this {
    this.line.runMs(ms);
    return this;
  }

  /** Runs until a session serves; says after how many ms, `Infinity` for never within `msMax`. */
  untilOnline(msMax: number): number {
    const from = this.line.nowMs;
    const isOnline = this.line.runUntil(from + msMax, () => this.host.online !== null);
    return isOnline ? this.line.nowMs - from : Number.POSITIVE_INFINITY;
  }

  /** Faults off, no more readings: runs until all is acknowledged. Says whether that happened within `msMax`. */
  settle(msMax = 30_000): boolean {
    this.faults({});
    this.line.toHost.cut = false;
    this.line.toBoard.cut = false;
    this.host.stalled = false;
    this.line.runUntil(this.line.nowMs + 5_000, () => this.board.uptimeMs > CLEARED_MS);
    this.set('hold', true);
    this.runMs(5);
    // The host may still believe in the session of a board that has started anew.
    const isServed = () => this.host.online?.epoch === this.told('epoch') && this.told('state') === ONLINE;
    const isDone = () => isServed() && this.told('pending') === 0;
    const settled = this.line.runUntil(this.line.nowMs + msMax, isDone);
    this.runMs(50);
    this.note();
    return settled;
  }

  figures(): DeliveryFigures {
    return this.ledger.figures();
  }

  #newHost(): HostEnd {
    this.#hosts += 1;
    return new HostEnd({
      seed: `${this.#options.seed} ${this.#hosts}`,
      ledger: this.ledger,
      book: this.book,
      write: (bytes) => this.line.write(bytes),
      reopen: () => {
        this.#reopenAsked = true;
      },
      ...(this.#options.session === undefined ? {} : { session: this.#options.session }),
    });
  }

  #advance(nowMs: number): void {
    this.host.advance(nowMs);
    if (!this.#reopenAsked) return;
    this.#reopenAsked = false;
    this.close();
    this.open(true);
  }
}

/** The sealed sensor of the tests. */
export function sensorFirmware(defines: readonly string[] = []): Firmware {
  return buildFirmware({ name: 'sensor', sources: ['test/firmware/uno/programs/sensor.c'], defines });
}

function writeKey(memory: Uint8Array, deviceId: string, key: Uint8Array): void {
  const slot = Buffer.concat([Buffer.from(deviceId, 'hex'), key, Buffer.alloc(4)]);
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(crc16(slot));
  for (const at of [NV_AT, NV_AT + 30]) memory.set(Buffer.concat([slot, crc]), at);
}
