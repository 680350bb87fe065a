import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type DeviceEvent, parseDeviceEvent } from './device-event.ts';

/** A topic as a device registers it. */
export interface DeviceTopic {
  readonly name: string;
  readonly type: 'float' | 'int' | 'bool' | 'text';
  readonly unit: string;
}

/** How to run a virtual device. */
export interface VirtualDeviceOptions {
  /** The built program. */
  readonly program: string;
  /** Its non-volatile memory: what survives a reset. */
  readonly nvFile: string;
  /** Numbered from 1 in this order. */
  readonly topics: readonly DeviceTopic[];
  /** Bytes for readings that nobody takes; a float takes 15. */
  readonly ringBytes: number;
  /** Where its serial port appears, or who gets what it says. */
  readonly wire: { readonly pty: string } | { onData(chunk: Buffer): void };
  onEvent(event: DeviceEvent): void;
}

/** The C library as a device, in a process of its own. */
export class VirtualDevice {
  readonly #options: VirtualDeviceOptions;
  #child: ChildProcess | null = null;

  constructor(options: VirtualDeviceOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Boots it. */
  powerOn(): void {
    if (this.#child !== null) return;
    const { program, nvFile, topics, ringBytes, wire } = this.#options;
    const named = topics.flatMap(({ name, type, unit }) => ['--topic', `${name}:${type}:${unit}`]);
    const on = 'pty' in wire ? ['--pty', wire.pty] : ['--stdio'];
    const words = [...on, '--nv', nvFile, '--ring', String(ringBytes), '--feed', '3', ...named];
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    if ('onData' in wire) child.stdout!.on('data', (chunk: Buffer) => wire.onData(chunk));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.#options.onEvent(parseDeviceEvent(line));
    });
    // What is on its way into a device that loses its power is gone.
    child.stdin!.on('error', () => {});
    this.#feedOf(child).on('error', () => {});
  }

  /** The host says something, where the wire is no pseudo terminal. */
  hear(chunk: Uint8Array): void {
    this.#child?.stdin?.write(chunk);
  }

  /** Has it take a reading; it says so once it has. */
  feed(topicId: number, value: string): void {
    if (this.#child !== null) this.#feedOf(this.#child).write(`r ${topicId} ${value}\n`);
  }

  /** Takes its power away in an instant: only what it wrote to its non-volatile memory is left. */
  async powerOff(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    // Closed, and not only gone: what it had said counts.
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  }

  #feedOf(child: ChildProcess): Writable {
    return child.stdio[3] as Writable & Readable;
  }
}
