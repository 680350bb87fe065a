import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Transport, TransportListener } from '../../../firmware-bridge/host/transport/index.ts';
import { SedgeError } from '../../../src/index.ts';
import { virtualDeviceProgram } from './posix-programs.ts';

/** Options of a {@link VirtualDevice}. */
export interface VirtualDeviceOptions {
  /** File of its non-volatile memory. */
  readonly nv: string;
  /** `name:type:unit`. @defaultValue one of floats, `t` */
  readonly topics?: readonly string[];
  readonly commands?: readonly string[];
  /** Bytes of its away buffer. @defaultValue 60,000 */
  readonly ring?: number;
  /** Symbolic link of the pseudo terminal that its wire is; else the wire is in this process. */
  readonly pty?: string;
  /** Takes a new key where it has one. */
  readonly replaceable?: boolean;
  /** Seed of the Ed25519 key that it signs its readings with, in hexadecimal. */
  readonly signSeed?: string;
}

/** The device's side in C as a process, with its wire in this one: what it says is heard, and it does what it is told. */
export class VirtualDevice {
  readonly #child: ChildProcess;
  readonly #events: string[] = [];
  readonly #exited: Promise<void>;
  #rest = '';
  #changed = Promise.withResolvers<void>();
  /** Where its bytes go; nowhere while it is unplugged. */
  onBytes: (bytes: Uint8Array) => void = () => {};

  constructor(options: VirtualDeviceOptions) {
    const { nv, topics = ['t:float:Cel'], commands = [], ring = 60_000, pty, signSeed } = options;
    const argv = [
      ...(pty === undefined ? ['--stdio'] : ['--pty', pty]),
      ...['--nv', nv, '--feed', '3', '--events', '2', '--ring', String(ring)],
      ...(options.replaceable ? ['--replaceable'] : []),
      ...(signSeed === undefined ? [] : ['--sign-seed', signSeed]),
      ...topics.flatMap((topic) => ['--topic', topic]),
      ...commands.flatMap((command) => ['--command', command]),
    ];
    this.#child = spawn(virtualDeviceProgram({ signs: signSeed !== undefined }), argv, {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    for (const stream of this.#child.stdio) stream?.on('error', () => {});
    this.#child.stdout!.on('data', (bytes: Uint8Array) => this.onBytes(bytes));
    (this.#child.stdio[2] as Readable).on('data', (bytes: Buffer) => this.#note(bytes.toString()));
  }

  /** All that it told so far: `taken EPOCH COUNTER TOPIC VALUE` and so on. */
  get events(): readonly string[] {
    return this.#events;
  }

  /** Its end of the wire gets bytes. */
  send(bytes: Uint8Array): void {
    this.#child.stdin!.write(bytes);
  }

  /** Tells it to do something: `r TOPIC VALUE`, `reset`, `power`, `log TEXT`. */
  tell(...lines: readonly string[]): void {
    (this.#child.stdio[3] as Writable).write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Takes readings of the first topic. */
  read(...values: readonly (number | string)[]): void {
    this.tell(...values.map((value) => `r 1 ${value}`));
  }

  /** Waits until it told so many lines that match. */
  async told(pattern: RegExp, count = 1): Promise<readonly string[]> {
    for (;;) {
      const found = this.#events.filter((event) => pattern.test(event));
      if (found.length >= count) return found;
      await this.#changed.promise;
    }
  }

  /** Stops it (`SIGSTOP`) as a sketch that hangs, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Ends it without warning. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #note(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    this.#events.push(...lines);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** What may happen to bytes on their way; the same array or another, or nothing. */
export type Mangle = (bytes: Uint8Array) => Uint8Array;

/** Ports by path, and which device is plugged in where. */
export class PlugBoard {
  readonly #plugged = new Map<string, VirtualDevice>();
  readonly #open = new Map<string, Set<BoardTransport>>();
  /** Openings of ports that worked, by path. */
  readonly openings = new Map<string, number>();
  /** Done to all that goes over the wires. */
  mangle: { toDevice: Mangle; toHost: Mangle } = { toDevice: (bytes) => bytes, toHost: (bytes) => bytes };

  plug(path: string, device: VirtualDevice): void {
    this.#plugged.set(path, device);
    device.onBytes = (bytes) => {
      const mangled = this.mangle.toHost(bytes);
      for (const transport of this.#open.get(path) ?? []) transport.hear(mangled);
    };
  }

  /** The port is gone, as when the cable is pulled. */
  unplug(path: string): void {
    const device = this.#plugged.get(path);
    if (device !== undefined) device.onBytes = () => {};
    this.#plugged.delete(path);
    for (const transport of [...(this.#open.get(path) ?? [])]) transport.end();
  }

  transport(path: string): Transport {
    return new BoardTransport(path, {
      device: () => this.#plugged.get(path) ?? null,
      toDevice: (bytes) => this.mangle.toDevice(bytes),
      opened: (transport) => {
        this.openings.set(path, (this.openings.get(path) ?? 0) + 1);
        this.#open.set(path, (this.#open.get(path) ?? new Set()).add(transport));
      },
      closed: (transport) => this.#open.get(path)?.delete(transport),
    });
  }
}

interface Board {
  readonly device: () => VirtualDevice | null;
  readonly toDevice: Mangle;
  readonly opened: (transport: BoardTransport) => void;
  readonly closed: (transport: BoardTransport) => void;
}

class BoardTransport implements Transport {
  readonly #path: string;
  readonly #board: Board;
  #listener: TransportListener | null = null;

  constructor(path: string, board: Board) {
    this.#path = path;
    this.#board = board;
  }

  async open(listener: TransportListener): Promise<void> {
    if (this.#board.device() === null) throw new SedgeError('serial.port-missing', { port: this.#path });
    this.#listener = listener;
    this.#board.opened(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#listener === null) return false;
    this.#board.device()?.send(this.#board.toDevice(bytes));
    return true;
  }

  async close(): Promise<void> {
    this.#listener = null;
    this.#board.closed(this);
  }

  hear(bytes: Uint8Array): void {
    this.#listener?.onBytes(bytes);
  }

  end(): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#board.closed(this);
    listener?.onClosed(new SedgeError('serial.port-missing', { port: this.#path }));
  }
}
